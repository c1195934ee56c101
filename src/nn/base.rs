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
    /// A base with random weights, drawn from `seed`. `architecture` is `model`'s, perhaps cut
    /// short.
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

    /// A base with the weights of a file, and the file's names that were ignored because they are
    /// not part of the base: the classifier's and those of layers cut off.
    ///
    /// # Errors
    /// If the file's weights are not those of the base, or do not fit on the device.
    pub fn pretrained(
        model: Model,
        architecture: Architecture,
        stored: &Stored,
        device: Device,
    ) -> Result<(Self, Vec<String>)> {
        let mut base = Self::random(model, architecture, device, 0)?;
        let ignored = base.load(stored)?;
        Ok((base, ignored))
    }

    /// Loads the weights of a file; returns the names in it that were ignored.
    ///
    /// # Errors
    /// If the file's weights are not those of the base; nothing is changed then.
    pub fn load(&mut self, stored: &Stored) -> Result<Vec<String>> {
        let (tensors, ignored) = stored.fitted(self.model, &self.architecture)?;
        self.assign(&tensors, stored.path())?;
        Ok(ignored)
    }

    /// Copies weights with this crate's names and layouts. `from` is named in errors.
    ///
    /// # Errors
    /// If a name is missing or unknown, or a shape or type differs; all of it is checked before the
    /// first value changes.
    pub fn assign(&mut self, source: &[(String, Tensor)], from: &Path) -> Result<()> {
        weights::assign(&self.tensors(), source, from)?;
        self.settle()
    }

    /// The model.
    pub fn model(&self) -> Model {
        self.model
    }

    /// The layers.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The device of the weights.
    pub fn device(&self) -> Device {
        self.stack.device()
    }

    /// Kernels, biases, and batch normalization's scales and shifts, in the order of the layers.
    pub fn parameters(&self) -> &[(String, Tensor)] {
        self.stack.parameters()
    }

    /// Those of [`Base::parameters`] that are not frozen.
    pub fn trained(&self) -> &[(String, Tensor)] {
        self.stack.trained()
    }

    /// The tensors that gradients are computed for, in the order of [`Base::trained`]. They stay
    /// the same tensors until other layers are frozen or the precision changes.
    pub fn leaves(&self) -> Vec<Tensor> {
        self.stack.leaves()
    }

    /// Batch normalization's running means and variances.
    pub fn buffers(&self) -> &[(String, Tensor)] {
        self.stack.buffers()
    }

    /// Parameters, then buffers: everything that is saved of a base.
    pub fn tensors(&self) -> Vec<(String, Tensor)> {
        self.stack.tensors()
    }

    /// What the layers compute with: see [`Stack::computed`].
    pub(super) fn computed(&self) -> Vec<(String, Tensor)> {
        self.stack.computed()
    }

    /// Replaces the preprocessing that the published weights were trained with.
    pub fn set_preprocess(&mut self, preprocess: Preprocess) {
        self.preprocess = preprocess;
    }

    /// The preprocessing of its input.
    pub fn preprocessing(&self) -> Preprocess {
        self.preprocess
    }

    /// Sets the type to compute in, f32 or bf16. Weights stay f32.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn compute_in(&mut self, kind: Kind) -> Result<()> {
        self.stack.compute_in(kind)
    }

    /// The type it computes in.
    pub fn kind(&self) -> Kind {
        self.stack.kind()
    }

    /// Freezes the layers before `layer`, and trains it and those after it. Names are as in
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

    /// Updates what is derived from the weights and from which layers are frozen.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn settle(&mut self) -> Result<()> {
        self.stack.settle()
    }

    /// The features of `images`, `[N, 3, H, W]` f32 RGB in 0..=1, as
    /// [`to_images`](crate::batches::batch::to_images) returns them: `[N, C, H, W]` in
    /// [`Base::kind`].
    ///
    /// # Errors
    /// If the images have another shape or are too small, or libtorch is out of memory.
    pub fn features(&self, images: &Tensor, statistics: Statistics) -> Result<Tensor> {
        self.forward(&self.preprocess(images)?, 0..self.stack.len(), statistics)
    }

    /// The input of the first layer for `images`, which are as for [`Base::features`].
    ///
    /// # Errors
    /// As [`Base::features`].
    pub fn preprocess(&self, images: &Tensor) -> Result<Tensor> {
        Ok(self.preprocess.apply(images)?.f_to_kind(self.kind())?)
    }

    /// The features of `x`, the input of the first layer: see [`Stack::plain`].
    ///
    /// # Errors
    /// If `x` does not fit the first layer, or libtorch is out of memory.
    pub(super) fn plain_features(&self, x: Tensor) -> Result<Tensor> {
        self.stack.plain(x)
    }

    /// The output of the layers in `range` for `x`, the output of the layer before them. Frozen
    /// layers always use [`Statistics::Stored`].
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

    /// The features, as of [`Base::features`], for the output `x` of the last convolution,
    /// differentiable by it.
    ///
    /// # Errors
    /// If `x` has another shape, or libtorch is out of memory.
    pub(super) fn after_convolutions(&self, x: Tensor) -> Result<Tensor> {
        self.stack.differentiable(x, self.architecture.convolutional()..self.stack.len())
    }
}
