//! Training that has diverged: a loss or weight that is no longer a finite number.

use crate::nn::network::Network;
use anyhow::Result;
use std::fmt;
use tch::{Device, Kind, Tensor};

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

/// Steps between two looks at the loss on a GPU: each look waits for the device. On the CPU every
/// step is looked at.
const LOOK_EVERY: i64 = 32;

/// Watches the steps of an epoch for numbers that are not finite.
#[derive(Debug)]
pub struct Watch {
    /// Steps before the first whose loss is not finite, an i64 scalar on a device; `None` on the CPU,
    /// where the host counts them, which is faster.
    on_device: Option<Tensor>,
    on_host: i64,
}

impl Watch {
    /// Watches steps on `device`.
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn new(device: Device) -> Result<Self> {
        let on_device = match device {
            Device::Cpu => None,
            _ => Some(Tensor::f_zeros([], (Kind::Int64, device))?),
        };
        Ok(Self { on_device, on_host: 0 })
    }

    /// Starts an epoch of which `steps` were done before, all with finite losses.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn start(&mut self, steps: i64) -> Result<()> {
        self.on_host = steps;
        if let Some(finite) = &mut self.on_device {
            // In place, since a CUDA graph refers to its memory.
            let _ = finite.f_fill_(steps)?;
        }
        Ok(())
    }

    /// Counts a step after which the epoch's losses have the sum `losses`, an f64 scalar, which stays
    /// as it is once it is not finite. It can be part of a CUDA graph.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn add(&mut self, losses: &Tensor) -> Result<()> {
        match &mut self.on_device {
            Some(finite) => drop(finite.f_add_(&losses.f_isfinite()?)?),
            None => self.on_host += i64::from(losses.f_double_value(&[])?.is_finite()),
        }
        Ok(())
    }

    /// Where training has diverged by `step` of `epoch`, both from 1: in a loss, which is looked at from
    /// time to time, or in a weight of `network`, which is looked at if it is given.
    ///
    /// # Errors
    /// If the device fails.
    pub fn found(
        &self,
        epoch: i64,
        step: i64,
        network: Option<&Network>,
    ) -> Result<Option<Divergence>> {
        let finite = match &self.on_device {
            Some(_) if network.is_none() && step % LOOK_EVERY != 0 => return Ok(None),
            Some(finite) => finite.f_int64_value(&[])?,
            None => self.on_host,
        };
        if finite < step {
            return Ok(Some(Divergence { what: NonFinite::Loss, epoch, step: finite + 1 }));
        }
        for (_, tensor) in network.iter().flat_map(|network| network.parameters()) {
            if tensor.f_isfinite()?.f_all()?.f_int64_value(&[])? == 0 {
                return Ok(Some(Divergence { what: NonFinite::Weight, epoch, step }));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_loss_that_is_not_finite_is_found() {
        let device = Tensor::zeros([], (Kind::Int64, Device::Cpu));
        for on_device in [None, Some(device)] {
            let mut watch = Watch { on_device, on_host: 0 };
            watch.start(30).unwrap();
            for (step, loss) in [(31, 0.5), (32, f64::INFINITY), (33, f64::NAN), (64, f64::NAN)] {
                watch.add(&Tensor::from(loss)).unwrap();
                let found = watch.found(2, step, None).unwrap();
                let looks = watch.on_device.is_none() || step % LOOK_EVERY == 0;
                let expected = Divergence { what: NonFinite::Loss, epoch: 2, step: 32 };
                assert_eq!(found, (looks && step > 31).then_some(expected), "{step}");
            }
        }
    }
}
