//! What training minimises: the loss, with softened labels and weighed classes if asked for.

use super::loss::Loss;
use crate::error::ensure_or;
use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

/// How much a class's pictures count in the training loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    /// Every picture alike.
    #[default]
    Equal,
    /// Every class alike: a picture counts pictures / (classes · pictures of its class).
    Balanced,
}

/// The training loss. Validation goes by the plain [`Loss`].
#[derive(Debug)]
pub struct Objective {
    pub loss: Loss,
    /// The share of a label that is spread over all classes, 0..1: Keras's `label_smoothing`.
    label_smoothing: f64,
    /// `[classes]` f32; none where all count alike.
    weights: Option<Tensor>,
}

impl Objective {
    /// `labels` are the training pictures', of which `ClassWeights::Balanced` counts the classes.
    ///
    /// # Errors
    /// If a class has no picture, or libtorch is out of memory.
    pub fn new(
        classes: usize,
        label_smoothing: f64,
        class_weights: ClassWeights,
        labels: &[i64],
        device: Device,
    ) -> Result<Self> {
        let weights = match class_weights {
            ClassWeights::Equal => None,
            ClassWeights::Balanced => {
                let mut counts = vec![0usize; classes];
                for &label in labels {
                    if let Some(count) = counts.get_mut(label as usize) {
                        *count += 1;
                    }
                }
                ensure_or!(
                    DataSet,
                    counts.iter().all(|&count| count > 0),
                    "expected pictures of every class for `class_weights` balanced"
                );
                let weight = |&count: &usize| labels.len() as f32 / (classes * count) as f32;
                let weights: Vec<f32> = counts.iter().map(weight).collect();
                Some(Tensor::f_from_slice(&weights)?.f_to_device(device)?)
            }
        };
        Ok(Self { loss: Loss::for_classes(classes), label_smoothing, weights })
    }

    /// The mean over the batch, a scalar; arguments as for [`Loss::mean`]. Weighted losses are
    /// divided by the number of pictures, as Keras does, not by the sum of the weights.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn mean(&self, logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
        if self.label_smoothing == 0.0 && self.weights.is_none() {
            return self.loss.mean(logits, labels);
        }
        let classes = match self.loss {
            Loss::BinaryCrossentropy => 2,
            Loss::CategoricalCrossentropy => logits.size().last().copied().unwrap_or(1),
        };
        let others = self.label_smoothing / classes as f64;
        // Crossentropy is linear in the label: spread over the classes, it is the mean of theirs.
        let of_label =
            self.loss.of_each(logits, labels)?.f_mul_scalar(1.0 - self.label_smoothing)?;
        let mut of_each = of_label;
        if others > 0.0 {
            for class in 0..classes {
                let other = labels.f_full_like(class)?;
                of_each =
                    of_each.f_add(&self.loss.of_each(logits, &other)?.f_mul_scalar(others)?)?;
            }
        }
        if let Some(weights) = &self.weights {
            of_each = of_each.f_mul(&weights.f_index_select(0, labels)?)?;
        }
        Ok(of_each.f_mean(Kind::Float)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &Tensor, expected: f64) {
        let found = found.double_value(&[]);
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }

    #[test]
    fn plain_is_the_loss_itself() {
        let logits = Tensor::from_slice(&[0.3f32, -1.0]);
        let labels = Tensor::from_slice(&[1i64, 0]);
        let plain = Objective::new(2, 0.0, ClassWeights::Equal, &[0, 1], Device::Cpu).unwrap();
        let expected = Loss::BinaryCrossentropy.mean(&logits, &labels).unwrap();
        assert_eq!(plain.mean(&logits, &labels).unwrap(), expected);
    }

    /// Keras: y ← y (1 − s) + s / 2 for one unit, y (1 − s) + s / classes for more.
    #[test]
    fn smoothing_is_keras_s() {
        let smooth = |classes| Objective::new(classes, 0.2, ClassWeights::Equal, &[], Device::Cpu);
        let logit = 0.7f64;
        let p = 1.0 / (1.0 + (-logit).exp());
        let expected = -(0.9 * p.ln() + 0.1 * (1.0 - p).ln());
        let logits = Tensor::from_slice(&[logit as f32]);
        near(&smooth(2).unwrap().mean(&logits, &Tensor::from_slice(&[1i64])).unwrap(), expected);

        let scores = [2.0f64, 1.0, 0.0];
        let sum: f64 = scores.iter().map(|score| score.exp()).sum();
        let log_p = scores.map(|score| score - sum.ln());
        let expected: f64 = -log_p
            .iter()
            .zip([0.2 / 3.0, 0.8 + 0.2 / 3.0, 0.2 / 3.0])
            .map(|(log_p, y)| log_p * y)
            .sum::<f64>();
        let logits = Tensor::from_slice(&scores.map(|score| score as f32)).view([1, 3]);
        near(&smooth(3).unwrap().mean(&logits, &Tensor::from_slice(&[1i64])).unwrap(), expected);
    }

    /// Three pictures of the first class and one of the second: they count 2/3 and 2.
    #[test]
    fn balanced_classes_count_alike() {
        let labels = [0i64, 0, 0, 1];
        let balanced =
            Objective::new(2, 0.0, ClassWeights::Balanced, &labels, Device::Cpu).unwrap();
        let logits = Tensor::from_slice(&[0.0f32, 0.0, 0.0, 1.0]);
        let found = balanced.mean(&logits, &Tensor::from_slice(&labels)).unwrap();
        let of_second = (1.0 + (-1.0f64).exp()).ln();
        near(&found, (3.0 * 2.0 / 3.0 * 2f64.ln() + 2.0 * of_second) / 4.0);
        assert!(Objective::new(3, 0.0, ClassWeights::Balanced, &labels, Device::Cpu).is_err());
    }
}
