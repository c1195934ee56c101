//! A run's weights on disk: `last.ot` and `best.ot` for use, `checkpoint.safetensors` for resuming.

use super::folder::RunFolder;
pub use super::progress::{Best, Progress};
use crate::error::{ErrorKind, Fault};
use crate::history::Epoch;
use crate::nn::network::Network;
use crate::training::fit::Partial;
use crate::training::optimizer::RmsProp;
use crate::weights::{self, Named};
use anyhow::{Context, Error, Result};
use std::path::{Path, PathBuf};
use tch::Tensor;

/// Writes a run's weights after every epoch, and within epochs on request.
#[derive(Debug)]
pub struct Checkpoints {
    run: RunFolder,
    /// The progress of the checkpoint on disk.
    saved: Progress,
    /// Number of checkpoints to keep.
    keep: usize,
}

impl Checkpoints {
    /// Continues after `saved`, the progress of earlier processes of the run. `keep` is the number
    /// of checkpoints to keep, 1 or more.
    pub fn new(run: RunFolder, saved: Progress, keep: usize) -> Self {
        Self { run, saved, keep }
    }

    /// Saves the state after the epoch of `row`. The checkpoint is a single file, written last, so
    /// a killed process can always be resumed from a complete epoch.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn save(&mut self, row: &Epoch, network: &Network, optimizer: &RmsProp) -> Result<()> {
        weights::save_ot(&self.run.last(), &network.tensors())?;
        let best = match self.saved.best {
            // NaN is never better.
            Some(best) if row.val_loss.is_nan() || row.val_loss >= best.val_loss => best,
            _ => {
                weights::save_ot(&self.run.best(), &network.tensors())?;
                Best { epoch: row.epoch, val_loss: row.val_loss }
            }
        };
        let mut rows = self.saved.rows.clone();
        rows.push(*row);
        let progress = Progress { rows, partial: Partial::default(), best: Some(best) };
        self.write(progress, network, optimizer)
    }

    /// Saves the state within an epoch. `last.ot` and `best.ot` stay as they are.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save_partial(
        &mut self,
        done: &Partial,
        network: &Network,
        optimizer: &RmsProp,
    ) -> Result<()> {
        let progress = Progress { partial: *done, ..self.saved.clone() };
        self.write(progress, network, optimizer)
    }

    fn write(&mut self, progress: Progress, network: &Network, optimizer: &RmsProp) -> Result<()> {
        let path = self.run.checkpoint();
        if self.keep > 1 && path.exists() {
            keep(&path, &self.run.kept_checkpoint(self.saved.epochs(), self.saved.steps()))?;
        }
        write(&path, &progress, network, optimizer)?;
        self.saved = progress;
        let kept = self.run.kept_checkpoints()?;
        for old in kept.iter().skip(self.keep - 1) {
            std::fs::remove_file(old)
                .with_context(|| format!("cannot remove the old checkpoint {}", old.display()))?;
        }
        Ok(())
    }

    /// The progress on disk.
    pub fn into_saved(self) -> Progress {
        self.saved
    }
}

/// Gives the checkpoint at `path` the second name `kept`.
fn keep(path: &Path, kept: &Path) -> Result<()> {
    let cannot_keep = || format!("cannot keep {} as {}", path.display(), kept.display());
    if kept.exists() {
        std::fs::remove_file(kept).with_context(cannot_keep)?;
    }
    // Not every file system has links.
    std::fs::hard_link(path, kept)
        .or_else(|_| std::fs::copy(path, kept).map(drop))
        .with_context(cannot_keep)
}

/// Saves weights trained elsewhere as the state before the first epoch, from which the run can be
/// resumed.
///
/// # Errors
/// If a file cannot be written.
pub fn import(run: &RunFolder, network: &Network, optimizer: &RmsProp) -> Result<()> {
    weights::save_ot(&run.last(), &network.tensors())?;
    weights::save_ot(&run.best(), &network.tensors())?;
    write(&run.checkpoint(), &Progress::imported(), network, optimizer)
}

fn write(path: &Path, progress: &Progress, network: &Network, optimizer: &RmsProp) -> Result<()> {
    weights::save_safetensors(path, &tensors(network, optimizer), progress.to_metadata()?)
}

/// A restored state.
#[derive(Debug)]
pub struct Restored {
    /// How far the run had been trained.
    pub progress: Progress,
    /// If the newest checkpoint is damaged: why, and the one used instead.
    pub instead: Option<(Error, PathBuf)>,
}

/// Restores `network` and `optimizer` from the run's newest intact checkpoint; `None` if it has none
/// yet.
///
/// # Errors
/// If all checkpoints are damaged or from another network; nothing is changed then.
pub fn restore(
    run: &RunFolder,
    network: &mut Network,
    optimizer: &RmsProp,
) -> Result<Option<Restored>> {
    let mut paths = vec![run.checkpoint()];
    paths.extend(run.kept_checkpoints()?);
    paths.retain(|path| path.exists());
    let mut newest = None;
    for path in paths {
        match read(&path, run, network, optimizer) {
            Ok(progress) => {
                let instead = newest.map(|error| (error, path));
                return Ok(Some(Restored { progress, instead }));
            }
            Err(error) => newest = newest.or(Some(error)),
        }
    }
    newest.map_or(Ok(None), Err)
}

fn read(
    path: &Path,
    run: &RunFolder,
    network: &mut Network,
    optimizer: &RmsProp,
) -> Result<Progress> {
    let (stored, metadata) = weights::load_safetensors(path)?;
    let progress = Progress::of_metadata(&metadata, run).with_context(|| Fault {
        kind: ErrorKind::Run,
        message: format!("expected a checkpoint in {}; try a new `out`", path.display()),
    })?;
    weights::assign(&tensors(network, optimizer), &stored, path)?;
    network.refresh()?;
    Ok(progress)
}

/// Writes again what is missing or damaged of `last.ot` and `best.ot` and can be had from the
/// restored `network`. Returns whether `best.ot` is missing or damaged and cannot.
///
/// # Errors
/// If a file cannot be written.
pub fn repair(run: &RunFolder, progress: &Progress, network: &Network) -> Result<bool> {
    let own = network.tensors();
    let is_current = |path: &Path| {
        let Ok(found) = weights::load_ot(path) else { return false };
        let matches = |(name, tensor): &(String, Tensor)| {
            let known = own.iter().find(|(known, _)| known == name);
            known.is_some_and(|(_, known)| {
                known.size() == tensor.size()
                    && known.f_to_device(tch::Device::Cpu).is_ok_and(|known| known.equal(tensor))
            })
        };
        found.len() == own.len() && found.iter().all(matches)
    };
    // Within an epoch, the network is neither.
    let is_last = progress.steps() == 0 && progress.best.is_some();
    let is_best = is_last && progress.best.is_some_and(|best| best.epoch == progress.epochs());
    for (path, is_known) in [(run.last(), is_last), (run.best(), is_best)] {
        if is_known && !is_current(&path) {
            weights::save_ot(&path, &own)?;
        }
    }
    Ok(progress.best.is_some() && !is_best && weights::load_ot(&run.best()).is_err())
}

/// Everything that training changes, under its names in the file.
fn tensors(network: &Network, optimizer: &RmsProp) -> Named {
    let prefixed = |prefix: &str, tensors: &[(String, Tensor)]| -> Named {
        let name = |(name, tensor): &(String, Tensor)| {
            (format!("{prefix}.{name}"), tensor.shallow_clone())
        };
        tensors.iter().map(name).collect()
    };
    let mut all = prefixed("weights", &network.tensors());
    all.extend(prefixed("mean_square", optimizer.state()));
    all
}
