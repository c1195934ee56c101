//! A network that can be trained: layers with weights, optionally on a pretrained base; pixels or
//! features in, logits out.

use super::architecture::Architecture;
use super::base::Base;
use super::convolution::Statistics;
use super::init::DrawnBy;
use super::operation::Pass;
use super::stack::Stack;
use super::stored::Stored;
use crate::batches::batch::{Input, to_images};
use crate::machine::precision::Precision;
use anyhow::{Context, Result, bail};
use tch::{Device, Kind, Tensor};

/// A network's layers with weights, and the base below them, if any.
#[derive(Debug)]
pub struct Network {
    base: Option<Base>,
    /// The mean and variance that trained layers of the base normalize with.
    statistics: Statistics,
    architecture: Architecture,
    head: Stack,
    parameters: Vec<(String, Tensor)>,
    leaves: Vec<Tensor>,
}

impl Network {
    /// Builds the layers on `device` with Keras's initial weights drawn from `seed`: the same on
    /// every device. The classifier, which has few units, computes in f32 in every precision.
    ///
    /// # Errors
    /// If the weights do not fit on the device.
    pub fn new(
        architecture: Architecture,
        device: Device,
        precision: Precision,
        seed: u64,
    ) -> Result<Self> {
        let head = Stack::new(&architecture, device, precision.kind(), seed, DrawnBy::Layer)?;
        let (parameters, leaves) = (shared(head.parameters()), head.leaves());
        let statistics = Statistics::Stored;
        Ok(Self { base: None, statistics, architecture, head, parameters, leaves })
    }

    /// Puts the layers on top of `base`, whose features are their input. Layers of the base that
    /// are not frozen are trained too, and normalize with `statistics`.
    pub fn on_base(mut self, base: Base, statistics: Statistics) -> Self {
        // The base's come first, from input to output.
        self.leaves.splice(0..0, base.leaves());
        self.parameters.splice(0..0, shared(base.trained()));
        self.base = Some(base);
        self.statistics = statistics;
        self
    }

    /// The base, if there is one.
    pub fn base(&self) -> Option<&Base> {
        self.base.as_ref()
    }

    /// Loads the base's weights from a file.
    ///
    /// # Errors
    /// If there is no base, or the file's weights are not the base's; nothing is changed then.
    pub fn assign_base(&mut self, stored: &Stored) -> Result<()> {
        self.base.as_mut().context("expected a base, found none")?.load(stored).map(drop)
    }

    /// Everything that is stored of the network, by name: the base's tensors, then the layers'.
    pub fn tensors(&self) -> Vec<(String, Tensor)> {
        let mut tensors = self.base().map(Base::tensors).unwrap_or_default();
        tensors.extend(self.head.tensors());
        tensors
    }

    /// The layers above the base, or all layers without one.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The device of the weights.
    pub fn device(&self) -> Device {
        self.head.device()
    }

    /// The trained parameters by name (`conv2d_1.weight`, …), f32, in the order of the layers. Call
    /// [`Network::refresh`] after changing them or others of [`Network::tensors`].
    pub fn parameters(&self) -> &[(String, Tensor)] {
        &self.parameters
    }

    /// The tensors that gradients are computed for, in the order of the parameters: the parameters
    /// themselves, or their copies in the network's precision.
    pub fn leaves(&self) -> &[Tensor] {
        &self.leaves
    }

    /// Updates the copies that the network computes with from changed tensors.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn refresh(&mut self) -> Result<()> {
        self.base.as_mut().map_or(Ok(()), Base::settle)?;
        self.head.settle()
    }

    /// The scores before the last sigmoid or softmax, f32: `[N]` for one unit, else `[N, classes]`.
    ///
    /// # Errors
    /// If the input has another shape or is features without a base, or libtorch is out of memory.
    pub fn logits(&self, input: &Input) -> Result<Tensor> {
        self.forward(input, Pass { statistics: Statistics::Stored, masks: None })
    }

    /// As [`Network::logits`], for training: with the `statistics` of [`Network::on_base`], and
    /// with dropout by `masks`, one per dropout, from [`Network::dropout_masks`].
    ///
    /// # Errors
    /// As [`Network::logits`], and if a mask is missing.
    pub fn training_logits(&self, input: &Input, masks: &[Tensor]) -> Result<Tensor> {
        self.forward(input, Pass { statistics: self.statistics, masks: Some(masks.iter()) })
    }

    /// The same network with every layer frozen: no tensor has gradients, and batch normalization is
    /// folded into the kernels.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn frozen(mut self) -> Result<Self> {
        self.base.as_mut().map_or(Ok(()), Base::freeze)?;
        self.head.train_from(self.head.len())?;
        (self.parameters, self.leaves) = (Vec::new(), Vec::new());
        Ok(self)
    }

    /// The kernels, weights and biases that the network computes with, by name: those of frozen
    /// layers have batch normalization folded in.
    pub fn computed(&self) -> Vec<(String, Tensor)> {
        let mut tensors = self.base.as_ref().map(Base::computed).unwrap_or_default();
        tensors.extend(self.head.computed());
        tensors
    }

    /// The scores before the last sigmoid or softmax, `[N, 1]` or `[N, classes]`, for preprocessed
    /// images, `[N, C, H, W]`: computed with libtorch's own operations only, which a trace records.
    ///
    /// # Errors
    /// If the images have another shape or type, or libtorch is out of memory.
    pub fn plain_logits(&self, images: Tensor) -> Result<Tensor> {
        let x = match &self.base {
            Some(base) => base.plain_features(images)?,
            None => images,
        };
        self.head.plain(x)
    }

    /// Each dropout's mask for a batch of `pictures` in training step `step`, counted from 0 over
    /// all epochs: bool on the device, true where a value is kept.
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn dropout_masks(&self, pictures: i64, step: i64) -> Result<Vec<Tensor>> {
        self.head.dropout_masks(pictures, step)
    }

    /// Pixels go through the base, if any; features skip it, or its frozen layers.
    fn forward(&self, input: &Input, mut pass: Pass<'_>) -> Result<Tensor> {
        let x = match (input, &self.base) {
            (Input::Pixels(pixels), None) => to_images(pixels)?,
            (Input::Pixels(pixels), Some(base)) => {
                base.features(&to_images(pixels)?, pass.statistics)?
            }
            (Input::Features(features), Some(_)) => features.f_permute([0, 3, 1, 2])?,
            (Input::Frozen(output), Some(base)) => {
                let rest = base.trained_from()..base.architecture().layers.len();
                base.forward(&output.f_permute([0, 3, 1, 2])?, rest, pass.statistics)?
            }
            (Input::Features(_) | Input::Frozen(_), None) => {
                bail!("expected pixels for a network without a base, found features")
            }
        };
        let x = x.f_to_kind(self.head.kind())?;
        one_per_unit(self.head.forward(x, 0..self.head.len(), &mut pass)?)
    }

    /// The output of the last convolution for pixels, `[N, H, W, C]` in 0..=255: `[N, C, h, w]` in the
    /// network's precision. It is the images without a convolution.
    ///
    /// # Errors
    /// As [`Network::logits`].
    pub(super) fn last_convolution(&self, pixels: &Tensor) -> Result<Tensor> {
        let images = to_images(pixels)?;
        let mut pass = Pass { statistics: Statistics::Stored, masks: None };
        match &self.base {
            Some(base) => {
                let layers = 0..base.architecture().convolutional();
                base.forward(&base.preprocess(&images)?, layers, pass.statistics)
            }
            None => {
                let layers = 0..self.architecture.convolutional();
                self.head.forward(images.f_to_kind(self.head.kind())?, layers, &mut pass)
            }
        }
    }

    /// The logits, as [`Network::logits`], for the output of [`Network::last_convolution`],
    /// differentiable by it.
    ///
    /// # Errors
    /// As [`Network::logits`].
    pub(super) fn logits_after_convolutions(&self, output: &Tensor) -> Result<Tensor> {
        let x = output.shallow_clone();
        let (x, layers) = match &self.base {
            Some(base) => (base.after_convolutions(x)?, 0..self.head.len()),
            None => (x, self.architecture.convolutional()..self.head.len()),
        };
        one_per_unit(self.head.differentiable(x.f_to_kind(self.head.kind())?, layers)?)
    }
}

/// The last layer's output as [`Network::logits`] returns it.
fn one_per_unit(x: Tensor) -> Result<Tensor> {
    let x = x.f_to_kind(Kind::Float)?;
    Ok(if x.size().last() == Some(&1) { x.f_squeeze_dim(-1)? } else { x })
}

/// The same tensors, by name.
fn shared(tensors: &[(String, Tensor)]) -> Vec<(String, Tensor)> {
    tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect()
}
