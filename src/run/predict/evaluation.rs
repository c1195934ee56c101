//! The result of an evaluation.

use crate::error::ensure_or;
use crate::files::atomic_file;
use crate::files::text_file;
use crate::metrics::confusion::Confusion;
use crate::metrics::paired::Paired;
use crate::metrics::{Metrics, interval};
use crate::run::folder::WhichWeights;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Maximum length of a result in bytes; with a thousand classes it has a tenth of it.
const MAX_LENGTH: u64 = 32 << 20;

/// Result of an evaluation: `SPLIT.json` in the run's folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Name of the split.
    pub split: String,
    /// Which of the run's weights were used.
    pub weights: WhichWeights,
    /// Whether mirror images were evaluated too:
    /// [`Views::WithMirrorImage`](crate::Views::WithMirrorImage).
    #[serde(default)]
    pub flip: bool,
    /// Number of pictures.
    pub pictures: i64,
    /// Mean loss per picture, in nats.
    pub loss: f64,
    /// Share of correctly classified pictures, 0..=1.
    pub acc: f64,
    /// Counts by true and predicted class.
    pub confusion: Confusion,
    /// Further measures; `None` in the results of older versions.
    #[serde(default)]
    pub metrics: Option<Metrics>,
    /// The comparison with another run on the same pictures, if one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<Against>,
}

/// How another run compares on the same pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Against {
    /// The other run's folder.
    pub run: PathBuf,
    /// Its mean loss per picture, in nats.
    pub loss: f64,
    /// Its share of correctly classified pictures, 0..=1.
    pub acc: f64,
    /// Both runs picture by picture; the evaluated run is the first.
    pub paired: Paired,
}

impl Evaluation {
    /// The 95 % interval of the accuracy ([`interval::wilson`]).
    pub fn acc_interval(&self) -> interval::Interval {
        let pictures = usize::try_from(self.pictures).unwrap_or(0);
        interval::wilson((self.acc * pictures as f64).round() as usize, pictures)
    }

    /// Reads the result stored at `path`.
    ///
    /// # Errors
    /// If the file cannot be read or is not the result of an evaluation.
    pub fn read(path: &Path) -> Result<Self> {
        let text = text_file::read(path, MAX_LENGTH)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let not_a_result = || {
            format!(
                "expected the result of an evaluation in {}; try evaluating the run again",
                path.display()
            )
        };
        let found: Self = serde_json::from_str(&text).with_context(not_a_result)?;
        ensure_or!(
            Run,
            (0.0..=1.0).contains(&found.acc) && found.loss >= 0.0 && found.pictures >= 0,
            "{}, found the accuracy {}, the loss {} and {} pictures",
            not_a_result(),
            found.acc,
            found.loss,
            found.pictures
        );
        Ok(found)
    }

    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let json =
            serde_json::to_vec_pretty(self).context("cannot serialize the result to JSON")?;
        atomic_file::write_bytes(path, &json)
    }
}
