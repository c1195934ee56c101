//! The settings of the optimizer.

use super::rmsprop::RmsProp;
use super::{Optimizer, Parameters};
use crate::keras::{EpsilonPlace, KerasProfile};
use crate::settings;
use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How gradients change the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Optimizer")]
pub struct OptimizerConfig {
    /// Initial learning rate of RMSprop.
    #[schemars(extend("exclusiveMinimum" = 0, "x-value-name" = "RATE"))]
    pub learning_rate: f64,
    /// Decay rate of RMSprop's running mean of squared gradients.
    #[schemars(extend("minimum" = 0, "exclusiveMaximum" = 1, "x-value-name" = "RHO"))]
    pub rho: f64,
    /// Constant ε in RMSprop's divisor, which keeps it above 0.
    #[schemars(extend("minimum" = 0, "x-value-name" = "EPSILON"))]
    pub epsilon: f64,
    /// Where ε is added: outside or inside the square root.
    pub epsilon_place: EpsilonPlace,
}

impl OptimizerConfig {
    /// Defaults of a Keras version, with the book's learning rate of 1e-4.
    pub fn keras(keras: KerasProfile) -> Self {
        let conventions = keras.conventions();
        Self {
            learning_rate: 1e-4,
            rho: 0.9,
            epsilon: conventions.epsilon,
            epsilon_place: conventions.epsilon_place,
        }
    }

    /// The optimizer of `parameters` with these settings.
    ///
    /// # Errors
    /// If a setting is out of range, or the device is out of memory.
    pub fn optimizer(&self, parameters: &Parameters) -> Result<Box<dyn Optimizer>> {
        settings::check(self)?;
        Ok(Box::new(RmsProp::new(self, parameters)?))
    }
}
