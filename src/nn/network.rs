//! A network that can be trained: layers with weights, optionally on a pretrained base; pixels or
//! features in, logits out.

use super::architecture::Architecture;
use super::base::Base;
use super::init::DrawnBy;
use super::layer::Statistics;
use super::run::Pass;
use super::stack::Stack;
use super::stored::Stored;
use crate::batches::batch::{Input, to_images};
use crate::machine::precision::Precision;
use crate::weights::Named;
use anyhow::{Context, Result, bail};
use tch::{Device, Kind, Tensor};

/// A network's layers with weights, and the base below them, if any.
#[derive(Debug)]
pub struct Network {
    base: Option<Base>,
    /// The mean and variance that trained layers of the base normalize with.
    statistics: Statistics,
    head: Stack,
    parameters: Named,
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
        let head = Stack::new(architecture, device, precision.kind(), seed, DrawnBy::Layer)?;
        let (parameters, leaves, statistics) = (head.trained(), head.leaves(), Statistics::Stored);
        Ok(Self { base: None, statistics, head, parameters, leaves })
    }

    /// Puts the layers on top of `base`, whose features are their input. Layers of the base that
    /// are not frozen are trained too, and normalize with `statistics`.
    pub fn on_base(mut self, base: Base, statistics: Statistics) -> Self {
        // The base's come first, from input to output.
        self.leaves.splice(0..0, base.stack.leaves());
        self.parameters.splice(0..0, base.stack.trained());
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

    /// The base's layers, if there is one, and those above it.
    fn stacks(&self) -> impl Iterator<Item = &Stack> {
        self.base.iter().map(|base| &base.stack).chain([&self.head])
    }

    fn stacks_mut(&mut self) -> impl Iterator<Item = &mut Stack> {
        self.base.iter_mut().map(|base| &mut base.stack).chain([&mut self.head])
    }

    /// Everything that is stored of the network, by name: the base's tensors, then the layers'.
    pub fn tensors(&self) -> Named {
        self.stacks().flat_map(Stack::tensors).collect()
    }

    /// The layers above the base, or all layers without one.
    pub fn architecture(&self) -> &Architecture {
        self.head.architecture()
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
        self.stacks_mut().try_for_each(Stack::settle)
    }

    /// The scores before the last sigmoid or softmax, f32: `[N]` for one unit, else `[N, classes]`.
    ///
    /// # Errors
    /// If the input has another shape or is features without a base, or libtorch is out of memory.
    pub fn logits(&self, input: &Input) -> Result<Tensor> {
        self.forward(input, Pass::Infer)
    }

    /// As [`Network::logits`], for training: with the `statistics` of [`Network::on_base`], and
    /// with dropout by `masks`, one per dropout, from [`Network::dropout_masks`].
    ///
    /// # Errors
    /// As [`Network::logits`], and if a mask is missing.
    pub fn training_logits(&self, input: &Input, masks: &[Tensor]) -> Result<Tensor> {
        self.forward(input, Pass::train(self.statistics, masks))
    }

    /// The same network with every layer frozen: no tensor has gradients, and batch normalization is
    /// folded into the kernels.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn frozen(mut self) -> Result<Self> {
        self.stacks_mut().try_for_each(Stack::freeze)?;
        (self.parameters, self.leaves) = (Vec::new(), Vec::new());
        Ok(self)
    }

    /// The kernels, weights and biases that the network computes with, by name: those of frozen
    /// layers have batch normalization folded in.
    pub fn computed(&self) -> Named {
        self.stacks().flat_map(Stack::computed).collect()
    }

    /// The scores before the last sigmoid or softmax, `[N, 1]` or `[N, classes]`, for preprocessed
    /// images, `[N, C, H, W]`: computed with libtorch's own operations only, which a trace records.
    ///
    /// # Errors
    /// If the images have another shape or type, or libtorch is out of memory.
    pub fn plain_logits(&self, images: Tensor) -> Result<Tensor> {
        self.stacks().try_fold(images, |x, stack| stack.forward(x, stack.all(), &mut Pass::Trace))
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
            (Input::Pixels(pixels), Some(base)) => base.features(&to_images(pixels)?, &mut pass)?,
            (Input::Features(features), Some(_)) => features.f_permute([0, 3, 1, 2])?,
            (Input::Frozen(output), Some(base)) => {
                let rest = base.stack.trained_from()..base.stack.all().end;
                base.stack.forward(output.f_permute([0, 3, 1, 2])?, rest, &mut pass)?
            }
            (Input::Features(_) | Input::Frozen(_), None) => {
                bail!("expected pixels for a network without a base, found features")
            }
        };
        one_per_unit(self.head.forward(x, self.head.all(), &mut pass)?)
    }

    /// The output of the last convolution for pixels, `[N, H, W, C]` in 0..=255: `[N, C, h, w]` in the
    /// network's precision. It is the images without a convolution.
    ///
    /// # Errors
    /// As [`Network::logits`].
    pub(super) fn last_convolution(&self, pixels: &Tensor) -> Result<Tensor> {
        let images = to_images(pixels)?;
        let (stack, x) = match &self.base {
            Some(base) => (&base.stack, base.preprocess.apply(&images)?),
            None => (&self.head, images),
        };
        stack.forward(x, 0..stack.architecture().convolutional(), &mut Pass::Infer)
    }

    /// The logits, as [`Network::logits`], for the output of [`Network::last_convolution`],
    /// differentiable by it.
    ///
    /// # Errors
    /// As [`Network::logits`].
    pub(super) fn logits_after_convolutions(&self, output: &Tensor) -> Result<Tensor> {
        let (mut x, mut after_convolutions) = (output.shallow_clone(), true);
        for stack in self.stacks() {
            let first = if after_convolutions { stack.architecture().convolutional() } else { 0 };
            x = stack.forward(x, first..stack.all().end, &mut Pass::Explain)?;
            after_convolutions = false;
        }
        one_per_unit(x)
    }
}

/// The last layer's output as [`Network::logits`] returns it.
fn one_per_unit(x: Tensor) -> Result<Tensor> {
    let x = x.f_to_kind(Kind::Float)?;
    Ok(if x.size().last() == Some(&1) { x.f_squeeze_dim(-1)? } else { x })
}
