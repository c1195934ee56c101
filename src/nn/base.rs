//! A pretrained base: a network without its classifier, which turns pictures into features.

use super::architecture::Architecture;
use super::convolution::Statistics;
use super::init::DrawnBy;
use super::operation::Pass;
use super::preprocess::Preprocess;
use super::stack::Stack;
use super::stored::Stored;
use super::zoo::Model;
use crate::weights;
use anyhow::Result;
use std::ops::Range;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// A base with weights. All of it is frozen until [`Base::unfreeze_from`].
#[derive(Debug)]
pub struct Base {
    model: Model,
    architecture: Architecture,
    preprocess: Preprocess,
    stack: Stack,
}

impl Base {
    /// A base of random weights, drawn from `seed`. `architecture` is `model`'s, perhaps cut off.
    ///
    /// # Errors
    /// If the weights do not fit on the device, or `model` is no base.
    pub fn random(
        model: Model,
        architecture: Architecture,
        device: Device,
        seed: u64,
    ) -> Result<Self> {
        let preprocess = model.base()?.preprocess;
        let mut stack = Stack::new(&architecture, device, Kind::Float, seed, DrawnBy::Kernel)?;
        stack.train_from(stack.len())?;
        Ok(Self { model, architecture, preprocess, stack })
    }

    /// A base with the weights of a file, and the names in it that were passed over because they
    /// are no part of the base: the classifier's, cut-off layers'.
    ///
    /// # Errors
    /// If the file does not hold just these weights; if they do not fit on the device.
    pub fn pretrained(
        model: Model,
        architecture: Architecture,
        stored: &Stored,
        device: Device,
    ) -> Result<(Self, Vec<String>)> {
        let mut base = Self::random(model, architecture, device, 0)?;
        let passed_over = base.load(stored)?;
        Ok((base, passed_over))
    }

    /// Takes the weights of a file in; returns the names in it that were passed over.
    ///
    /// # Errors
    /// If the file does not hold just these weights; nothing is changed then.
    pub fn load(&mut self, stored: &Stored) -> Result<Vec<String>> {
        let (tensors, passed_over) =
            stored.fitted(self.model, &self.architecture, &self.tensors())?;
        self.assign(&tensors, stored.path())?;
        Ok(passed_over)
    }

    /// Copies weights under our own names and layouts in. `from` names them in errors.
    ///
    /// # Errors
    /// If a name is missing or left over, or a shape or type differs: all of it is checked before
    /// the first value changes.
    pub fn assign(&mut self, source: &[(String, Tensor)], from: &Path) -> Result<()> {
        weights::assign(&self.tensors(), source, from)?;
        self.settle()
    }

    /// Which of the models it is.
    pub fn model(&self) -> Model {
        self.model
    }

    /// Its layers.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Where the weights are.
    pub fn device(&self) -> Device {
        self.stack.device()
    }

    /// Kernels, biases, and batch normalisation's scales and shifts, in the order of the layers.
    pub fn parameters(&self) -> &[(String, Tensor)] {
        self.stack.parameters()
    }

    /// Those of [`Base::parameters`] that are not frozen.
    pub fn trained(&self) -> &[(String, Tensor)] {
        self.stack.trained()
    }

    /// The tensors that gradients are taken by, in the order of [`Base::trained`]. They stay the same
    /// ones until other layers are frozen or the precision changes.
    pub fn leaves(&self) -> Vec<Tensor> {
        self.stack.leaves()
    }

    /// Batch normalisation's running means and variances.
    pub fn buffers(&self) -> &[(String, Tensor)] {
        self.stack.buffers()
    }

    /// Parameters, then buffers: all that is saved of a base.
    pub fn tensors(&self) -> Vec<(String, Tensor)> {
        self.stack.tensors()
    }

    /// Has the base see pictures in another way than the one it was made for.
    pub fn set_preprocess(&mut self, preprocess: Preprocess) {
        self.preprocess = preprocess;
    }

    /// How it prepares pictures.
    pub fn preprocessing(&self) -> Preprocess {
        self.preprocess
    }

    /// Computes in f32 or bf16. Weights are f32 always.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn compute_in(&mut self, kind: Kind) -> Result<()> {
        self.stack.compute_in(kind)
    }

    /// In what it computes.
    pub fn kind(&self) -> Kind {
        self.stack.kind()
    }

    /// Freezes the layers before `layer` and trains that one and those after it. Names as in
    /// [`Architecture::index_of`].
    ///
    /// # Errors
    /// If there is no such layer.
    pub fn unfreeze_from(&mut self, layer: &str) -> Result<()> {
        self.stack.train_from(self.architecture.index_of(layer)?)
    }

    /// Freezes every layer.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn freeze(&mut self) -> Result<()> {
        self.stack.train_from(self.stack.len())
    }

    /// Index of the first layer that is trained; the number of layers if all are frozen.
    pub fn trained_from(&self) -> usize {
        self.stack.trained_from()
    }

    /// Brings what depends on weights and frozen layers up to date.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn settle(&mut self) -> Result<()> {
        self.stack.settle()
    }

    /// The features of `images`, `[N, 3, H, W]` f32 RGB in 0..=1, as
    /// [`to_images`](crate::batches::batch::to_images) gives them: `[N, C, H, W]` of
    /// [`Base::kind`].
    ///
    /// # Errors
    /// If the images have another shape or are too small, or libtorch is out of memory.
    pub fn features(&self, images: &Tensor, statistics: Statistics) -> Result<Tensor> {
        self.forward(&self.preprocess(images)?, 0..self.stack.len(), statistics)
    }

    /// The input of the first layer for `images`, as for [`Base::features`].
    ///
    /// # Errors
    /// As [`Base::features`].
    pub fn preprocess(&self, images: &Tensor) -> Result<Tensor> {
        Ok(self.preprocess.apply(images)?.f_to_kind(self.kind())?)
    }

    /// What the layers of `range`, one after the other, make of `x`, the output of the layer before
    /// them. Frozen layers go by [`Statistics::Stored`] whatever is asked for.
    ///
    /// # Errors
    /// If `x` does not fit the first of the layers, or libtorch is out of memory.
    pub fn forward(
        &self,
        x: &Tensor,
        range: Range<usize>,
        statistics: Statistics,
    ) -> Result<Tensor> {
        self.stack.forward(x.shallow_clone(), range, &mut Pass { statistics, masks: None })
    }
}
