//! The preprocessing of a base's input.

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// ImageNet's mean red, green and blue in 0..=1, and their standard deviations.
const MEANS: [f64; 3] = [0.485, 0.456, 0.406];
const DEVIATIONS: [f64; 3] = [0.229, 0.224, 0.225];

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

/// The same transform of pixels: (x − mean) / deviation by channel, f32, after reversing the order of
/// the channels if so.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Normalization {
    /// Whether RGB becomes BGR first.
    pub reverse_channels: bool,
    /// Of each channel in the new order, for pixels in 0..=255.
    pub mean: Vec<f64>,
    /// As `mean`.
    pub deviation: Vec<f64>,
}

impl Normalization {
    /// Scaling from 0..=255 to 0..=1.
    pub fn unit(channels: usize) -> Self {
        let (mean, deviation) = (vec![0.0; channels], vec![255.0; channels]);
        Self { reverse_channels: false, mean, deviation }
    }
}

impl Preprocess {
    /// The transform as [`Normalization`] of RGB pixels.
    pub fn normalization(self) -> Normalization {
        let pixels = |values: [f64; 3]| values.map(|value| 255.0 * value).to_vec();
        let of = |mean, deviation| Normalization { reverse_channels: false, mean, deviation };
        match self {
            Self::Book => Normalization::unit(3),
            Self::Caffe(means) => {
                Normalization { reverse_channels: true, ..of(means.to_vec(), vec![1.0; 3]) }
            }
            Self::Tf => of(pixels([0.5; 3]), pixels([0.5; 3])),
            Self::Torch => of(pixels(MEANS), pixels(DEVIATIONS)),
        }
    }

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
                let means = of_channel(MEANS)?;
                images.f_sub(&means)?.f_div_(&of_channel(DEVIATIONS)?)?
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    #[test]
    fn the_normalization_of_pixels_is_the_same_transform() {
        let pixels = Tensor::arange(2 * 3 * 4 * 5, (Kind::Float, Device::Cpu)) * 2.0;
        let pixels = pixels.view([2, 3, 4, 5]);
        let means = [103.939, 116.779, 123.68];
        for preprocess in
            [Preprocess::Book, Preprocess::Caffe(means), Preprocess::Tf, Preprocess::Torch]
        {
            let expected = preprocess.apply(&(&pixels / 255.0)).unwrap();
            let Normalization { reverse_channels, mean, deviation } = preprocess.normalization();
            let x = if reverse_channels { pixels.flip([1]) } else { pixels.shallow_clone() };
            let of_channel = |values: &[f64]| Tensor::from_slice(values).view([1, 3, 1, 1]);
            let found = (x - of_channel(&mean)) / of_channel(&deviation);
            let largest = expected.abs().max().double_value(&[]);
            let difference = (found - expected).abs().max().double_value(&[]);
            assert!(difference <= 1e-6 * largest, "{preprocess:?}: {difference}");
        }
    }
}
