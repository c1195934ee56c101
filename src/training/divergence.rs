//! Training that has diverged: a loss or weight that is no longer a finite number.

use crate::nn::network::Network;
use anyhow::Result;
use std::fmt;

/// Where training diverged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Divergence {
    /// What is not finite.
    pub what: NonFinite,
    /// Number of the epoch, from 1.
    pub epoch: i64,
    /// Number of the training step in the epoch, from 1: the first with such a loss, or the last
    /// before the weights or the validation loss were checked.
    pub step: i64,
}

/// A value that is NaN or infinite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NonFinite {
    /// The training loss of a step.
    Loss,
    /// A trained parameter.
    Weight,
    /// The validation loss.
    ValLoss,
}

/// `the loss of step 12 in epoch 3`
impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, epoch, step } = self;
        match what {
            NonFinite::Loss => write!(f, "the loss of step {step} in epoch {epoch}"),
            NonFinite::Weight => write!(f, "a weight after step {step} in epoch {epoch}"),
            NonFinite::ValLoss => write!(f, "the validation loss of epoch {epoch}"),
        }
    }
}

/// Whether all trained parameters are finite. Waits for the device.
///
/// # Errors
/// If the device is out of memory.
pub fn has_finite_weights(network: &Network) -> Result<bool> {
    for (_, tensor) in network.parameters() {
        if tensor.f_isfinite()?.f_all()?.f_int64_value(&[])? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}
