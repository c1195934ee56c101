//! Mean loss and accuracy over an epoch, averaged as in Keras.

use super::loss::Loss;
use crate::batches::batch::Targets;
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

/// The values of a [`Running`], from which it can be restored exactly.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sums {
    /// Number of pictures.
    pub pictures: i64,
    /// Sum of the pictures' losses, in nats.
    pub losses: f64,
    /// Number of correctly classified pictures.
    pub correct: i64,
}

/// Sums over the batches so far. They are on the device, so only [`Running::means`] and
/// [`Running::sums`] wait for it.
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
        let losses = Tensor::f_zeros([], (Kind::Double, device))?;
        let correct = Tensor::f_zeros([], (Kind::Int64, device))?;
        Ok(Self { loss, losses, correct, pictures: 0 })
    }

    /// Adds a batch: its mean loss, a scalar, weighted by its number of pictures, and its correct
    /// predictions; `logits` are as for [`Loss::mean`]. All work is on the device and can be part of a
    /// CUDA graph; [`Running::count`] must be called in addition.
    ///
    /// # Errors
    /// If the shapes do not match.
    pub fn add(&mut self, mean_loss: &Tensor, logits: &Tensor, targets: &Targets) -> Result<()> {
        let pictures = targets.pictures() as f64;
        let sum = mean_loss.f_detach()?.f_to_kind(Kind::Double)?.f_mul_scalar(pictures)?;
        let _ = self.losses.f_add_(&sum)?;
        let correct = self.loss.correct(&logits.f_detach()?, &targets.classes)?;
        let _ = self.correct.f_add_(&correct)?;
        Ok(())
    }

    /// Counts the pictures of a batch, on the host: a replayed CUDA graph cannot.
    pub fn count(&mut self, pictures: i64) {
        self.pictures += pictures;
    }

    /// Sets the sums in place, since a CUDA graph refers to their memory. The default of [`Sums`]
    /// is zero.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn set(&mut self, sums: Sums) -> Result<()> {
        let _ = self.losses.f_fill_(sums.losses)?;
        let _ = self.correct.f_fill_(sums.correct)?;
        self.pictures = sums.pictures;
        Ok(())
    }

    /// The sums. Waits for the device.
    ///
    /// # Errors
    /// If the device fails.
    pub fn sums(&self) -> Result<Sums> {
        Ok(Sums {
            pictures: self.pictures,
            losses: self.losses.f_double_value(&[])?,
            correct: self.correct.f_int64_value(&[])?,
        })
    }

    /// The sum of the losses, an f64 scalar on the device.
    pub fn losses(&self) -> &Tensor {
        &self.losses
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
        let Sums { losses, correct, pictures } = self.sums()?;
        let pictures = pictures as f64;
        Ok(Means { loss: losses / pictures, accuracy: correct as f64 / pictures })
    }
}
