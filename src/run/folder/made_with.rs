//! What a checkpoint was made with: settings, classes and pictures, so that a run whose files or data
//! set were changed since is noticed.

use crate::error::{ErrorKind, Fault};
use crate::run::settings::config::Config;
use crate::run::settings::upgrade::upgrade;
use crate::settings;
use crate::training::schedule::Schedule;
use crate::weights::Metadata;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The key of settings and classes in a checkpoint's metadata.
const SETTINGS: &str = "made_with";

/// The key of the sum of the pictures.
const PICTURES: &str = "data_set";

/// What the weights of a checkpoint depend on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MadeWith {
    /// Class names, by label.
    pub classes: Vec<String>,
    /// The settings as [`comparable`].
    pub train: Config,
    /// The sum of the training and validation pictures; `None` if it is not known.
    #[serde(skip)]
    pub pictures: Option<String>,
}

impl MadeWith {
    /// That of a run with these classes and settings.
    pub fn new(classes: &[String], config: &Config, pictures: Option<String>) -> Self {
        let train = serde_json::from_value(comparable(config)).unwrap_or_else(|_| config.clone());
        Self { classes: classes.to_vec(), train, pictures }
    }

    /// Adds it to a checkpoint's metadata.
    ///
    /// # Errors
    /// If it cannot be serialized.
    pub(crate) fn add_to(&self, metadata: &mut Metadata) -> Result<()> {
        let json = serde_json::to_string(self).context("cannot serialize the settings to JSON")?;
        metadata.insert(SETTINGS.to_owned(), json);
        let pictures = self.pictures.clone().map(|sum| (PICTURES.to_owned(), sum));
        metadata.extend(pictures);
        Ok(())
    }

    /// That of a checkpoint with this metadata; `None` for a checkpoint of an earlier version.
    ///
    /// # Errors
    /// If there is something else instead.
    pub(crate) fn of_metadata(metadata: &Metadata) -> Result<Option<Self>> {
        let Some(text) = metadata.get(SETTINGS) else { return Ok(None) };
        let not_settings = || Fault {
            kind: ErrorKind::Run,
            message: "expected the settings of a run in the checkpoint".to_owned(),
        };
        let mut json: Value = serde_json::from_str(text).with_context(not_settings)?;
        upgrade(&mut json);
        let found: Self = settings::read(json).with_context(not_settings)?;
        Ok(Some(Self { pictures: metadata.get(PICTURES).cloned(), ..found }))
    }
}

/// The settings that differ between `config` and `other` and change the weights by more than
/// rounding: their names, in backticks, and their values in `other`, as JSON.
pub fn differences(config: &Config, other: &Config) -> Vec<(String, String)> {
    let (own, others) = (comparable(config), comparable(other));
    let all = Config::settings().iter();
    let differing = all.filter(|setting| setting.value_in(&own) != setting.value_in(&others));
    let mut found: Vec<(String, String)> = differing
        .map(|setting| {
            let value = setting.value_in(&others).cloned().unwrap_or_default();
            (format!("`{}`", setting.name()), value.to_string())
        })
        .collect();
    if found.is_empty() && own != others {
        found.push(("`network`".to_owned(), "its own".to_owned()));
    }
    found
}

/// The settings in JSON, with one value for all of a setting that may be another on resuming.
fn comparable(config: &Config) -> Value {
    let mut json = serde_json::to_value(config).unwrap_or_default();
    for setting in Config::settings() {
        // All rates of a cosine depend on the number of epochs.
        let is_fixed = config.schedule == Schedule::Cosine && setting.name() == "epochs";
        if let Some(value) = setting.on_resume.as_ref().filter(|_| !is_fixed) {
            setting.set_in(&mut json, value.clone());
        }
    }
    json
}
