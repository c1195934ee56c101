//! Keras's RMSprop, written out on named state tensors that can be saved.

use crate::keras::{EpsilonPlace, KerasProfile};
use crate::native::rmsprop;
use crate::settings;
use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// RMSprop's settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Optimizer")]
pub struct RmsPropConfig {
    /// RMSprop's step size.
    #[schemars(extend("exclusiveMinimum" = 0, "x-value-name" = "RATE"))]
    pub learning_rate: f64,
    /// RMSprop's decay of the mean of squared gradients.
    #[schemars(extend("minimum" = 0, "exclusiveMaximum" = 1, "x-value-name" = "RHO"))]
    pub rho: f64,
    /// RMSprop's epsilon.
    #[schemars(extend("minimum" = 0, "x-value-name" = "EPSILON"))]
    pub epsilon: f64,
    /// Where epsilon is added.
    pub epsilon_place: EpsilonPlace,
}

impl RmsPropConfig {
    /// A version of Keras's own, with the book's learning rate, 1e-4.
    pub fn keras(keras: KerasProfile) -> Self {
        let conventions = keras.conventions();
        Self {
            learning_rate: 1e-4,
            rho: 0.9,
            epsilon: conventions.epsilon,
            epsilon_place: conventions.epsilon_place,
        }
    }

    /// # Errors
    /// If a setting is outside its range.
    pub fn check(&self) -> Result<()> {
        settings::check(self)
    }
}

/// Divides each gradient by the root of a running mean of its squares (Tieleman and Hinton, 2012):
/// a ← ρ a + (1 − ρ) g², p ← p − η g / (√a + ε), starting from a = 0.
#[derive(Debug)]
pub struct RmsProp {
    config: RmsPropConfig,
    /// In f32, shared with the network.
    parameters: Vec<Tensor>,
    /// What the network computes with: the parameters, or copies of them in another precision.
    leaves: Vec<Tensor>,
    /// The means of squares, `a`, named and shaped as the parameters.
    state: Vec<(String, Tensor)>,
}

impl RmsProp {
    /// An optimizer for `parameters`, whose gradients are those of `leaves`, place by place
    /// ([`Network::leaves`](crate::nn::network::Network::leaves)).
    ///
    /// # Errors
    /// If a setting is outside its range, or the state does not fit on the device.
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

    pub fn learning_rate(&self) -> f64 {
        self.config.learning_rate
    }

    /// The rate of the next steps.
    pub fn set_learning_rate(&mut self, rate: f64) {
        self.config.learning_rate = rate;
    }

    /// The means of squared gradients, by the name of their parameter.
    pub fn state(&self) -> &[(String, Tensor)] {
        &self.state
    }

    /// Computes the gradients of `loss`, a scalar, and updates every parameter with its own.
    ///
    /// # Errors
    /// If the backward pass fails.
    pub fn minimize(&mut self, loss: &Tensor) -> Result<()> {
        loss.f_backward()?;
        let RmsPropConfig { learning_rate, rho, epsilon, epsilon_place } = self.config;
        let means: Vec<Tensor> = self.state.iter().map(|(_, mean)| mean.shallow_clone()).collect();
        let settings = rmsprop::Settings { learning_rate, rho, epsilon, epsilon_place };
        rmsprop::step(&self.parameters, &means, &self.leaves, settings)?;
        // The next backward pass then hands its gradients over instead of adding them to zeros.
        rmsprop::forget_gradients(&self.leaves)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three steps on the loss p² from p = 1, by the formula in f64.
    #[test]
    fn steps_follow_the_formula() {
        for place in [EpsilonPlace::OutsideRoot, EpsilonPlace::InsideRoot] {
            // An ε so large that its place shows.
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
