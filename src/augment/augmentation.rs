//! Random transforms of a batch of pictures.

use super::frame::Frame;
use super::placement::Placement;
use super::resample::resample;
use super::sampling::Sampling;
use super::transform::Dice;
use super::{AugmentConfig, Draws};
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
    /// A picture's transform depends only on the settings, the version of Keras, `seed` and the
    /// picture's index in the stream of batches.
    ///
    /// # Errors
    /// If a setting is outside its range.
    pub fn new(config: AugmentConfig, keras: KerasProfile, seed: u64) -> Result<Self> {
        config.check()?;
        Ok(Self { config, conventions: keras.conventions(), seed })
    }

    /// The input of `batch`: pixels transformed, features unchanged.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn input(&self, batch: &Batch) -> Result<Input> {
        let Input::Pixels(pixels) = &batch.input else {
            return batch.input.map(|features| Ok(features.shallow_clone()));
        };
        if !self.config.is_active() {
            return Ok(Input::Pixels(pixels.shallow_clone()));
        }
        let (count, height, width, _) = pixels.size4()?;
        let size = (height as usize, width as usize);
        let draws: Vec<Draws> =
            (batch.first..batch.first + count).map(|index| self.draw(index, size)).collect();
        Ok(Input::Pixels(self.apply(pixels, &draws)?))
    }

    /// The draws for picture `index` of the stream of batches, of `size` (height, width).
    pub fn draw(&self, index: i64, size: (usize, usize)) -> Draws {
        let mut dice = Dice::new(generator(self.seed, Purpose::Augmentation, index as u64));
        self.config.draw(&self.frame(size), &mut dice)
    }

    /// What training sees of `pixels`, `[N, H, W, C]` u8, as the pictures from `first` on in the stream of
    /// batches: in the same shape and type, to look at, with the draws.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn shown(&self, pixels: &Tensor, first: i64) -> Result<(Tensor, Vec<Draws>)> {
        let (count, height, width, _) = pixels.size4()?;
        let size = (height as usize, width as usize);
        let draws: Vec<Draws> =
            (first..first + count).map(|index| self.draw(index, size)).collect();
        let seen = self.apply(pixels, &draws)?;
        Ok((seen.f_round()?.f_clamp(0.0, 255.0)?.f_to_kind(Kind::Uint8)?, draws))
    }

    /// Transforms `pixels`, `[N, H, W, C]` u8, with one of the `N` `draws` per picture, to
    /// `[N, H, W, C]` f32 in 0..=255.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn apply(&self, pixels: &Tensor, draws: &[Draws]) -> Result<Tensor> {
        let (_, height, width, _) = pixels.size4()?;
        let frame = self.frame((height as usize, width as usize));
        let images = if self.config.is_geometric() {
            let placements: Vec<Placement> =
                draws.iter().map(|draws| draws.placement(&frame)).collect();
            let order = self.conventions.interpolation_order;
            resample(pixels, &placements, Sampling { order, fill: self.config.fill })?
        } else {
            pixels.f_to_kind(Kind::Float)?
        };
        self.config.recolor(images, draws, &self.conventions)
    }

    fn frame(&self, (height, width): (usize, usize)) -> Frame {
        Frame { height, width, conventions: self.conventions }
    }
}
