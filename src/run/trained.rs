//! The trained network of a run.

use super::folder::{RunFolder, RunRecord, WhichWeights};
use crate::device::DeviceChoice;
use crate::machine::Machine;
use crate::nn::network::Network;
use crate::precision::PrecisionChoice;
use crate::training::loss::Loss;
use crate::weights;
use anyhow::Result;

/// Changes to the machine settings of a run; `None` keeps the run's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MachineOverrides {
    /// Device to compute on.
    pub device: Option<DeviceChoice>,
    /// Precision of the computation; `None` is fp32 if the device does not support the run's.
    pub precision: Option<PrecisionChoice>,
    /// Threads of libtorch on the CPU.
    pub threads: Option<usize>,
}

/// The network of a run with its trained weights.
#[derive(Debug)]
pub struct Trained {
    /// The run's settings and classes.
    pub record: RunRecord,
    /// The network, with its weights.
    pub network: Network,
    /// The loss for the number of classes.
    pub loss: Loss,
}

impl Trained {
    /// Prepares libtorch, builds the network of `run` and loads its weights.
    ///
    /// # Errors
    /// If a file of the run is missing, damaged or from another network, or the device or precision
    /// is not available.
    pub fn load(run: &RunFolder, which: WhichWeights, overrides: MachineOverrides) -> Result<Self> {
        let record = run.read_record()?;
        let train = &record.train;
        let device = overrides.device.unwrap_or(train.device);
        let threads = overrides.threads.or(train.threads);
        let machine = match overrides.precision {
            Some(precision) => Machine::prepare(device, precision, threads)?,
            None => Machine::prepare(device, train.precision, threads)
                .or_else(|_| Machine::prepare(device, PrecisionChoice::Fp32, threads))?,
        };
        let classes = record.classes.len();
        let mut network = train.network(classes, machine)?;
        let path = run.weights(which);
        weights::assign(&network.tensors(), &weights::load_ot(&path)?, &path)?;
        network.refresh()?;
        Ok(Self { record, network, loss: Loss::for_classes(classes) })
    }
}
