//! Keras's RMSprop, written out on named state tensors that can be saved.

use crate::keras::{EpsilonPlace, KerasProfile};
use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// RMSprop's settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RmsPropConfig {
    pub learning_rate: f64,
    /// Decay of the mean of squared gradients.
    pub rho: f64,
    pub epsilon: f64,
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
        let rate = self.learning_rate;
        ensure!(rate.is_finite() && rate > 0.0, "expected --learning-rate above 0, found {rate}");
        ensure!((0.0..1.0).contains(&self.rho), "expected --rho in 0..1, found {}", self.rho);
        let epsilon = self.epsilon;
        ensure!(
            epsilon.is_finite() && epsilon >= 0.0,
            "expected --epsilon of 0 or more, found {epsilon}"
        );
        Ok(())
    }
}

/// Divides each gradient by the root of a running mean of its squares (Tieleman and Hinton, 2012):
/// a ← ρ a + (1 − ρ) g², p ← p − η g / (√a + ε), starting from a = 0.
#[derive(Debug)]
pub struct RmsProp {
    config: RmsPropConfig,
    /// Names and tensors shared with the network.
    parameters: Vec<(String, Tensor)>,
    /// The means of squares, `a`, named and shaped as the parameters.
    state: Vec<(String, Tensor)>,
}

impl RmsProp {
    /// An optimizer for `parameters`, which must need gradients.
    ///
    /// # Errors
    /// If a setting is outside its range, or the state does not fit on the device.
    pub fn new(config: RmsPropConfig, parameters: &[(String, Tensor)]) -> Result<Self> {
        config.check()?;
        let share = |(name, tensor): &(String, Tensor)| (name.clone(), tensor.shallow_clone());
        let zeros = |(name, tensor): &(String, Tensor)| Ok((name.clone(), tensor.f_zeros_like()?));
        Ok(Self {
            config,
            parameters: parameters.iter().map(share).collect(),
            state: tch::no_grad(|| parameters.iter().map(zeros).collect::<Result<_>>())?,
        })
    }

    pub fn learning_rate(&self) -> f64 {
        self.config.learning_rate
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
        for (_, parameter) in &self.parameters {
            let mut gradient = parameter.f_grad()?;
            if gradient.defined() {
                let _ = gradient.f_zero_()?;
            }
        }
        loss.f_backward()?;
        tch::no_grad(|| self.update())
    }

    fn update(&mut self) -> Result<()> {
        let RmsPropConfig { learning_rate, rho, epsilon, epsilon_place } = self.config;
        for ((_, parameter), (_, mean_square)) in self.parameters.iter_mut().zip(&mut self.state) {
            let gradient = parameter.f_grad()?;
            let square = gradient.f_square()?.f_mul_scalar_(1.0 - rho)?;
            let mean_square = mean_square.f_mul_scalar_(rho)?.f_add_(&square)?;
            let divisor = match epsilon_place {
                EpsilonPlace::OutsideRoot => mean_square.f_sqrt()?.f_add_scalar_(epsilon)?,
                EpsilonPlace::InsideRoot => mean_square.f_add_scalar(epsilon)?.f_sqrt_()?,
            };
            let _ = parameter.f_addcdiv_(&gradient.f_mul_scalar(-learning_rate)?, &divisor)?;
        }
        Ok(())
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
            let named = [("p".to_owned(), parameter.shallow_clone())];
            let mut optimizer = RmsProp::new(config, &named).unwrap();
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
