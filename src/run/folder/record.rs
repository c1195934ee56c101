//! The contents of a run's `config.json`.

use crate::error::fault;
use crate::files::text_file;
use crate::run::settings::config::Config;
use crate::run::settings::upgrade::upgrade;
use crate::settings::unknown_key;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

/// Maximum length of a `config.json` in bytes; with a thousand classes it has a hundredth of it.
const MAX_RECORD: u64 = 16 << 20;

/// Contents of `config.json`: all settings of a run, and what it was made with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Versions of the software.
    pub versions: Versions,
    /// Description of the device.
    pub device: String,
    /// Class names, by label.
    pub classes: Vec<String>,
    /// The settings.
    pub train: Config,
}

/// Versions of the software that a run was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Version of this crate.
    pub petite: String,
    /// Version of the crate tch.
    pub tch: String,
    /// Version of libtorch.
    pub libtorch: String,
}

impl Versions {
    /// The versions in this build.
    pub fn current() -> Self {
        // A version of tch supports exactly one of libtorch.
        Self {
            petite: env!("CARGO_PKG_VERSION").to_owned(),
            tch: "0.24.0".to_owned(),
            libtorch: "2.11.0".to_owned(),
        }
    }
}

/// Reads the `config.json` of a run, in the format of this or an earlier version.
///
/// # Errors
/// If it cannot be read, or as [`parse_record`].
pub fn read_record(path: &Path) -> Result<RunRecord> {
    let text = text_file::read(path, MAX_RECORD)
        .with_context(|| format!("cannot read the settings {}", path.display()))?;
    parse_record(&text, path)
}

/// Reads the text of a `config.json`; `source` names it in errors.
///
/// # Errors
/// If it does not have the settings of a run, with the line or field.
pub fn parse_record(text: &str, source: &Path) -> Result<RunRecord> {
    let not_a_run = || format!("expected the settings of a run in {}", source.display());
    let mut json: Value = serde_json::from_str(text).with_context(not_a_run)?;
    upgrade(&mut json);
    // Only errors in the text have line numbers.
    let record: RunRecord = serde_json::from_value(json.clone())
        .or_else(|_| serde_json::from_str(text))
        .with_context(not_a_run)?;
    let known = serde_json::to_value(&record).with_context(not_a_run)?;
    if let Some(key) = unknown_key(&json, &known) {
        fault!(Run, "{}, found the unknown field {key}", not_a_run());
    }
    record.train.check().with_context(|| format!("in {}", source.display()))?;
    Ok(record)
}
