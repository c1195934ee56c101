//! The pictures of one training step, and what the network is to say of them.

use anyhow::Result;
use tch::{Kind, Tensor};

/// The input of a network: pixels, or what layers of its base make of them.
#[derive(Debug)]
pub enum Input {
    /// `[N, H, W, C]` in 0..=255: u8, or f32 once augmented.
    Pixels(Tensor),
    /// `[N, H, W, C]` f32: features computed by the base beforehand, which is then not run.
    Features(Tensor),
    /// `[N, H, W, C]` in the base's type: the output of the base's frozen layers, which are then not
    /// run.
    Frozen(Tensor),
}

impl Input {
    /// The values, `[N, H, W, C]`, whatever they are.
    pub fn values(&self) -> &Tensor {
        match self {
            Self::Pixels(values) | Self::Features(values) | Self::Frozen(values) => values,
        }
    }

    /// Applies `change` to the values, keeping the variant.
    ///
    /// # Errors
    /// If `change` fails.
    pub fn map(&self, change: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Self> {
        Ok(match self {
            Self::Pixels(values) => Self::Pixels(change(values)?),
            Self::Features(values) => Self::Features(change(values)?),
            Self::Frozen(values) => Self::Frozen(change(values)?),
        })
    }
}

/// What a network is to say of the pictures of a batch.
#[derive(Debug)]
pub struct Targets {
    /// Class indices, `[N]` i64.
    pub classes: Tensor,
}

impl Targets {
    /// The targets of pictures with the class indices `classes`, `[N]` i64.
    pub fn of(classes: Tensor) -> Self {
        Self { classes }
    }

    /// Number of pictures.
    pub fn pictures(&self) -> i64 {
        self.classes.numel() as i64
    }

    /// All tensors, each with a row or a number per picture.
    pub fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        [&self.classes].into_iter()
    }

    /// Applies `change` to all tensors.
    ///
    /// # Errors
    /// If `change` fails.
    pub fn map(&self, change: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Self> {
        Ok(Self { classes: change(&self.classes)? })
    }
}

/// The pictures and targets of one training step, on the device.
#[derive(Debug)]
pub struct Batch {
    /// The pictures.
    pub input: Input,
    /// Their targets.
    pub targets: Targets,
    /// Index of the batch's first picture in the endless stream of training pictures, from 0.
    pub first: i64,
}

/// Converts pixels, `[N, H, W, C]` in 0..=255, to images, `[N, C, H, W]` f32 in 0..=1. The images
/// are channels-last in memory, so the permutation copies nothing.
///
/// # Errors
/// If libtorch is out of memory.
pub fn to_images(pixels: &Tensor) -> Result<Tensor> {
    // Keras's `rescale=1./255`: a multiplication in f32.
    let images = pixels.f_to_kind(Kind::Float)?.f_mul_scalar(1.0 / 255.0)?;
    Ok(images.f_permute([0, 3, 1, 2])?)
}
