//! What to export, and how.

use crate::run::folder::WhichWeights;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The format of an exported network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// ONNX of opset 17, with the [`Description`](super::Description) in its `metadata_props`.
    Onnx,
    /// TorchScript, with the description as the extra file `petite.json`. Batch normalization is folded
    /// into the kernels.
    Torchscript,
    /// The weights alone, under this crate's names, with the description in the metadata.
    Safetensors,
}

/// The values that an exported network gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// A probability for each class, also for the two classes of one sigmoid unit: `[N, classes]`.
    #[default]
    Probabilities,
    /// The scores before the sigmoid or softmax: `[N, 1]` for two classes, of the second one, else
    /// `[N, classes]`.
    Logits,
}

impl Output {
    /// Both choices.
    pub const ALL: [Self; 2] = [Self::Probabilities, Self::Logits];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Probabilities => "probabilities",
            Self::Logits => "logits",
        }
    }
}

/// What to export, and how.
#[derive(Debug, Clone)]
pub struct Export {
    /// The run's folder.
    pub run: PathBuf,
    /// Which of the run's weights to use.
    pub weights: WhichWeights,
    /// Format of the file.
    pub format: Format,
    /// The values the network gives; those of [`Format::Safetensors`] are its weights in any case.
    pub output: Output,
    /// The file to write. One that is there is replaced.
    pub to: PathBuf,
}

impl Export {
    /// Exports the last weights of `run` to the file `to`, for probabilities.
    pub fn new(run: impl Into<PathBuf>, format: Format, to: impl Into<PathBuf>) -> Self {
        Self {
            run: run.into(),
            weights: WhichWeights::Last,
            format,
            output: Output::Probabilities,
            to: to.into(),
        }
    }
}
