//! Loss and accuracy over an epoch, as Keras averages them.

use super::loss::Loss;
use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// Mean loss and accuracy over some pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Means {
    /// Mean loss a picture, in nats.
    pub loss: f64,
    /// Share of pictures told right, 0..=1.
    pub accuracy: f64,
}

/// Sums over the batches so far, kept on the device: adding a batch waits for nothing, only
/// reading the means does.
#[derive(Debug)]
pub struct Running {
    loss: Loss,
    /// Sum of losses, an f64 scalar.
    losses: Tensor,
    /// Pictures told right, an i64 scalar.
    correct: Tensor,
    pictures: i64,
}

impl Running {
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

    /// Adds a batch to the sums: its mean loss weighs as many pictures as it has. What only the
    /// device does is here, so that it can be recorded; [`Running::count`] goes with it.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn add(&mut self, mean_loss: &Tensor, logits: &Tensor, labels: &Tensor) -> Result<()> {
        let pictures = labels.numel() as i64;
        let sum = mean_loss.f_detach()?.f_to_kind(Kind::Double)?.f_mul_scalar(pictures as f64)?;
        let _ = self.losses.f_add_(&sum)?;
        let _ = self.correct.f_add_(&self.loss.correct(&logits.f_detach()?, labels)?)?;
        Ok(())
    }

    /// Counts the pictures of a batch that was added.
    pub fn count(&mut self, pictures: i64) {
        self.pictures += pictures;
    }

    /// Begins anew, in the same memory.
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

    /// The means so far, not a number before the first batch. Waits for the device.
    ///
    /// # Errors
    /// If the device failed.
    pub fn means(&self) -> Result<Means> {
        let pictures = self.pictures as f64;
        Ok(Means {
            loss: self.losses.f_double_value(&[])? / pictures,
            accuracy: self.correct.f_int64_value(&[])? as f64 / pictures,
        })
    }
}
