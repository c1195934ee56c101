//! A batch's pixels → its images, each picture transformed by what is drawn for it.

use super::affine::affine;
use super::color;
use super::config::AugmentConfig;
use super::draw::Transform;
use super::resample::{Placement, Sampling, resample};
use crate::batches::batch::{Batch, Input};
use crate::keras::{Conventions, KerasProfile};
use crate::random::{Purpose, generator};
use anyhow::Result;
use tch::{Kind, Tensor};

/// Random transforms of training pictures.
#[derive(Debug, Clone)]
pub struct Augmentation {
    config: AugmentConfig,
    conventions: Conventions,
    seed: u64,
}

impl Augmentation {
    /// `seed` and a picture's place in the stream of batches are all that its transform depends on.
    ///
    /// # Errors
    /// If a range is outside what it can be.
    pub fn new(config: AugmentConfig, keras: KerasProfile, seed: u64) -> Result<Self> {
        config.check()?;
        Ok(Self { config, conventions: keras.conventions(), seed })
    }

    /// The pictures of `batch`, each transformed by what is drawn for it: f32 in 0..=255. Features
    /// pass as they are.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn images(&self, batch: &Batch) -> Result<Input> {
        let Input::Pixels(pixels) = &batch.input else {
            return batch.input.map(|features| Ok(features.shallow_clone()));
        };
        if !self.config.is_active() {
            return Ok(Input::Pixels(pixels.shallow_clone()));
        }
        let (count, height, width, _) = pixels.size4()?;
        let size = (height as usize, width as usize);
        let transforms: Vec<Transform> =
            (batch.first..batch.first + count).map(|place| self.draw(place, size)).collect();
        Ok(Input::Pixels(self.apply(pixels, &transforms)?))
    }

    /// The transform of the picture at `place` in the stream of batches, `(height, width)` in size.
    pub fn draw(&self, place: i64, size: (usize, usize)) -> Transform {
        let mut random = generator(self.seed, Purpose::Augmentation, place as u64);
        Transform::draw(&self.config, &self.conventions, size, &mut random)
    }

    /// Applies the `N` `transforms` to `pixels`, `[N, H, W, C]` u8: the same shape in f32, 0..=255.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn apply(&self, pixels: &Tensor, transforms: &[Transform]) -> Result<Tensor> {
        let (_, height, width, _) = pixels.size4()?;
        let size = (height as usize, width as usize);
        let mut images = if self.config.is_geometric() {
            let place = |transform: &Transform| Placement {
                affine: affine(transform, &self.conventions, size),
                flip_horizontal: transform.flip_horizontal,
                flip_vertical: transform.flip_vertical,
            };
            let placements: Vec<Placement> = transforms.iter().map(place).collect();
            let sampling = Sampling {
                order: self.conventions.interpolation_order,
                fill_mode: self.config.fill_mode,
                cval: self.config.cval,
            };
            resample(pixels, &placements, sampling)?
        } else {
            pixels.f_to_kind(Kind::Float)?
        };
        if self.config.channel_shift_range != 0.0 {
            images = color::shift_channels(&images, transforms)?;
        }
        if self.config.brightness_range.is_some() {
            let stretch = self.conventions.brightness_stretches;
            images = color::brighten(&images, transforms, stretch)?;
        }
        Ok(images)
    }
}
