//! One step's pictures.

use anyhow::Result;
use tch::{Kind, Tensor};

/// One step's pictures and their labels, on the device.
#[derive(Debug)]
pub struct Batch {
    /// `[N, H, W, C]`: u8, or a base's features in f32.
    pub pixels: Tensor,
    /// Whether they are features.
    pub are_features: bool,
    /// `[N]` i64, indices of classes.
    pub labels: Tensor,
    /// The place of its first picture in the endless stream of pictures handed out, from 0.
    pub first: i64,
}

impl Batch {
    /// What the network takes: `[N, C, H, W]` f32, images in 0..=1 or features as they are.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn images(&self) -> Result<Tensor> {
        if self.are_features {
            return Ok(self.pixels.f_permute([0, 3, 1, 2])?);
        }
        to_images(&self.pixels)
    }
}

/// Pixels, `[N, H, W, C]` in 0..=255, as the network takes them: `[N, C, H, W]` f32 in 0..=1.
/// `[N, H, W, C]` in memory is what channels-last means, so the permutation copies nothing.
///
/// # Errors
/// If libtorch is out of memory.
pub fn to_images(pixels: &Tensor) -> Result<Tensor> {
    // Keras's rescale = 1/255: a multiplication in f32.
    let images = pixels.f_to_kind(Kind::Float)?.f_mul_scalar(1.0 / 255.0)?;
    Ok(images.f_permute([0, 3, 1, 2])?)
}
