//! A run's weights on disk: `last.ot` and `best.ot` for use, `checkpoint.safetensors` for resuming.

use super::folder::RunFolder;
use crate::error::fault;
use crate::history::Epoch;
use crate::nn::network::Network;
use crate::training::optimizer::RmsProp;
use crate::weights::{self, Named};
use anyhow::Result;
use std::collections::HashMap;
use std::str::FromStr;

/// The epoch whose weights are in `best.ot`: the first with the lowest validation loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// Number of the epoch, from 1; 0 for imported weights.
    pub epoch: i64,
    /// Its validation loss in nats; infinite for imported weights.
    pub val_loss: f64,
}

/// How far a run has been trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Epochs done.
    pub epoch: i64,
    /// The best of them.
    pub best: Best,
}

/// Writes a run's weights after every epoch.
#[derive(Debug)]
pub struct Checkpoints {
    run: RunFolder,
    best: Option<Best>,
}

impl Checkpoints {
    /// `best` is the best epoch of earlier processes of the same run.
    pub fn new(run: RunFolder, best: Option<Best>) -> Self {
        Self { run, best }
    }

    /// Saves the state after the epoch of `record`. The checkpoint is a single file, written last,
    /// so a killed process can always be resumed from a complete epoch.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn save(&mut self, record: &Epoch, network: &Network, optimizer: &RmsProp) -> Result<()> {
        weights::save_ot(&self.run.last(), &network.tensors())?;
        let best = match self.best {
            // NaN is never better.
            Some(best) if record.val_loss.is_nan() || record.val_loss >= best.val_loss => best,
            _ => {
                weights::save_ot(&self.run.best(), &network.tensors())?;
                Best { epoch: record.epoch, val_loss: record.val_loss }
            }
        };
        self.best = Some(best);
        write(&self.run, Progress { epoch: record.epoch, best }, network, optimizer)
    }

    /// The best epoch so far; `None` before the first.
    pub fn best(&self) -> Option<Best> {
        self.best
    }
}

/// Saves weights trained elsewhere as the state before the first epoch, from which the run can be
/// resumed.
///
/// # Errors
/// If a file cannot be written.
pub fn import(run: &RunFolder, network: &Network, optimizer: &RmsProp) -> Result<()> {
    weights::save_ot(&run.last(), &network.tensors())?;
    weights::save_ot(&run.best(), &network.tensors())?;
    // Any epoch is better than this.
    let best = Best { epoch: 0, val_loss: f64::INFINITY };
    write(run, Progress { epoch: 0, best }, network, optimizer)
}

fn write(
    run: &RunFolder,
    progress: Progress,
    network: &Network,
    optimizer: &RmsProp,
) -> Result<()> {
    let metadata = HashMap::from([
        ("epoch".to_owned(), progress.epoch.to_string()),
        ("best_epoch".to_owned(), progress.best.epoch.to_string()),
        ("best_val_loss".to_owned(), progress.best.val_loss.to_string()),
    ]);
    weights::save_safetensors(&run.checkpoint(), &tensors(network, optimizer), metadata)
}

/// Restores `network` and `optimizer` to the run's last complete epoch; `None` if it has none yet.
///
/// # Errors
/// If the checkpoint is damaged or from another network; nothing is changed then.
pub fn restore(
    run: &RunFolder,
    network: &mut Network,
    optimizer: &RmsProp,
) -> Result<Option<Progress>> {
    let path = run.checkpoint();
    if !path.exists() {
        return Ok(None);
    }
    let (stored, metadata) = weights::load_safetensors(&path)?;
    let progress = Progress {
        epoch: field(&metadata, "epoch", &path)?,
        best: Best {
            epoch: field(&metadata, "best_epoch", &path)?,
            val_loss: field(&metadata, "best_val_loss", &path)?,
        },
    };
    weights::assign(&tensors(network, optimizer), &stored, &path)?;
    network.refresh()?;
    Ok(Some(progress))
}

/// Everything that training changes, under its names in the file.
fn tensors(network: &Network, optimizer: &RmsProp) -> Named {
    let prefixed = |prefix: &str, tensors: &[(String, tch::Tensor)]| -> Named {
        let name = |(name, tensor): &(String, tch::Tensor)| {
            (format!("{prefix}.{name}"), tensor.shallow_clone())
        };
        tensors.iter().map(name).collect()
    };
    let mut all = prefixed("weights", &network.tensors());
    all.extend(prefixed("mean_square", optimizer.state()));
    all
}

fn field<T: FromStr>(
    metadata: &HashMap<String, String>,
    name: &str,
    path: &std::path::Path,
) -> Result<T> {
    let Some(value) = metadata.get(name).and_then(|value| value.parse().ok()) else {
        fault!(
            Run,
            "expected a number for {name} in the metadata of {}, found none; try a new `out`",
            path.display()
        );
    };
    Ok(value)
}
