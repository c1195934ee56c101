//! Keras's RMSprop, with its state in named tensors that can be saved.

use crate::keras::{EpsilonPlace, KerasProfile};
use crate::native::rmsprop;
use crate::settings;
use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// Settings of [`RmsProp`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Optimizer")]
pub struct RmsPropConfig {
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

impl RmsPropConfig {
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

    /// Checks the ranges of the settings.
    ///
    /// # Errors
    /// If a setting is out of range.
    pub fn check(&self) -> Result<()> {
        settings::check(self)
    }
}

/// RMSprop (Tieleman and Hinton, 2012): divides each gradient by the root of a running mean of its
/// squares. a ← ρ a + (1 − ρ) g², p ← p − η g / (√a + ε), starting from a = 0; with
/// [`EpsilonPlace::InsideRoot`] the divisor is √(a + ε).
#[derive(Debug)]
pub struct RmsProp {
    config: RmsPropConfig,
    /// f32, in the same memory as the network's.
    parameters: Vec<Tensor>,
    /// The tensors that the network computes with and that have the gradients: the parameters, or
    /// copies of them in another precision.
    leaves: Vec<Tensor>,
    /// The running means `a`, with the names and shapes of the parameters.
    state: Vec<(String, Tensor)>,
}

impl RmsProp {
    /// An optimizer for `parameters`; `leaves[i]` has the gradient of `parameters[i]` (see
    /// [`Network::leaves`](crate::nn::network::Network::leaves)).
    ///
    /// # Errors
    /// If a setting is out of range, or the device is out of memory.
    pub fn new(
        config: RmsPropConfig,
        parameters: &[(String, Tensor)],
        leaves: &[Tensor],
    ) -> Result<Self> {
        config.check()?;
        let zeros = |(name, tensor): &(String, Tensor)| Ok((name.clone(), tensor.f_zeros_like()?));
        Ok(Self {
            config,
            parameters: parameters.iter().map(|(_, tensor)| tensor.shallow_clone()).collect(),
            leaves: leaves.iter().map(Tensor::shallow_clone).collect(),
            state: tch::no_grad(|| parameters.iter().map(zeros).collect::<Result<_>>())?,
        })
    }

    /// Current learning rate.
    pub fn learning_rate(&self) -> f64 {
        self.config.learning_rate
    }

    /// Sets the learning rate of the following steps.
    pub fn set_learning_rate(&mut self, rate: f64) {
        self.config.learning_rate = rate;
    }

    /// Running means of squared gradients, by parameter name.
    pub fn state(&self) -> &[(String, Tensor)] {
        &self.state
    }

    /// Computes the gradients of `loss`, a scalar, and updates all parameters.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn minimize(&mut self, loss: &Tensor) -> Result<()> {
        loss.f_backward()?;
        let RmsPropConfig { learning_rate, rho, epsilon, epsilon_place } = self.config;
        let means: Vec<Tensor> = self.state.iter().map(|(_, mean)| mean.shallow_clone()).collect();
        let settings = rmsprop::Settings { learning_rate, rho, epsilon, epsilon_place };
        rmsprop::step(&self.parameters, &means, &self.leaves, settings)?;
        // Without gradients, the next backward pass stores its own instead of adding them to zeros.
        rmsprop::forget_gradients(&self.leaves)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three steps on the loss p² from p = 1, against the formula in f64.
    #[test]
    fn steps_follow_the_formula() {
        for place in [EpsilonPlace::OutsideRoot, EpsilonPlace::InsideRoot] {
            // ε is so large that it matters where it is added.
            let config =
                RmsPropConfig { learning_rate: 0.1, rho: 0.9, epsilon: 0.5, epsilon_place: place };
            let parameter = Tensor::from_slice(&[1.0f32]).set_requires_grad(true);
            let leaf = parameter.shallow_clone();
            let named = [("p".to_owned(), parameter.shallow_clone())];
            let mut optimizer = RmsProp::new(config, &named, &[leaf]).unwrap();
            let (mut p, mut a) = (1.0f64, 0.0f64);
            for _ in 0..3 {
                optimizer.minimize(&parameter.square().sum(tch::Kind::Float)).unwrap();
                let g = 2.0 * p;
                a = 0.9 * a + 0.1 * g * g;
                p -= 0.1 * g
                    / match place {
                        EpsilonPlace::OutsideRoot => a.sqrt() + 0.5,
                        EpsilonPlace::InsideRoot => (a + 0.5).sqrt(),
                    };
            }
            assert!((parameter.double_value(&[0]) - p).abs() < 1e-6, "{place:?}");
            assert!((optimizer.state()[0].1.double_value(&[0]) - a).abs() < 1e-6, "{place:?}");
        }
    }
}
