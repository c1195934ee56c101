//! Pixels → batches: the one place where pixels become tensors and go to a device.

use super::cache::Pixels;
use crate::keras::Iteration;
use crate::random::{Purpose, generator};
use anyhow::{Context, Result};
use rand::seq::SliceRandom;
use tch::{Device, Kind, Tensor};

/// One step's pictures and their labels, on the device.
#[derive(Debug)]
pub struct Batch {
    /// `[N, H, W, C]` u8.
    pub pixels: Tensor,
    /// `[N]` i64, indices of classes.
    pub labels: Tensor,
    /// The place of its first picture in the endless stream of pictures handed out, from 0.
    pub first: i64,
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

/// In which order a loader hands out its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As the samples are sorted.
    Sorted,
    /// A new permutation for every pass, drawn from the seed.
    Shuffled { seed: u64, purpose: Purpose },
}

/// Hands out batches, as Keras's generators do: pass after pass over the pictures, the last batch
/// of a pass holding what is left, the position carried from one epoch into the next if so asked.
/// The batch of a step depends on nothing but its number, so a resumed run continues exactly.
#[derive(Debug)]
pub struct Loader {
    /// `[N, H, W, C]` u8. The whole split lives on the device, so nothing but a permutation a
    /// pass crosses the bus.
    pixels: Tensor,
    /// `[N]` i64.
    labels: Tensor,
    batch_size: i64,
    steps_per_epoch: i64,
    order: Order,
    iteration: Iteration,
    /// The pass last used and its order, `[N]` i64.
    pass: Option<(i64, Tensor)>,
}

impl Loader {
    /// Moves `pixels` to `device`. `steps_per_epoch` defaults to one whole pass, and is no more
    /// where `iteration` starts every epoch with a new pass.
    ///
    /// # Errors
    /// If the pictures do not fit on the device.
    pub fn new(
        pixels: Pixels,
        device: Device,
        batch_size: i64,
        steps_per_epoch: Option<i64>,
        order: Order,
        iteration: Iteration,
    ) -> Result<Self> {
        let target = pixels.target;
        let count = pixels.samples.len() as i64;
        let shape =
            [count, target.height as i64, target.width as i64, target.color_mode.channels() as i64];
        let labels: Vec<i64> = pixels.samples.iter().map(|sample| sample.label as i64).collect();
        let to_device = |tensor: Tensor| {
            tensor.f_to_device(device).with_context(|| {
                format!("{count} pictures do not fit on {device:?}; try a smaller --image-size")
            })
        };
        let pass = batches(count, batch_size);
        let steps_per_epoch = match (steps_per_epoch, iteration) {
            (None, _) => pass,
            (Some(steps), Iteration::Endless) => steps,
            (Some(steps), Iteration::WholePass) => steps.min(pass),
        };
        Ok(Self {
            pixels: to_device(Tensor::f_from_data_size(&pixels.bytes, &shape, Kind::Uint8)?)?,
            labels: to_device(Tensor::f_from_slice(&labels)?)?,
            batch_size,
            steps_per_epoch,
            order,
            iteration,
            pass: None,
        })
    }

    /// Whole passes in the samples' order, for looking at every picture once.
    ///
    /// # Errors
    /// If the pictures do not fit on the device.
    pub fn sorted(pixels: Pixels, device: Device, batch_size: i64) -> Result<Self> {
        Self::new(pixels, device, batch_size, None, Order::Sorted, Iteration::WholePass)
    }

    /// Every picture in the order of the samples, `[N, H, W, C]` u8, on the device.
    pub fn pixels(&self) -> &Tensor {
        &self.pixels
    }

    /// Every label in the order of the samples, `[N]` i64, on the device.
    pub fn labels(&self) -> &Tensor {
        &self.labels
    }

    /// Number of pictures.
    pub fn len(&self) -> i64 {
        self.labels.numel() as i64
    }

    /// Whether there is no picture.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Batches in an epoch.
    pub fn steps_per_epoch(&self) -> i64 {
        self.steps_per_epoch
    }

    /// The batch of step `step` (0-based) of epoch `epoch` (0-based).
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn batch(&mut self, epoch: i64, step: i64) -> Result<Batch> {
        let count = self.len();
        let batches_per_pass = batches(count, self.batch_size);
        let (pass, batch) = match self.iteration {
            Iteration::Endless => {
                let number = epoch * self.steps_per_epoch + step;
                (number / batches_per_pass, number % batches_per_pass)
            }
            Iteration::WholePass => (epoch, step),
        };

        let start = batch * self.batch_size;
        let length = self.batch_size.min(count - start);
        let (pixels, labels) = match self.order {
            Order::Sorted => {
                (self.pixels.f_narrow(0, start, length)?, self.labels.f_narrow(0, start, length)?)
            }
            Order::Shuffled { seed, purpose } => {
                let indices = self.permutation(pass, seed, purpose)?.f_narrow(0, start, length)?;
                (self.pixels.f_index_select(0, &indices)?, self.labels.f_index_select(0, &indices)?)
            }
        };
        Ok(Batch { pixels, labels, first: pass * count + start })
    }

    /// The order of pass `pass`, `[N]` i64 on the device.
    fn permutation(&mut self, pass: i64, seed: u64, purpose: Purpose) -> Result<&Tensor> {
        if self.pass.as_ref().is_none_or(|(current, _)| *current != pass) {
            let mut indices: Vec<i64> = (0..self.len()).collect();
            indices.shuffle(&mut generator(seed, purpose, pass as u64));
            let indices = Tensor::f_from_slice(&indices)?.f_to_device(self.pixels.device())?;
            self.pass = Some((pass, indices));
        }
        let (_, indices) = self.pass.as_ref().context("a pass has just been drawn")?;
        Ok(indices)
    }
}

/// Batches in one pass, the last partial one counted.
fn batches(count: i64, batch_size: i64) -> i64 {
    (count + batch_size - 1) / batch_size
}
