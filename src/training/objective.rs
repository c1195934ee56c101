//! The training loss, with optional label smoothing and class weights.

use super::loss::Loss;
use crate::batches::batch::Targets;
use crate::error::ensure_or;
use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

/// Weight of each class in the training loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClassWeights {
    /// All pictures weigh the same.
    #[default]
    Equal,
    /// All classes weigh the same: a picture's weight is pictures / (classes · pictures of its
    /// class).
    Balanced,
}

/// The training loss. Validation uses the plain [`Loss`].
#[derive(Debug)]
pub struct Objective {
    /// The loss without smoothing and weights.
    pub loss: Loss,
    /// Share of each label that is spread evenly over all classes, 0..1: Keras's `label_smoothing`.
    label_smoothing: f64,
    /// Class weights, `[classes]` f32; `None` if all are equal.
    weights: Option<Tensor>,
}

impl Objective {
    /// `labels` are those of the training pictures; [`ClassWeights::Balanced`] counts them.
    ///
    /// # Errors
    /// If balanced classes include one without pictures, or libtorch is out of memory.
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
                    "expected pictures of every class for `class_weights` balanced, found a class without any; try `class_weights` equal"
                );
                let weight = |&count: &usize| labels.len() as f32 / (classes * count) as f32;
                let weights: Vec<f32> = counts.iter().map(weight).collect();
                Some(Tensor::f_from_slice(&weights)?.f_to_device(device)?)
            }
        };
        Ok(Self { loss: Loss::for_classes(classes), label_smoothing, weights })
    }

    /// Mean loss over a batch in nats, a scalar; `logits` as for [`Loss::mean`]. Weighted losses are
    /// divided by the number of pictures, as in Keras, not by the sum of the weights.
    ///
    /// # Errors
    /// If the shapes do not match.
    pub fn mean(&self, logits: &Tensor, targets: &Targets) -> Result<Tensor> {
        let labels = &targets.classes;
        if self.label_smoothing == 0.0 && self.weights.is_none() {
            return self.loss.mean(logits, labels);
        }
        let mut of_each = match self.label_smoothing {
            0.0 => self.loss.of_each(logits, labels)?,
            smoothing => self.loss.of_each_smoothed(logits, labels, smoothing)?,
        };
        if let Some(weights) = &self.weights {
            of_each = of_each.f_mul(&weights.f_index_select(0, labels)?)?;
        }
        Ok(of_each.f_mean(Kind::Float)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(labels: &[i64]) -> Targets {
        Targets::of(Tensor::from_slice(labels))
    }

    fn near(found: &Tensor, expected: f64) {
        let found = found.double_value(&[]);
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }

    #[test]
    fn plain_is_the_loss_itself() {
        let logits = Tensor::from_slice(&[0.3f32, -1.0]);
        let targets = targets(&[1, 0]);
        let plain = Objective::new(2, 0.0, ClassWeights::Equal, &[0, 1], Device::Cpu).unwrap();
        let expected = Loss::BinaryCrossentropy.mean(&logits, &targets.classes).unwrap();
        assert_eq!(plain.mean(&logits, &targets).unwrap(), expected);
    }

    /// Keras: y ← y (1 − s) + s / 2 for one unit, otherwise y (1 − s) + s / classes.
    #[test]
    fn smoothing_matches_keras() {
        let smooth = |classes| Objective::new(classes, 0.2, ClassWeights::Equal, &[], Device::Cpu);
        let logit = 0.7f64;
        let p = 1.0 / (1.0 + (-logit).exp());
        let expected = -(0.9 * p.ln() + 0.1 * (1.0 - p).ln());
        let logits = Tensor::from_slice(&[logit as f32]);
        near(&smooth(2).unwrap().mean(&logits, &targets(&[1])).unwrap(), expected);

        let scores = [2.0f64, 1.0, 0.0];
        let sum: f64 = scores.iter().map(|score| score.exp()).sum();
        let log_p = scores.map(|score| score - sum.ln());
        let expected: f64 = -log_p
            .iter()
            .zip([0.2 / 3.0, 0.8 + 0.2 / 3.0, 0.2 / 3.0])
            .map(|(log_p, y)| log_p * y)
            .sum::<f64>();
        let logits = Tensor::from_slice(&scores.map(|score| score as f32)).view([1, 3]);
        near(&smooth(3).unwrap().mean(&logits, &targets(&[1])).unwrap(), expected);
    }

    /// Keras clips the probability of every class: here two of them, at 1e-7.
    #[test]
    fn smoothing_clips_every_class() {
        let smooth = Objective::new(3, 0.3, ClassWeights::Equal, &[], Device::Cpu).unwrap();
        let logits = Tensor::from_slice(&[40.0f32, 0.0, 0.0]).view([1, 3]);
        let found = smooth.mean(&logits, &targets(&[0])).unwrap();
        near(&found, -(0.1 + 0.1) * 1e-7f64.ln());
    }

    /// The sum of the weighted losses of the label and of both classes, bit for bit.
    #[test]
    fn smoothing_two_classes_adds_three_losses() {
        let smooth = Objective::new(2, 0.1, ClassWeights::Equal, &[], Device::Cpu).unwrap();
        let logits = Tensor::from_slice(&[0.3f32, -1.7, 2.9, 30.0]);
        let targets = targets(&[1, 0, 0, 1]);
        let labels = &targets.classes;
        let of_each = |labels: &Tensor| Loss::BinaryCrossentropy.of_each(&logits, labels).unwrap();
        let (first, second) = (of_each(&labels.full_like(0)), of_each(&labels.full_like(1)));
        let sum = of_each(labels) * (1.0 - 0.1) + first * (0.1 / 2.0) + second * (0.1 / 2.0);
        assert_eq!(smooth.mean(&logits, &targets).unwrap(), sum.mean(Kind::Float));
    }

    /// Three pictures of the first class and one of the second weigh 2/3 and 2.
    #[test]
    fn balanced_classes_weigh_the_same() {
        let labels = [0i64, 0, 0, 1];
        let balanced =
            Objective::new(2, 0.0, ClassWeights::Balanced, &labels, Device::Cpu).unwrap();
        let logits = Tensor::from_slice(&[0.0f32, 0.0, 0.0, 1.0]);
        let found = balanced.mean(&logits, &targets(&labels)).unwrap();
        let of_second = (1.0 + (-1.0f64).exp()).ln();
        near(&found, (3.0 * 2.0 / 3.0 * 2f64.ln() + 2.0 * of_second) / 4.0);
        assert!(Objective::new(3, 0.0, ClassWeights::Balanced, &labels, Device::Cpu).is_err());
    }
}
