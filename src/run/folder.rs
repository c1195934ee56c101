//! The folder of a run: what lies in it, under which names.

use super::config::Config;
use super::trained::WhichWeights;
use super::upgrade::upgrade;
use crate::atomic_file;
use crate::error::{ensure_or, fault};
use crate::settings::unknown_key;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What `config.json` holds: every setting of the run, and what it was made with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    pub versions: Versions,
    /// The device that was used, in words.
    pub device: String,
    /// Class names; a class's place is its label.
    pub classes: Vec<String>,
    /// The settings.
    pub train: Config,
}

/// The versions a run was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    pub petite: String,
    pub tch: String,
    pub libtorch: String,
}

impl Versions {
    /// The versions of this program.
    pub fn current() -> Self {
        // tch pins the libtorch version that it speaks to.
        Self {
            petite: env!("CARGO_PKG_VERSION").to_owned(),
            tch: "0.24.0".to_owned(),
            libtorch: "2.11.0".to_owned(),
        }
    }
}

/// Paths inside a run's folder.
#[derive(Debug, Clone)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// Makes a new folder for a run.
    ///
    /// # Errors
    /// If it exists and holds anything, or cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        if path.is_dir() {
            let mut entries =
                path.read_dir().with_context(|| format!("cannot read {}", path.display()))?;
            ensure_or!(
                Run,
                entries.next().is_none(),
                "expected `out` {} to be new or empty, found files there; try another `out`, or `resume` to continue that run",
                path.display()
            );
        }
        ensure_or!(
            Run,
            !path.is_file(),
            "expected `out` to be a folder, found the file {}",
            path.display()
        );
        std::fs::create_dir_all(path).with_context(|| {
            format!("cannot create `out` {}; try another folder", path.display())
        })?;
        let run = Self(path.to_owned());
        // A folder that cannot be written is found now, not after the first epoch.
        tempfile::tempfile_in(path).with_context(|| {
            format!("cannot write in `out` {}; try another folder", path.display())
        })?;
        Ok(run)
    }

    /// The folder of a run that exists.
    ///
    /// # Errors
    /// If there is no `config.json` in it.
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

    /// The run at `path`, or the runs that `petite train --repeats` has made in it, by seed.
    ///
    /// # Errors
    /// If there is neither, or `path` cannot be read.
    pub fn open_all(path: &Path) -> Result<Vec<Self>> {
        let repeats = Self::repeats_in(path)?;
        if repeats.is_empty() || Self(path.to_owned()).config().is_file() {
            return Ok(vec![Self::open(path)?]);
        }
        repeats.into_iter().map(|(_, path)| Self::open(&path)).collect()
    }

    /// The folders called `seed-S` in `path`, by seed, with it; none if there is no such folder.
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
            let name = entry.file_name();
            let seed = name.to_str().and_then(|name| name.strip_prefix("seed-")?.parse().ok());
            if let Some(seed) = seed {
                found.push((seed, entry.path()));
            }
        }
        found.sort();
        Ok(found)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn config(&self) -> PathBuf {
        self.0.join("config.json")
    }

    pub fn history(&self) -> PathBuf {
        self.0.join("history.csv")
    }

    /// The weights after the last epoch.
    pub fn last(&self) -> PathBuf {
        self.0.join("last.ot")
    }

    /// The weights after the epoch with the lowest validation loss.
    pub fn best(&self) -> PathBuf {
        self.0.join("best.ot")
    }

    /// The weights that `which` says.
    pub fn weights(&self, which: WhichWeights) -> PathBuf {
        match which {
            WhichWeights::Last => self.last(),
            WhichWeights::Best => self.best(),
        }
    }

    /// All that a later process needs to continue: weights and optimizer state after an epoch.
    pub fn checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint.safetensors")
    }

    pub fn curves(&self, extension: &str) -> PathBuf {
        self.0.join(format!("curves.{extension}"))
    }

    /// The result of evaluating on a split.
    pub fn evaluation(&self, split: &str) -> PathBuf {
        self.0.join(format!("{split}.json"))
    }

    /// # Errors
    /// If `config.json` cannot be read or is not a run's.
    pub fn read_record(&self) -> Result<RunRecord> {
        read_record(&self.config())
    }

    /// # Errors
    /// If `config.json` cannot be written.
    pub fn write_record(&self, record: &RunRecord) -> Result<()> {
        let json =
            serde_json::to_vec_pretty(record).context("cannot turn the settings into JSON")?;
        atomic_file::write_bytes(&self.config(), &json)
    }
}

/// Reads a run's `config.json`, wherever it lies.
///
/// # Errors
/// If it cannot be read, or is not such a file: the line and the field.
pub fn read_record(path: &Path) -> Result<RunRecord> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the settings {}", path.display()))?;
    let not_a_run = || format!("expected the settings of a run in {}", path.display());
    let mut json: Value = serde_json::from_str(&text).with_context(not_a_run)?;
    upgrade(&mut json);
    // From the text where nothing had to be upgraded, so that an error has its line.
    let record: RunRecord = match serde_json::from_str(&text) {
        Ok(record) => record,
        Err(error) => match serde_json::from_value(json.clone()) {
            Ok(record) => record,
            Err(_) => return Err(error).with_context(not_a_run),
        },
    };
    let known = serde_json::to_value(&record).with_context(not_a_run)?;
    if let Some(key) = unknown_key(&json, &known) {
        fault!(Run, "{}, found the unknown {key}", not_a_run());
    }
    record.train.check().with_context(|| format!("in {}", path.display()))?;
    Ok(record)
}
