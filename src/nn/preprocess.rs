//! The preprocessing of a base's input.

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// The transform from RGB in 0..=1 to a base's input. `caffe`, `tf` and `torch` are the modes of
/// Keras's `imagenet_utils.preprocess_input`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Preprocess {
    /// Unchanged RGB in 0..=1: the book's for VGG16, in section 5.3.
    Book,
    /// BGR in 0..=255 minus these means of blue, green and red.
    Caffe([f64; 3]),
    /// RGB in −1..=1: 2 x − 1.
    Tf,
    /// RGB normalized by ImageNet's means and standard deviations: (x − μ) / σ.
    Torch,
}

impl Preprocess {
    /// Transforms `images`, `[N, 3, H, W]` f32 RGB in 0..=1; keeps their memory format.
    ///
    /// # Errors
    /// If the images have another shape, or libtorch is out of memory.
    pub fn apply(self, images: &Tensor) -> Result<Tensor> {
        let of_channel = |values: [f64; 3]| -> Result<Tensor> {
            let values = Tensor::f_from_slice(&values.map(|value| value as f32))?;
            Ok(values.f_view([1, 3, 1, 1])?.f_to_device(images.device())?)
        };
        Ok(match self {
            Self::Book => images.shallow_clone(),
            Self::Caffe(means) => {
                images.f_flip([1])?.f_mul_scalar_(255.0)?.f_sub_(&of_channel(means)?)?
            }
            Self::Tf => images.f_mul_scalar(2.0)?.f_sub_scalar_(1.0)?,
            Self::Torch => {
                let means = of_channel([0.485, 0.456, 0.406])?;
                images.f_sub(&means)?.f_div_(&of_channel([0.229, 0.224, 0.225])?)?
            }
        })
    }
}
