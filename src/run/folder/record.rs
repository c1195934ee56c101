//! The contents of a run's `config.json`.

use crate::dataset::config::DataConfig;
use crate::files::text_file;
use crate::machine::config::MachineConfig;
use crate::pictures::config::PictureConfig;
use crate::run::settings::config::Config;
use crate::run::settings::network::NetworkConfig;
use crate::run::settings::output::OutputConfig;
use crate::run::settings::upgrade::upgrade;
use crate::settings;
use crate::training::config::TrainingConfig;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
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
    let record: RunRecord = settings::read(json)
        .map_err(|error| in_text(text).map_or(error, Into::into))
        .with_context(not_a_run)?;
    record.train.check().with_context(|| format!("in {}", source.display()))?;
    Ok(record)
}

/// The error in the text of a `config.json` with its line, which serde does not know for the settings
/// that are flattened: their structs are read one by one.
fn in_text(text: &str) -> Option<serde_json::Error> {
    /// A record, of which only some settings are read.
    #[derive(Deserialize)]
    struct Only<T> {
        #[serde(rename = "train")]
        _train: T,
    }
    fn read<T: DeserializeOwned>(text: &str) -> serde_json::Result<()> {
        serde_json::from_str::<Only<T>>(text).map(drop)
    }
    read::<DataConfig>(text)
        .and_then(|()| read::<NetworkConfig>(text))
        .and_then(|()| read::<PictureConfig>(text))
        .and_then(|()| read::<TrainingConfig>(text))
        .and_then(|()| read::<MachineConfig>(text))
        .and_then(|()| read::<OutputConfig>(text))
        .and_then(|()| serde_json::from_str::<RunRecord>(text).map(drop))
        .err()
}
