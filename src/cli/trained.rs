//! The flags of the commands that look at a trained network.

use super::{Flags, Subset};
use clap::{Args, ValueEnum};
use petite::run::trained::{Asked, WhichWeights};
use petite::settings::Setting;
use petite::training::validate::Views;
use std::path::PathBuf;

/// Measure a trained network on a split
///
/// Prints loss, accuracy and which classes are predicted for which; writes SPLIT.json to the run.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Folder of the run
    #[arg(long, value_name = "RUN")]
    pub run: PathBuf,
    /// Folder of pictures inside the data set
    #[arg(long, default_value = "test")]
    pub split: String,
    /// Data set [default: the run's]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub view: ViewArgs,
    /// Print JSON with every digit, and nothing else
    #[arg(long)]
    pub json: bool,
    /// Also write the decoded pictures with labels and probabilities, as .safetensors, .npz or .ot
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    #[command(flatten)]
    pub settings: Flags<Evaluating>,
}

/// Predict the classes of pictures
#[derive(Debug, Args)]
pub struct PredictArgs {
    /// Folder of the run
    #[arg(long, value_name = "RUN")]
    pub run: PathBuf,
    /// JPEGs, or folders of them
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub view: ViewArgs,
    /// Write path, class and one probability per class to this CSV instead of printing
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    #[command(flatten)]
    pub settings: Flags<Computing>,
}

/// Which weights look at a picture, and how.
#[derive(Debug, Args)]
pub struct ViewArgs {
    /// Which of the run's weights
    #[arg(long, value_enum, default_value_t = Weights::Last)]
    pub weights: Weights,
    /// Look at every picture's mirror image too, and take the mean of the two logits
    #[arg(long)]
    pub flip: bool,
}

impl ViewArgs {
    /// What `--flip` asks for.
    pub fn views(&self) -> Views {
        if self.flip { Views::WithMirrorImage } else { Views::Picture }
    }
}

/// [`WhichWeights`] as a flag's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Weights {
    /// After the last epoch, as in the book
    Last,
    /// After the epoch with the lowest validation loss
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
    const DEFAULTS: bool = false;

    fn holds(setting: &Setting) -> bool {
        ["device", "precision", "threads"].contains(&setting.name())
    }
}

/// Those, and how pictures are read.
#[derive(Debug, Clone)]
pub struct Evaluating;

impl Subset for Evaluating {
    const DEFAULTS: bool = false;

    fn holds(setting: &Setting) -> bool {
        Computing::holds(setting) || ["cache", "skip_bad_pictures"].contains(&setting.name())
    }
}

/// What the flags say of the machine; the rest is the run's.
pub fn asked<S>(settings: &mut Flags<S>) -> anyhow::Result<Asked> {
    Ok(Asked {
        device: settings.take("device")?,
        precision: settings.take("precision")?,
        threads: settings.take("threads")?,
    })
}
