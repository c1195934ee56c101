//! A run's network with its weights.

use super::folder::{RunFolder, RunRecord};
use crate::device::DeviceChoice;
use crate::machine::Machine;
use crate::nn::network::Network;
use crate::precision::PrecisionChoice;
use crate::training::loss::Loss;
use crate::weights;
use anyhow::Result;
use serde::{Deserialize, Serialize};

/// Which of a run's weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhichWeights {
    /// After the last epoch, as in the book.
    #[default]
    Last,
    /// After the epoch with the lowest validation loss.
    Best,
}

/// What to compute on, where a run has settings of its own for it: `None` is the run's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// The device.
    pub device: Option<DeviceChoice>,
    /// The precision; the run's own where the device has it, else fp32.
    pub precision: Option<PrecisionChoice>,
    /// libtorch's threads on the CPU.
    pub threads: Option<usize>,
}

/// A network as a run left it.
#[derive(Debug)]
pub struct Trained {
    /// The run's settings and classes.
    pub record: RunRecord,
    /// The network.
    pub network: Network,
    /// The loss that goes with the number of classes.
    pub loss: Loss,
}

impl Trained {
    /// Prepares libtorch, builds the network of `run` and loads its weights.
    ///
    /// # Errors
    /// If a file of the run is missing, damaged or of another network, or what is asked for is not
    /// there.
    pub fn load(run: &RunFolder, which: WhichWeights, asked: Asked) -> Result<Self> {
        let record = run.read_record()?;
        let train = &record.train;
        let device = asked.device.unwrap_or(train.device);
        let threads = asked.threads.or(train.threads);
        let machine = match asked.precision {
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
