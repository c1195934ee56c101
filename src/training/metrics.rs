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

/// The values of a [`Running`], from which it can be restored exactly.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sums {
    /// Number of batches.
    pub batches: i64,
    /// Number of pictures.
    pub pictures: i64,
    /// Sum of the pictures' losses, in nats.
    pub losses: f64,
    /// Number of correctly classified pictures.
    pub correct: i64,
}

/// Sums over the batches so far. They are on the device, so only [`Running::means`],
/// [`Running::sums`] and [`Running::finite_batches`] wait for it.
#[derive(Debug)]
pub struct Running {
    loss: Loss,
    /// Sum of losses, an f64 scalar.
    losses: Tensor,
    /// Correctly classified pictures, an i64 scalar.
    correct: Tensor,
    /// Batches after which the sum of losses was finite, an i64 scalar; `None` on the CPU, where
    /// the host counts them, which is faster.
    finite: Option<Tensor>,
    finite_on_host: i64,
    batches: i64,
    pictures: i64,
}

impl Running {
    /// Zero sums for `loss` on `device`.
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn new(loss: Loss, device: Device) -> Result<Self> {
        let zero = || Tensor::f_zeros([], (Kind::Int64, device));
        Ok(Self {
            loss,
            losses: Tensor::f_zeros([], (Kind::Double, device))?,
            correct: zero()?,
            finite: if device == Device::Cpu { None } else { Some(zero()?) },
            finite_on_host: 0,
            batches: 0,
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
        if let Some(finite) = &mut self.finite {
            let _ = finite.f_add_(&self.losses.f_isfinite()?)?;
        }
        Ok(())
    }

    /// Counts the pictures of a batch, on the host: a replayed CUDA graph cannot.
    pub fn count(&mut self, pictures: i64) {
        self.batches += 1;
        self.pictures += pictures;
        if self.finite.is_none() && self.losses.f_double_value(&[]).is_ok_and(f64::is_finite) {
            self.finite_on_host += 1;
        }
    }

    /// Sets the sums in place, since a CUDA graph refers to their memory. The default of [`Sums`]
    /// is zero.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn set(&mut self, sums: Sums) -> Result<()> {
        let _ = self.losses.f_fill_(sums.losses)?;
        let _ = self.correct.f_fill_(sums.correct)?;
        if let Some(finite) = &mut self.finite {
            let _ = finite.f_fill_(sums.batches)?;
        }
        self.finite_on_host = sums.batches;
        (self.batches, self.pictures) = (sums.batches, sums.pictures);
        Ok(())
    }

    /// The sums. Waits for the device.
    ///
    /// # Errors
    /// If the device fails.
    pub fn sums(&self) -> Result<Sums> {
        Ok(Sums {
            batches: self.batches,
            pictures: self.pictures,
            losses: self.losses.f_double_value(&[])?,
            correct: self.correct.f_int64_value(&[])?,
        })
    }

    /// Number of batches before the first whose loss is not finite: all of them, or the index of
    /// that batch. Waits for the device.
    ///
    /// # Errors
    /// If the device fails.
    pub fn finite_batches(&self) -> Result<i64> {
        // A sum that is not finite stays so.
        Ok(match &self.finite {
            Some(finite) => finite.f_int64_value(&[])?,
            None => self.finite_on_host,
        })
    }

    /// Batches added so far.
    pub fn batches(&self) -> i64 {
        self.batches
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
        let Sums { losses, correct, pictures, .. } = self.sums()?;
        let pictures = pictures as f64;
        Ok(Means { loss: losses / pictures, accuracy: correct as f64 / pictures })
    }
}
