//! The folder of a run and the files in it.

pub(crate) mod changes;
pub mod checkpoint;
pub(crate) mod fingerprint;
pub mod improving;
pub(crate) mod made_with;
pub(crate) mod picture_paths;
pub mod progress;
pub(crate) mod record;
pub(crate) mod resume;

use crate::error::ensure_or;
use crate::files::folder_lock::{self, FolderLock};
pub use crate::run::folder::record::{RunRecord, Versions, parse_record, read_record};
use crate::{files::atomic_file, files::temporary};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

/// Which of a run's weights to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhichWeights {
    /// After the last epoch, as in the book.
    #[default]
    Last,
    /// After the epoch with the lowest validation loss.
    Best,
}

/// A run's folder and the paths inside it.
#[derive(Debug, Clone)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// Creates the folder of a new run. What a run leaves that is killed before its `config.json`
    /// is written does not count as files in it.
    ///
    /// # Errors
    /// If it is not empty or cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        Self::create_unless(path, &|entry| !is_leftover(entry))
    }

    /// Creates the folder for the runs of [`repeat`](crate::repeat), none of which may have begun.
    ///
    /// # Errors
    /// As [`RunFolder::create`].
    pub(crate) fn create_for_repeats(path: &Path) -> Result<Self> {
        Self::create_unless(path, &|entry| {
            let has_begun = || match entry.path().read_dir() {
                Ok(entries) => entries.flatten().any(|entry| !is_leftover(&entry)),
                Err(_) => true,
            };
            !is_leftover(entry) && (seed_of(entry).is_none() || has_begun())
        })
    }

    fn create_unless(path: &Path, is_used: &dyn Fn(&DirEntry) -> bool) -> Result<Self> {
        if path.is_dir() {
            let entries =
                path.read_dir().with_context(|| format!("cannot read {}", path.display()))?;
            ensure_or!(
                Run,
                !entries.flatten().any(|entry| is_used(&entry)),
                "expected `out` {} to be new or empty, found files there; try another `out`, or `resume` to continue that run",
                path.display()
            );
        }
        ensure_or!(
            Run,
            !path.is_file(),
            "expected `out` to be a folder, found the file {}; try another `out`",
            path.display()
        );
        std::fs::create_dir_all(path).with_context(|| {
            format!("cannot create `out` {}; try another folder", path.display())
        })?;
        let run = Self(path.to_owned());
        // Find out now, not after the first epoch, whether the folder can be written.
        tempfile::tempfile_in(path).with_context(|| {
            format!("cannot write in `out` {}; try another folder", path.display())
        })?;
        Ok(run)
    }

    /// Locks the folder for a process that writes in it, and removes what killed processes left.
    ///
    /// # Errors
    /// If another process has locked it, or it cannot be written.
    pub fn lock(&self) -> Result<FolderLock> {
        let lock = FolderLock::take(&self.0)?;
        atomic_file::sweep(&self.0);
        Ok(lock)
    }

    /// The folder of an existing run.
    ///
    /// # Errors
    /// If it has no `config.json`.
    pub fn open(path: &Path) -> Result<Self> {
        let run = Self(path.to_owned());
        ensure_or!(
            Run,
            run.config().is_file(),
            "expected a run with a config.json at {}, found {}",
            path.display(),
            if path.exists() { "none" } else { "nothing there" }
        );
        Ok(run)
    }

    /// The run at `path`, or the runs that [`repeat`](crate::repeat) made in it, sorted by seed.
    ///
    /// # Errors
    /// If there is no run, or `path` cannot be read.
    pub fn open_all(path: &Path) -> Result<Vec<Self>> {
        let repeats = Self::repeats_in(path)?;
        if repeats.is_empty() || Self(path.to_owned()).config().is_file() {
            return Ok(vec![Self::open(path)?]);
        }
        repeats.into_iter().map(|(_, path)| Self::open(&path)).collect()
    }

    /// The folders `seed-SEED` in `path` with their seeds, sorted by seed.
    ///
    /// # Errors
    /// If `path` cannot be read.
    pub fn repeats_in(path: &Path) -> Result<Vec<(u64, PathBuf)>> {
        if !path.is_dir() {
            return Ok(Vec::new());
        }
        let cannot_read = || format!("cannot read {}", path.display());
        let mut found = Vec::new();
        for entry in path.read_dir().with_context(cannot_read)? {
            let entry = entry.with_context(cannot_read)?;
            found.extend(seed_of(&entry).map(|seed| (seed, entry.path())));
        }
        found.sort();
        Ok(found)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Settings and versions: `config.json`.
    pub fn config(&self) -> PathBuf {
        self.0.join("config.json")
    }

    /// Results of each epoch: `history.csv`.
    pub fn history(&self) -> PathBuf {
        self.0.join("history.csv")
    }

    /// The pictures of each part, if petite split the data set or a list names them: `split.csv`.
    pub fn split(&self) -> PathBuf {
        self.0.join("split.csv")
    }

    /// Weights after the last epoch: `last.ot`.
    pub fn last(&self) -> PathBuf {
        self.0.join("last.ot")
    }

    /// Weights after the epoch with the lowest validation loss: `best.ot`.
    pub fn best(&self) -> PathBuf {
        self.0.join("best.ot")
    }

    /// The file of the weights `which`.
    pub fn weights(&self, which: WhichWeights) -> PathBuf {
        match which {
            WhichWeights::Last => self.last(),
            WhichWeights::Best => self.best(),
        }
    }

    /// State for resuming the run, weights and optimizer state after an epoch:
    /// `checkpoint.safetensors`.
    pub fn checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint.safetensors")
    }

    /// An older checkpoint: the state after `epochs` epochs and `steps` steps of the next.
    pub fn kept_checkpoint(&self, epochs: i64, steps: i64) -> PathBuf {
        self.0.join(match steps {
            0 => format!("checkpoint-{epochs}.safetensors"),
            _ => format!("checkpoint-{epochs}-{steps}.safetensors"),
        })
    }

    /// All older checkpoints, the newest first.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn kept_checkpoints(&self) -> Result<Vec<PathBuf>> {
        let cannot_read = || format!("cannot read {}", self.0.display());
        let mut found = Vec::new();
        for entry in self.0.read_dir().with_context(cannot_read)? {
            let name = entry.with_context(cannot_read)?.file_name();
            let progress = |name: &str| {
                let name = name.strip_prefix("checkpoint-")?.strip_suffix(".safetensors")?;
                let (epochs, steps) = name.split_once('-').unwrap_or((name, "0"));
                Some((epochs.parse::<i64>().ok()?, steps.parse::<i64>().ok()?))
            };
            found.extend(name.to_str().and_then(progress));
        }
        found.sort_unstable();
        Ok(found
            .into_iter()
            .rev()
            .map(|(epochs, steps)| self.kept_checkpoint(epochs, steps))
            .collect())
    }

    /// The state of every picture at the run's start: `pictures.csv`.
    pub fn pictures(&self) -> PathBuf {
        self.0.join("pictures.csv")
    }

    /// Plot of accuracy and loss: `curves.EXTENSION`.
    pub fn curves(&self, extension: &str) -> PathBuf {
        self.0.join(format!("curves.{extension}"))
    }

    /// Event files for TensorBoard, in the folders `train` and `validation`: `tensorboard`.
    pub fn tensorboard(&self) -> PathBuf {
        self.0.join("tensorboard")
    }

    /// Result of evaluating on `split`: `SPLIT.json`.
    pub fn evaluation(&self, split: &str) -> PathBuf {
        self.0.join(format!("{split}.json"))
    }

    /// The folder of an evaluation's other files: `SPLIT`.
    pub fn evaluated(&self, split: &str) -> PathBuf {
        self.0.join(split)
    }

    /// Reads `config.json`.
    ///
    /// # Errors
    /// As [`read_record`].
    pub fn read_record(&self) -> Result<RunRecord> {
        read_record(&self.config())
    }

    /// Writes `config.json`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_record(&self, record: &RunRecord) -> Result<()> {
        let json =
            serde_json::to_vec_pretty(record).context("cannot serialize the settings to JSON")?;
        atomic_file::write_bytes(&self.config(), &json)
    }
}

/// Whether an entry of a run's folder is a lock or an unfinished file, maybe of a killed process.
fn is_leftover(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    name == folder_lock::NAME || name.as_encoded_bytes().starts_with(temporary::PREFIX.as_bytes())
}

/// The seed of the run in an entry `seed-SEED`.
fn seed_of(entry: &DirEntry) -> Option<u64> {
    entry.file_name().to_str()?.strip_prefix("seed-")?.parse().ok()
}
