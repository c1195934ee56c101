//! A batch's pixels, each picture transformed by what is drawn for it.

use super::placement::Placement;
use super::resample::{Sampling, resample};
use super::transform::{Dice, Frame};
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
    /// `seed` and a picture's index in the stream of batches are all that its transform depends on.
    ///
    /// # Errors
    /// If a setting is outside what it can be.
    pub fn new(config: AugmentConfig, keras: KerasProfile, seed: u64) -> Result<Self> {
        config.check()?;
        Ok(Self { config, conventions: keras.conventions(), seed })
    }

    /// The pixels of `batch`, each picture transformed; features as they are.
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

    /// What is drawn for the picture `index` of the stream of batches, `(height, width)` in size.
    pub fn draw(&self, index: i64, size: (usize, usize)) -> Draws {
        let mut dice = Dice::new(generator(self.seed, Purpose::Augmentation, index as u64));
        self.config.draw(&self.frame(size), &mut dice)
    }

    /// Transforms `pixels`, `[N, H, W, C]` u8, each picture by its own of the `N` `draws`: the same
    /// shape in f32, 0..=255.
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
