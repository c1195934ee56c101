//! The settings of what a run writes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The folder of a run and the files in it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct OutputConfig {
    /// Training steps between checkpoints within an epoch; none to save after epochs only.
    #[serde(default)]
    #[schemars(range(min = 1, max = 2_147_483_647), extend("x-group" = "Checkpoints", "x-value-name" = "N", "x-resume" = null))]
    pub checkpoint_every: Option<i64>,
    /// Number of checkpoints to keep, the older ones as checkpoint-EPOCH.safetensors; none for 1.
    #[serde(default)]
    #[schemars(range(min = 1, max = 65_536), extend("x-value-name" = "N", "x-resume" = null))]
    pub keep: Option<usize>,
    /// Also write event files for TensorBoard to the run folder: losses, accuracies and learning rate
    /// of every epoch, and the pictures of the first training step.
    #[serde(default)]
    #[schemars(extend("x-group" = "Output", "x-resume" = false))]
    pub tensorboard: bool,
    /// Run folder; must be new or empty, except with `resume`. Not stored: a run can be moved.
    #[serde(skip)]
    pub folder: PathBuf,
    /// Whether to continue the run in the folder from its last checkpoint. Not stored.
    #[serde(skip)]
    pub resume: bool,
}
