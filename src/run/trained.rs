//! A run's network with its weights.

use super::folder::{RunFolder, RunRecord};
use crate::nn::network::Network;
use crate::precision::Precision;
use crate::training::loss::Loss;
use crate::weights;
use anyhow::Result;
use clap::ValueEnum;
use serde::Serialize;
use tch::Device;

/// Which of a run's weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhichWeights {
    /// After the last epoch, as in the book.
    #[default]
    Last,
    /// After the epoch with the lowest validation loss.
    Best,
}

/// A network as a run left it.
#[derive(Debug)]
pub struct Trained {
    pub record: RunRecord,
    pub network: Network,
    pub loss: Loss,
}

impl Trained {
    /// Builds the network of `record`, read from `run`, on `device` and loads its weights.
    ///
    /// # Errors
    /// If a file of the run is missing, damaged or of another network.
    pub fn load(
        run: &RunFolder,
        record: RunRecord,
        which: WhichWeights,
        device: Device,
        precision: Precision,
    ) -> Result<Self> {
        let classes = record.classes.len();
        let mut network = record.train.network(classes, device, precision)?;
        let path = match which {
            WhichWeights::Last => run.last(),
            WhichWeights::Best => run.best(),
        };
        weights::assign(&network.tensors(), &weights::load_ot(&path)?, &path)?;
        network.refresh()?;
        Ok(Self { record, network, loss: Loss::for_classes(classes) })
    }
}
