//! What a run computes on and with, and libtorch's switches for it.

use crate::device::DeviceChoice;
use crate::native::{backend, cuda};
use crate::precision::{Precision, PrecisionChoice};
use anyhow::Result;
use tch::{Cuda, Device};

/// A device and the precision that a network computes in on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Where tensors are.
    pub device: Device,
    /// In which numbers the network computes.
    pub precision: Precision,
}

impl Machine {
    /// Chooses device and precision and sets what libtorch keeps for the whole process: its threads on
    /// the CPU (`None` leaves its own choice), whether cuDNN times its algorithms for each new shape
    /// and keeps the fastest, and whether CUDA multiplies f32 in TF32. To be called once, at the start
    /// of a run.
    ///
    /// # Errors
    /// If the device or the precision asked for is not there, or libtorch refuses.
    pub fn prepare(
        device: DeviceChoice,
        precision: PrecisionChoice,
        threads: Option<usize>,
    ) -> Result<Self> {
        if let Some(threads) = threads.and_then(|threads| i32::try_from(threads).ok()) {
            tch::set_num_threads(threads);
        }
        let device = device.resolve()?;
        let precision = precision.resolve(device)?;
        if device.is_cuda() {
            Cuda::cudnn_set_benchmark(true);
            backend::set_tf32(precision == Precision::Tf32)?;
        }
        Ok(Self { device, precision })
    }

    /// Moves this thread's work on a CUDA device to a stream of its own, from which a training step can
    /// be recorded; `false` on other devices.
    ///
    /// # Errors
    /// If there is no such device, or petite was built without CUDA's headers.
    pub fn use_own_stream(&self) -> Result<bool> {
        match self.device {
            Device::Cuda(index) => cuda::use_own_stream(index).map(|()| true),
            _ => Ok(false),
        }
    }
}
