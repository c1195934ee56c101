//! Device and precision of a run, and libtorch's process-wide settings.

pub(crate) mod cgroup;
pub mod config;
pub mod device;
pub mod memory;
pub mod precision;
pub mod threads;
pub mod world;

use crate::machine::device::DeviceChoice;
use crate::machine::precision::{Precision, PrecisionChoice};
use crate::native::{backend, cuda};
use anyhow::Result;
use tch::Device;

/// The device and the precision that a network computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// The device of all tensors.
    pub device: Device,
    /// The precision of activations and their gradients.
    pub precision: Precision,
}

impl Machine {
    /// Chooses device and precision and configures libtorch for the whole process: the number of
    /// CPU threads (`None` is that of [`threads::of_libtorch`]), cuDNN's deterministic mode, and TF32 on CUDA. Call
    /// it once, at the start of a run.
    ///
    /// # Errors
    /// If the device or precision is not available, or libtorch fails.
    pub fn prepare(
        device: DeviceChoice,
        precision: PrecisionChoice,
        threads: Option<usize>,
    ) -> Result<Self> {
        let threads = threads.unwrap_or_else(threads::of_libtorch);
        tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
        // Fails if a pool exists already, which then stays.
        let _ = threads::pool(threads::available()).build_global();
        let device = device.resolve()?;
        let precision = precision.resolve(device)?;
        if device.is_cuda() {
            backend::set_deterministic_cudnn()?;
            backend::set_tf32(precision == Precision::Tf32)?;
        }
        Ok(Self { device, precision })
    }

    /// Gives this thread its own CUDA stream, from which a training step can be captured as a
    /// graph. Returns `false` on other devices.
    ///
    /// # Errors
    /// If the device does not exist, or petite was built without CUDA's headers.
    pub fn use_own_stream(&self) -> Result<bool> {
        match self.device {
            Device::Cuda(index) => cuda::use_own_stream(index).map(|()| true),
            _ => Ok(false),
        }
    }
}
