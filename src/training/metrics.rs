//! Mean loss and accuracy over an epoch, averaged as in Keras.

use super::loss::Loss;
use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// Mean loss and accuracy over a number of pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Means {
    /// Mean loss per picture, in nats.
    pub loss: f64,
    /// Share of correctly classified pictures, 0..=1.
    pub accuracy: f64,
}

/// Sums over the batches so far. They are on the device, so only [`Running::means`] waits for it.
#[derive(Debug)]
pub struct Running {
    loss: Loss,
    /// Sum of losses, an f64 scalar.
    losses: Tensor,
    /// Correctly classified pictures, an i64 scalar.
    correct: Tensor,
    pictures: i64,
}

impl Running {
    /// Zero sums for `loss` on `device`.
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn new(loss: Loss, device: Device) -> Result<Self> {
        Ok(Self {
            loss,
            losses: Tensor::f_zeros([], (Kind::Double, device))?,
            correct: Tensor::f_zeros([], (Kind::Int64, device))?,
            pictures: 0,
        })
    }

    /// Adds a batch: its mean loss, a scalar, weighted by its number of pictures, and its correct
    /// predictions; `logits` and `labels` are as for [`Loss::mean`]. All work is on the device and
    /// can be part of a CUDA graph; [`Running::count`] must be called in addition.
    ///
    /// # Errors
    /// If the shapes do not match.
    pub fn add(&mut self, mean_loss: &Tensor, logits: &Tensor, labels: &Tensor) -> Result<()> {
        let pictures = labels.numel() as i64;
        let sum = mean_loss.f_detach()?.f_to_kind(Kind::Double)?.f_mul_scalar(pictures as f64)?;
        let _ = self.losses.f_add_(&sum)?;
        let _ = self.correct.f_add_(&self.loss.correct(&logits.f_detach()?, labels)?)?;
        Ok(())
    }

    /// Counts the pictures of a batch, on the host: a replayed CUDA graph cannot.
    pub fn count(&mut self, pictures: i64) {
        self.pictures += pictures;
    }

    /// Zeroes the sums in place, since a CUDA graph refers to their memory.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn reset(&mut self) -> Result<()> {
        let _ = self.losses.f_zero_()?;
        let _ = self.correct.f_zero_()?;
        self.pictures = 0;
        Ok(())
    }

    /// Pictures added so far.
    pub fn pictures(&self) -> i64 {
        self.pictures
    }

    /// Means so far; NaN before the first batch. Waits for the device.
    ///
    /// # Errors
    /// If the device fails.
    pub fn means(&self) -> Result<Means> {
        let pictures = self.pictures as f64;
        Ok(Means {
            loss: self.losses.f_double_value(&[])? / pictures,
            accuracy: self.correct.f_int64_value(&[])? as f64 / pictures,
        })
    }
}
