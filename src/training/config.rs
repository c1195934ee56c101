//! The settings of the training loop.

use super::objective::ClassWeights;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Lengths of batches, epochs and training, and what the loss is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrainingConfig {
    /// Pictures per training step.
    #[schemars(range(min = 1, max = 2_147_483_647), extend("x-group" = "Training", "x-value-name" = "N"))]
    pub batch_size: i64,
    /// Number of epochs.
    #[schemars(range(min = 1, max = 2_147_483_647), extend("x-value-name" = "N", "x-resume" = 0))]
    pub epochs: i64,
    /// Training steps per epoch; none for one pass over the pictures.
    #[schemars(range(min = 1, max = 2_147_483_647), extend("x-value-name" = "N"))]
    pub steps_per_epoch: Option<i64>,
    /// Batches per validation; none for one pass over the pictures.
    #[schemars(range(min = 1, max = 2_147_483_647), extend("x-value-name" = "N"))]
    pub validation_steps: Option<i64>,
    /// Stop after this many epochs without a new lowest val_loss; none to train all epochs.
    #[serde(default)]
    #[schemars(range(min = 1, max = 2_147_483_647), extend("x-value-name" = "N"))]
    pub patience: Option<i64>,
    /// Share of each label, 0 to 1, to spread evenly over all classes.
    #[serde(default)]
    #[schemars(extend("x-value-name" = "SHARE", "minimum" = 0, "exclusiveMaximum" = 1))]
    pub label_smoothing: f64,
    /// Weight of each class in the training loss.
    #[serde(default)]
    pub class_weights: ClassWeights,
}

/// Listing 5.8 of the book, but 30 epochs of one pass.
impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            batch_size: 20,
            epochs: 30,
            steps_per_epoch: None,
            validation_steps: None,
            patience: None,
            label_smoothing: 0.0,
            class_weights: ClassWeights::default(),
        }
    }
}
