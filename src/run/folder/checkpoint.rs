//! A run's weights on disk: `last.ot` and `best.ot` for use, `checkpoint.safetensors` for resuming.

use crate::error::{ErrorKind, Fault, ensure_or};
use crate::history::{Epoch, parse_good};
use crate::run::folder::made_with::{MadeWith, differences};
use crate::run::folder::progress;
pub use crate::run::folder::progress::{Best, Progress};
use crate::run::folder::{RunFolder, RunRecord, WhichWeights};
use crate::run::settings::config::Config;
use crate::training::fit::Partial;
use crate::training::saved::Saved;
use crate::weights::{self, Named};
use anyhow::{Context, Error, Result};
use std::path::{Path, PathBuf};

/// Writes a run's weights after every epoch, and within epochs on request.
#[derive(Debug)]
pub struct Checkpoints {
    run: RunFolder,
    made_with: MadeWith,
    /// That of the checkpoint on disk.
    progress: Progress,
    /// Number of checkpoints to keep.
    keep: usize,
}

impl Checkpoints {
    /// Continues after the `progress` of earlier processes of the run. `keep` is the number of
    /// checkpoints to keep, 1 or more.
    pub fn new(run: RunFolder, made_with: MadeWith, progress: Progress, keep: usize) -> Self {
        Self { run, made_with, progress, keep }
    }

    /// Saves the state after the epoch of `row`. The checkpoint is a single file, written last, so
    /// a killed process can always be resumed from a complete epoch.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn save(&mut self, row: &Epoch, saved: &[Saved]) -> Result<()> {
        let tensors = weights_of(saved)?;
        weights::save_ot(&self.run.last(), tensors)?;
        let sum = weights::sum_of(tensors)?;
        let best = match self.progress.best {
            Some(best) if !row.is_better_than(best.val_loss) => best,
            _ => {
                weights::save_ot(&self.run.best(), tensors)?;
                Best { epoch: row.epoch, val_loss: row.val_loss, sum: Some(sum) }
            }
        };
        let mut rows = self.progress.rows.clone();
        rows.push(*row);
        let partial = Partial::default();
        let progress = Progress { rows, partial, best: Some(best), last: Some(sum) };
        self.write(progress, saved)
    }

    /// Saves the state within an epoch. `last.ot` and `best.ot` stay as they are.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save_partial(&mut self, done: &Partial, saved: &[Saved]) -> Result<()> {
        self.write(Progress { partial: *done, ..self.progress.clone() }, saved)
    }

    fn write(&mut self, progress: Progress, saved: &[Saved]) -> Result<()> {
        let path = self.run.checkpoint();
        if self.keep > 1 && path.exists() {
            keep(&path, &self.run.kept_checkpoint(self.progress.epochs(), self.progress.steps()))?;
        }
        write(&path, &progress, &self.made_with, saved)?;
        self.progress = progress;
        let kept = self.run.kept_checkpoints()?;
        for old in kept.iter().skip(self.keep - 1) {
            std::fs::remove_file(old)
                .with_context(|| format!("cannot remove the old checkpoint {}", old.display()))?;
        }
        Ok(())
    }

    /// The progress on disk.
    pub fn into_progress(self) -> Progress {
        self.progress
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

/// Saves weights trained elsewhere as the state before the first epoch, from which the run with these
/// classes and settings can be resumed.
///
/// # Errors
/// If a file cannot be written.
pub fn import(run: &RunFolder, classes: &[String], config: &Config, saved: &[Saved]) -> Result<()> {
    let tensors = weights_of(saved)?;
    weights::save_ot(&run.last(), tensors)?;
    weights::save_ot(&run.best(), tensors)?;
    let progress = Progress::imported(weights::sum_of(tensors)?);
    let made_with = MadeWith::new(classes, config, None);
    write(&run.checkpoint(), &progress, &made_with, saved)
}

fn write(path: &Path, progress: &Progress, made_with: &MadeWith, saved: &[Saved]) -> Result<()> {
    let mut metadata = progress.to_metadata()?;
    made_with.add_to(&mut metadata)?;
    weights::save_safetensors(path, &named(saved), metadata)
}

/// The network's weights, which `last.ot` and `best.ot` have.
fn weights_of(saved: &[Saved]) -> Result<&Named> {
    let mut found = saved.iter().filter(|part| part.prefix == Saved::WEIGHTS);
    found.next().map(|part| &part.tensors).context("expected weights to save, found none")
}

/// All tensors under their names in the file.
fn named(saved: &[Saved]) -> Named {
    saved.iter().flat_map(Saved::named).collect()
}

/// The newest intact checkpoint of a run.
#[derive(Debug)]
pub struct Checkpoint {
    /// How far the run had been trained.
    pub progress: Progress,
    /// What it was trained with; `None` if an earlier version wrote the checkpoint.
    pub made_with: Option<MadeWith>,
    /// If the newest checkpoint is missing or damaged: why, and the one read instead.
    pub instead: Option<(Error, PathBuf)>,
    tensors: Named,
    path: PathBuf,
}

/// Reads the newest intact checkpoint of `run`; `None` if it has none yet.
///
/// # Errors
/// If all checkpoints are damaged, or the run has epochs but no checkpoint.
pub fn read(run: &RunFolder) -> Result<Option<Checkpoint>> {
    let mut paths = run.kept_checkpoints()?;
    let epochs = std::fs::read_to_string(run.history()).map_or(0, |rows| parse_good(&rows).len());
    // A run that ended in its first epoch has none and starts again.
    if run.checkpoint().exists() || !paths.is_empty() || epochs > 0 {
        paths.insert(0, run.checkpoint());
    }
    let mut newest = None;
    for path in paths {
        match read_file(&path, run) {
            Ok(checkpoint) => {
                let instead = newest.map(|error| (error, path));
                return Ok(Some(Checkpoint { instead, ..checkpoint }));
            }
            Err(error) => newest = newest.or(Some(error)),
        }
    }
    newest.map_or(Ok(None), Err)
}

fn read_file(path: &Path, run: &RunFolder) -> Result<Checkpoint> {
    ensure_or!(
        Run,
        path.exists(),
        "expected the checkpoint {} of a run that has epochs in its history, found none; try restoring it, or `from` {} with a new `out`",
        path.display(),
        run.path().display()
    );
    let (tensors, metadata) = weights::load(path)?;
    let not_a_checkpoint = || Fault {
        kind: ErrorKind::Run,
        message: format!("expected a checkpoint in {}; try a new `out`", path.display()),
    };
    let progress = Progress::of_metadata(&metadata, run).with_context(not_a_checkpoint)?;
    let made_with = MadeWith::of_metadata(&metadata).with_context(not_a_checkpoint)?;
    Ok(Checkpoint { progress, made_with, instead: None, tensors, path: path.to_owned() })
}

impl Checkpoint {
    /// Restores `parts`, which are all that it has.
    ///
    /// # Errors
    /// If the checkpoint is from another network; nothing is changed then.
    pub fn restore(&self, parts: &[Saved]) -> Result<()> {
        weights::assign(&named(parts), &self.tensors, &self.path)
    }
}

/// Whether the tensors of `last.ot` or `best.ot` of `run`, as trained with `record`, are those that
/// its checkpoint knows: a sentence if they are not. Nothing is known of a run without a checkpoint
/// of this version.
pub fn odd(
    run: &RunFolder,
    record: &RunRecord,
    which: WhichWeights,
    tensors: &Named,
) -> Option<String> {
    let metadata = weights::safetensors_metadata(&run.checkpoint()).ok()?;
    let made_with = MadeWith::of_metadata(&metadata).ok().flatten()?;
    let mut others: Vec<String> =
        differences(&record.train, &made_with.train).into_iter().map(|(name, _)| name).collect();
    if record.classes != made_with.classes {
        others.push("classes".to_owned());
    }
    if !others.is_empty() {
        return Some(format!(
            "expected the settings of the checkpoint in {}, found another {}; try restoring the file, or petite train --resume",
            run.config().display(),
            others.join(", ")
        ));
    }
    let sum = weights::sum_of(tensors).ok()?;
    let known = progress::sum(&metadata, which)?;
    (known != sum).then(|| {
        format!(
            "expected the weights of the run's checkpoint in {}, found others; try petite train --resume, which restores last.ot",
            run.weights(which).display()
        )
    })
}

/// Whether the `history.csv` of `run`, whose epochs are `rows`, is that of its checkpoint: a sentence if
/// it is not.
pub fn odd_history(run: &RunFolder, rows: &[Epoch]) -> Option<String> {
    let metadata = weights::safetensors_metadata(&run.checkpoint()).ok()?;
    let saved = Progress::of_metadata(&metadata, run).ok()?.rows;
    let is_same =
        rows.iter().map(|row| row.without_clock()).eq(saved.iter().map(|row| row.without_clock()));
    (!is_same).then(|| {
        format!(
            "expected the {} epochs of the run's checkpoint in {}, found others; try petite train --resume, which restores them",
            saved.len(),
            run.history().display()
        )
    })
}

/// Writes again what is missing or damaged of `last.ot` and `best.ot` and can be had from `own`, the
/// restored weights. Returns whether `best.ot` is missing or damaged and cannot.
///
/// # Errors
/// If a file cannot be written.
pub fn repair(run: &RunFolder, progress: &Progress, own: &Named) -> Result<bool> {
    let sum_in = |path: &Path| weights::sum_of(&weights::load(path)?.0);
    // Within an epoch, the network is neither.
    let best = progress.best;
    let is_last = progress.steps() == 0 && best.is_some();
    let is_best = is_last && best.is_some_and(|best| best.epoch == progress.epochs());
    for (path, is_known) in [(run.last(), is_last), (run.best(), is_best)] {
        if is_known && sum_in(&path).ok() != Some(weights::sum_of(own)?) {
            weights::save_ot(&path, own)?;
        }
    }
    let Some(best) = best.filter(|_| !is_best) else { return Ok(false) };
    Ok(!sum_in(&run.best()).is_ok_and(|found| best.sum.is_none_or(|sum| sum == found)))
}
