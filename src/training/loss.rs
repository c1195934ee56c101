//! Keras's cross-entropy losses and accuracies, computed from logits.

use anyhow::Result;
use tch::{Kind, Reduction, Tensor};

/// Keras clips probabilities to [ε, 1 − ε] with this ε (`backend.epsilon()`).
const EPSILON: f64 = 1e-7;

/// The loss, and the accuracy metric that matches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Keras's `binary_crossentropy`, for two classes and one logit per picture.
    BinaryCrossentropy,
    /// Keras's `categorical_crossentropy`, for more classes and one logit per class.
    CategoricalCrossentropy,
}

impl Loss {
    /// The loss for `classes` classes.
    pub fn for_classes(classes: usize) -> Self {
        if classes == 2 { Self::BinaryCrossentropy } else { Self::CategoricalCrossentropy }
    }

    /// Mean loss over a batch in nats, a scalar. `logits` is `[N]` for two classes, otherwise
    /// `[N, classes]`; `labels` is `[N]` i64.
    ///
    /// # Errors
    /// If the shapes do not match.
    pub fn mean(self, logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
        self.reduced(logits, labels, Reduction::Mean)
    }

    /// Loss of each picture in nats, `[N]`; arguments as for [`Loss::mean`].
    ///
    /// # Errors
    /// If the shapes do not match.
    pub fn of_each(self, logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
        self.reduced(logits, labels, Reduction::None)
    }

    /// Loss of each picture in nats, `[N]`, where the share `smoothing` (0..1) of its label is
    /// spread evenly over all classes: Keras's `label_smoothing`. Other arguments as for
    /// [`Loss::mean`].
    ///
    /// # Errors
    /// If the shapes do not match.
    pub fn of_each_smoothed(
        self,
        logits: &Tensor,
        labels: &Tensor,
        smoothing: f64,
    ) -> Result<Tensor> {
        // Cross-entropy is linear in the label, so the loss of a smoothed label is a weighted mean
        // of the losses of the classes.
        match self {
            Self::BinaryCrossentropy => {
                let mut sum = self.of_each(logits, labels)?.f_mul_scalar(1.0 - smoothing)?;
                for class in 0..2 {
                    let of_class = self.of_each(logits, &labels.f_full_like(class)?)?;
                    sum = sum.f_add(&of_class.f_mul_scalar(smoothing / 2.0)?)?;
                }
                Ok(sum)
            }
            Self::CategoricalCrossentropy => {
                let clipped = clipped_log_probabilities(logits)?;
                let of_label = clipped.f_nll_loss::<Tensor>(labels, None, Reduction::None, -100)?;
                let of_all = clipped.f_mean_dim(-1, false, Kind::Float)?;
                let of_label = of_label.f_mul_scalar(1.0 - smoothing)?;
                Ok(of_label.f_sub(&of_all.f_mul_scalar(smoothing)?)?)
            }
        }
    }

    fn reduced(self, logits: &Tensor, labels: &Tensor, reduction: Reduction) -> Result<Tensor> {
        match self {
            Self::BinaryCrossentropy => {
                // Clipping the logit is equivalent to clipping the probability: both have a zero
                // gradient outside the bounds. In f32, 1 − ε rounds to 1 − 2⁻²³.
                let upper_gap = f64::from(f32::EPSILON);
                let lower = (EPSILON / (1.0 - EPSILON)).ln();
                let upper = ((1.0 - upper_gap) / upper_gap).ln();
                Ok(logits.f_clamp(lower, upper)?.f_binary_cross_entropy_with_logits::<Tensor>(
                    &labels.f_to_kind(Kind::Float)?,
                    None,
                    None,
                    reduction,
                )?)
            }
            Self::CategoricalCrossentropy => {
                let clipped = clipped_log_probabilities(logits)?;
                Ok(clipped.f_nll_loss::<Tensor>(labels, None, reduction, -100)?)
            }
        }
    }

    /// Number of correctly classified pictures, an i64 scalar; see [`Loss::predicted`].
    ///
    /// # Errors
    /// If the shapes do not match.
    pub fn correct(self, logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
        let predicted = self.predicted(&self.probabilities(logits)?)?;
        Ok(predicted.f_eq_tensor(labels)?.f_sum(Kind::Int64)?)
    }

    /// Probabilities: of the second class for two classes, `[N]`; otherwise of all, `[N, classes]`.
    ///
    /// # Errors
    /// If `logits` has another shape.
    pub fn probabilities(self, logits: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::BinaryCrossentropy => logits.f_sigmoid()?,
            Self::CategoricalCrossentropy => logits.f_softmax(-1, Kind::Float)?,
        })
    }

    /// The probabilities of all classes, `[N, classes]` in row-major order, from
    /// [`Loss::probabilities`]. A sigmoid unit gives that of the second class only.
    ///
    /// # Errors
    /// If `probabilities` has another shape.
    pub fn of_all_classes(self, probabilities: &Tensor) -> Result<Vec<f64>> {
        let of_all = match self {
            Self::BinaryCrossentropy => {
                Tensor::f_stack(&[&probabilities.f_rsub_scalar(1.0)?, probabilities], 1)?
            }
            Self::CategoricalCrossentropy => probabilities.shallow_clone(),
        };
        Ok(Vec::<f64>::try_from(&of_all.f_to_kind(Kind::Double)?.f_flatten(0, -1)?)?)
    }

    /// Predicted classes, `[N]` i64, from [`Loss::probabilities`]: for two classes the second if
    /// p > 0.5, otherwise the most probable.
    ///
    /// # Errors
    /// If `probabilities` has another shape.
    pub fn predicted(self, probabilities: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::BinaryCrossentropy => probabilities.f_gt(0.5)?.f_to_kind(Kind::Int64)?,
            Self::CategoricalCrossentropy => probabilities.f_argmax(-1, false)?,
        })
    }
}

/// Logarithms of the softmax of `logits`, `[N, classes]`, clipped as Keras clips probabilities.
fn clipped_log_probabilities(logits: &Tensor) -> Result<Tensor> {
    let log_probabilities = logits.f_log_softmax(-1, Kind::Float)?;
    Ok(log_probabilities.f_clamp(EPSILON.ln(), (1.0 - EPSILON).ln())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss_and_gradient(loss: Loss, logits: &[f32], shape: &[i64], label: i64) -> (f64, Vec<f32>) {
        let logits = Tensor::from_slice(logits).reshape(shape).set_requires_grad(true);
        let value = loss.mean(&logits, &Tensor::from_slice(&[label])).unwrap();
        value.backward();
        (value.double_value(&[]), Vec::try_from(logits.grad().flatten(0, -1)).unwrap())
    }

    #[test]
    fn binary_crossentropy_clips_like_keras() {
        let binary =
            |logit, label| loss_and_gradient(Loss::BinaryCrossentropy, &[logit], &[1], label);
        // −ln σ(2) and its derivative, σ(2) − 1.
        let (value, gradient) = binary(2.0, 1);
        assert!((value - 0.126_928).abs() < 1e-6 && (gradient[0] + 0.119_203).abs() < 1e-6);
        // Outside the bounds the loss is −ln 2⁻²³ (p near 1) or −ln 1e-7 (p near 0), without
        // gradient.
        for (logit, label, bound) in [(30.0, 0, 15.942_385), (-30.0, 1, 16.118_096)] {
            let (value, gradient) = binary(logit, label);
            assert!((value - bound).abs() < 1e-5, "{value}");
            assert_eq!(gradient, [0.0]);
        }
    }

    #[test]
    fn categorical_crossentropy_clips_like_keras() {
        let categorical = |logits: &[f32], label| {
            loss_and_gradient(Loss::CategoricalCrossentropy, logits, &[1, 3], label)
        };
        // −ln (e² / (e² + e¹ + e⁰)), and its derivative at the label, p − 1.
        let (value, gradient) = categorical(&[2.0, 1.0, 0.0], 0);
        assert!((value - 0.407_606).abs() < 1e-6 && (gradient[0] + 0.334_759).abs() < 1e-6);
        let (value, gradient) = categorical(&[40.0, 0.0, 0.0], 1);
        assert!((value - 16.118_096).abs() < 1e-5 && gradient.iter().all(|&g| g == 0.0));
    }

    #[test]
    fn a_probability_of_one_half_is_the_first_class() {
        let logits = Tensor::from_slice(&[-0.1f32, 0.0, 0.1]);
        let labels = Tensor::from_slice(&[0i64, 0, 1]);
        let correct = Loss::BinaryCrossentropy.correct(&logits, &labels).unwrap();
        assert_eq!(correct.int64_value(&[]), 3);
    }
}
