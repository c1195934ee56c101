//! One step's pictures.

use anyhow::Result;
use tch::{Kind, Tensor};

/// Pictures as a network takes them: their pixels, or what its base made of them.
#[derive(Debug)]
pub enum Input {
    /// `[N, H, W, C]` in 0..=255: u8, or f32 once augmented.
    Pixels(Tensor),
    /// `[N, H, W, C]` f32, a base's features: the base itself rests.
    Features(Tensor),
}

impl Input {
    /// `[N, H, W, C]`, of either kind.
    pub fn values(&self) -> &Tensor {
        match self {
            Self::Pixels(values) | Self::Features(values) => values,
        }
    }

    /// Of the same kind, with what `change` makes of the values.
    ///
    /// # Errors
    /// If `change` fails.
    pub fn map(&self, change: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Self> {
        Ok(match self {
            Self::Pixels(values) => Self::Pixels(change(values)?),
            Self::Features(values) => Self::Features(change(values)?),
        })
    }
}

/// One step's pictures and their labels, on the device.
#[derive(Debug)]
pub struct Batch {
    /// The pictures.
    pub input: Input,
    /// `[N]` i64, indices of classes.
    pub labels: Tensor,
    /// The index of its first picture in the endless stream of pictures handed out, from 0.
    pub first: i64,
}

/// Pixels, `[N, H, W, C]` in 0..=255, as images: `[N, C, H, W]` f32 in 0..=1.
/// `[N, H, W, C]` in memory is what channels-last means, so the permutation copies nothing.
///
/// # Errors
/// If libtorch is out of memory.
pub fn to_images(pixels: &Tensor) -> Result<Tensor> {
    // Keras's rescale = 1/255: a multiplication in f32.
    let images = pixels.f_to_kind(Kind::Float)?.f_mul_scalar(1.0 / 255.0)?;
    Ok(images.f_permute([0, 3, 1, 2])?)
}
