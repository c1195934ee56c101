//! A pretrained base: a network without its classifier, which turns pictures into features.

use super::architecture::Architecture;
use super::init::DrawnBy;
use super::preprocess::Preprocess;
use super::run::Pass;
use super::stack::Stack;
use super::stored::Stored;
use super::zoo::Model;
use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// A base with weights.
#[derive(Debug)]
pub struct Base {
    /// The model.
    pub model: Model,
    /// The preprocessing of its input: that which the published weights were trained with, until
    /// replaced.
    pub preprocess: Preprocess,
    /// The layers with their weights: all of them frozen until [`Stack::unfreeze_from`].
    pub stack: Stack,
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
        let mut stack = Stack::new(architecture, device, Kind::Float, seed, DrawnBy::Kernel)?;
        stack.freeze()?;
        Ok(Self { model, preprocess, stack })
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
        let (tensors, ignored) = stored.fitted(self.model, self.stack.architecture())?;
        self.stack.assign(&tensors, stored.path())?;
        Ok(ignored)
    }

    /// The features of `images`, `[N, 3, H, W]` f32 RGB in 0..=1, as
    /// [`to_images`](crate::batches::batch::to_images) returns them: `[N, C, H, W]` in the type that the
    /// layers compute in.
    ///
    /// # Errors
    /// If the images have another shape or are too small, or libtorch is out of memory.
    pub fn features(&self, images: &Tensor, pass: &mut Pass<'_>) -> Result<Tensor> {
        self.stack.forward(self.preprocess.apply(images)?, self.stack.all(), pass)
    }
}
