//! Flags of the commands that use trained networks: evaluate, report, and what predict shares.

use super::{Flags, ForceArgs, RunArgs, RunsArgs, Subset, examples};
use clap::{Args, ValueEnum};
use petite::{Inference, MachineOverrides, Scoring, Views, WhichWeights};
use std::path::PathBuf;

/// Evaluate a trained network on a split
///
/// Prints loss, accuracy with its 95 % interval (Wilson), ROC AUC, expected calibration error, the
/// confusion matrix, and precision, recall and F1 of each class; with more than ten classes those with
/// the lowest recall and the most common confusions. Writes SPLIT.json to the run folder, and
/// predictions.csv, confusion_matrix.png and roc.png to the folder SPLIT in it.
#[derive(Debug, Args)]
#[command(after_help = examples::EVALUATE)]
pub struct EvaluateArgs {
    #[command(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    pub pictures: EvaluatedArgs,
    /// Also evaluate this run on the same pictures, and test whether the difference between the two
    /// may be chance (McNemar's exact test)
    #[arg(long, value_name = "RUN")]
    pub against: Option<PathBuf>,
    /// Print only JSON, with every digit
    #[arg(long)]
    pub json: bool,
    /// Also write the decoded pictures, their labels and probabilities to this .safetensors, .npz
    /// or .ot file
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    #[command(flatten)]
    pub force: ForceArgs,
}

/// Write a report on runs: one HTML page, which opens from disk
///
/// It says how well each run does on a split, with intervals, and shows the curves, the confusion
/// matrix, the pictures that it was most wrong about and least sure of, with Grad-CAM, augmented
/// pictures, duplicates, all settings and the commands that compute it again. Several runs are
/// compared picture by picture.
#[derive(Debug, Args)]
#[command(after_help = examples::REPORT)]
pub struct ReportArgs {
    #[command(flatten)]
    pub runs: RunsArgs,
    /// HTML file to write [default: report.html in the first RUN]
    #[arg(long, value_name = "FILE.html")]
    pub to: Option<PathBuf>,
    #[command(flatten)]
    pub force: ForceArgs,
    #[command(flatten)]
    pub pictures: EvaluatedArgs,
    /// Also draw this history: a name from compare --list, or a CSV with Keras's columns
    #[arg(long, value_name = "NAME|FILE.csv")]
    pub reference: Option<PathBuf>,
}

/// Which pictures to evaluate a run on, and how.
#[derive(Debug, Args)]
pub struct EvaluatedArgs {
    /// Split: a folder of the data set, or train, validation or test as the run split it; all for
    /// every picture
    #[arg(long, default_value = "test")]
    pub split: String,
    /// Data set: a folder or an archive [default: the run's]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// CSV with the columns path,label or path,label,split that lists the pictures
    #[arg(long, value_name = "FILE.csv")]
    pub labels: Option<PathBuf>,
    #[command(flatten)]
    pub view: ViewArgs,
    #[command(flatten)]
    pub settings: Flags<Evaluating>,
}

impl EvaluatedArgs {
    /// The pictures that the flags ask for.
    pub fn scoring(&self) -> anyhow::Result<Scoring> {
        let settings = &self.settings;
        Ok(Scoring {
            split: self.split.clone(),
            data: self.data.clone(),
            labels: self.labels.clone(),
            skip_bad_pictures: settings.get("skip_bad_pictures")?.unwrap_or(false),
            cache: settings.get("cache")?,
            inference: self.view.inference(settings)?,
        })
    }
}

/// Which weights to use, on which views of a picture.
#[derive(Debug, Args)]
pub struct ViewArgs {
    /// Which of the run's weights to use
    #[arg(long, value_enum, default_value_t = Weights::Last)]
    pub weights: Weights,
    /// Average the logits of each picture and its mirror image
    #[arg(long)]
    pub flip: bool,
}

impl ViewArgs {
    /// With the machine settings given as flags; the run's settings apply to the others.
    pub fn inference<S>(&self, settings: &Flags<S>) -> anyhow::Result<Inference> {
        Ok(Inference {
            weights: self.weights.into(),
            views: if self.flip { Views::WithMirrorImage } else { Views::Picture },
            machine: MachineOverrides {
                device: settings.get("device")?,
                precision: settings.get("precision")?,
                threads: settings.get("threads")?,
            },
        })
    }
}

/// [`WhichWeights`] as a flag's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Weights {
    /// After the last epoch, as in the book
    Last,
    /// After the epoch with the lowest val_loss
    Best,
}

impl From<Weights> for WhichWeights {
    fn from(weights: Weights) -> Self {
        match weights {
            Weights::Last => Self::Last,
            Weights::Best => Self::Best,
        }
    }
}

/// The settings of the machine.
#[derive(Debug, Clone)]
pub struct Computing;

impl Subset for Computing {
    const NAMES: &[&str] = &["device", "precision", "threads"];
    const DEFAULTS: bool = false;
}

/// The settings of the machine, and of how pictures are read.
#[derive(Debug, Clone)]
pub struct Evaluating;

impl Subset for Evaluating {
    const NAMES: &[&str] = &["cache", "skip_bad_pictures", "device", "precision", "threads"];
    const DEFAULTS: bool = false;
}
