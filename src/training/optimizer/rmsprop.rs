//! RMSprop, as Keras has it.

use super::{Optimizer, OptimizerConfig, Parameters};
use crate::native::rmsprop::{self, Settings};
use crate::training::saved::Saved;
use anyhow::Result;
use tch::Tensor;

/// RMSprop (Tieleman and Hinton, 2012): divides each gradient by the root of a running mean of its
/// squares. a ← ρ a + (1 − ρ) g², p ← p − η g / (√a + ε), starting from a = 0; with
/// [`EpsilonPlace::InsideRoot`](crate::keras::EpsilonPlace::InsideRoot) the divisor is √(a + ε).
#[derive(Debug)]
pub struct RmsProp {
    settings: Settings,
    names: Vec<String>,
    /// The running means `a`, with the shapes of the parameters.
    mean_squares: Vec<Tensor>,
}

impl RmsProp {
    /// An optimizer of `parameters` that has seen no gradient.
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn new(config: &OptimizerConfig, parameters: &Parameters) -> Result<Self> {
        let OptimizerConfig { rho, epsilon, epsilon_place, .. } = *config;
        Ok(Self {
            settings: Settings { rho, epsilon, epsilon_place },
            names: parameters.names.clone(),
            mean_squares: parameters.zeros()?,
        })
    }
}

impl Optimizer for RmsProp {
    fn apply(&self, parameters: &Parameters, rate: &Tensor) -> Result<()> {
        let Parameters { masters, leaves, .. } = parameters;
        rmsprop::step(masters, &self.mean_squares, leaves, rate, self.settings)
    }

    fn states(&self) -> Vec<Saved> {
        vec![Saved::new("mean_square", &self.names, &self.mean_squares)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keras::{EpsilonPlace, KerasProfile};
    use crate::training::update::Update;
    use crate::weights::Named;
    use tch::Kind;

    /// Three steps on the loss p² from p = 1, against the formula in f64, at a rate that changes.
    #[test]
    fn steps_follow_the_formula() {
        for epsilon_place in [EpsilonPlace::OutsideRoot, EpsilonPlace::InsideRoot] {
            // ε is so large that it matters where it is added.
            let keras = OptimizerConfig::keras(KerasProfile::default());
            let config = OptimizerConfig { rho: 0.9, epsilon: 0.5, epsilon_place, ..keras };
            let parameter = Tensor::from_slice(&[1.0f32]).set_requires_grad(true);
            let named = [("p".to_owned(), parameter.shallow_clone())];
            let update =
                Update::of(&config, Parameters::new(&named, &[parameter.shallow_clone()])).unwrap();
            let (mut p, mut a) = (1.0f64, 0.0f64);
            for rate in [0.1, 0.2, 0.05] {
                update.backward(&parameter.square().sum(Kind::Float)).unwrap();
                assert_eq!(update.gradients().count(), 1);
                update.apply(&Tensor::from(rate as f32)).unwrap();
                assert_eq!(update.gradients().count(), 0);
                let g = 2.0 * p;
                a = 0.9 * a + 0.1 * g * g;
                p -= rate * g
                    / match epsilon_place {
                        EpsilonPlace::OutsideRoot => a.sqrt() + 0.5,
                        EpsilonPlace::InsideRoot => (a + 0.5).sqrt(),
                    };
            }
            assert!((parameter.double_value(&[0]) - p).abs() < 1e-6, "{epsilon_place:?}");
            let saved: Named = update.optimizer.states().iter().flat_map(Saved::named).collect();
            let [(name, mean)] = &saved[..] else { panic!("{saved:?}") };
            assert_eq!(name, "mean_square.p");
            assert!((mean.double_value(&[0]) - a).abs() < 1e-6, "{epsilon_place:?}");
        }
    }
}
