//! Probabilities of pictures by classifiers that did not see them.

use super::logistic::{Classifiers, Problem};
use crate::stop::Stop;
use anyhow::{Context, Result};
use tch::{Device, Kind, Tensor};

/// Factor between two strengths of the regularization, from the first, 1/4, on.
const FACTOR: f64 = 0.25;

/// Most strengths to try.
const STRENGTHS: i32 = 8;

/// Most logits to hold, which bounds memory: with many classes, folds are trained one after another.
const LOGITS: i64 = 1 << 25;

/// Probabilities are at least this in the loss.
const LEAST: f64 = 1e-7;

/// Probabilities of all pictures, each by a classifier trained on the other folds.
#[derive(Debug)]
pub struct OutOfFold {
    /// `[N, classes]` f32 on the CPU.
    pub probabilities: Tensor,
    /// Mean crossentropy of the labels in nats.
    pub loss: f64,
}

/// Trains a classifier for each of `folds` on the pictures of all the others. `features` is
/// `[N, D]` f32, `labels` and `fold_of` are `[N]` i64 with values below `classes` and `folds`, all on the
/// CPU. The strength of the regularization is lowered until the crossentropy of the pictures left
/// out rises.
///
/// # Errors
/// If a feature is not finite, libtorch is out of memory, or a stop was requested.
pub fn out_of_fold(
    features: &Tensor,
    labels: &Tensor,
    fold_of: &Tensor,
    (classes, folds): (i64, i64),
    stop: &Stop,
) -> Result<OutOfFold> {
    let problem = Problem::new(features, labels, classes)?;
    let at_once = (LOGITS / (problem.pictures * classes)).clamp(1, folds);
    let mut parts = Vec::new();
    for first in (0..folds).step_by(at_once as usize) {
        parts.push(Classifiers::new(&problem, fold_of, first..folds.min(first + at_once))?);
    }
    // Every fold trains on at least as many.
    let fewest = parts.iter().map(|part| part.fewest).fold(f64::INFINITY, f64::min);
    let mut best: Option<OutOfFold> = None;
    for power in 1..=STRENGTHS {
        let strength = FACTOR.powi(power);
        let bound = problem.bound(strength, fewest)?;
        let shape = [problem.pictures, classes];
        let mut probabilities = Tensor::f_zeros(shape.as_slice(), (Kind::Float, Device::Cpu))?;
        for part in &mut parts {
            part.train(&problem, strength, &bound, stop)?;
            probabilities = probabilities.f_add(&part.left_out(&problem)?)?;
        }
        let of_labels = probabilities.f_gather(1, &labels.f_unsqueeze(1)?, false)?;
        let loss = of_labels.f_clamp_min(LEAST)?.f_log()?.f_mean(Kind::Double)?.f_neg()?;
        let loss = loss.f_double_value(&[])?;
        if best.as_ref().is_some_and(|best| loss >= best.loss) {
            break;
        }
        best = Some(OutOfFold { probabilities, loss });
    }
    best.context("expected probabilities of the pictures, found none")
}

#[cfg(test)]
mod tests {
    use super::super::logistic::tests::{fold_of, pictures, values};
    use super::*;

    #[test]
    fn a_picture_is_judged_by_the_others() {
        let (features, labels) = pictures(90);
        let mut wrong = Vec::<i64>::try_from(&labels).unwrap();
        wrong[4] = (wrong[4] + 1) % 3;
        let wrong = Tensor::from_slice(&wrong);
        let stop = Stop::default();
        let found = out_of_fold(&features, &wrong, &fold_of(90, 5), (3, 5), &stop).unwrap();
        let rows = values(&found.probabilities);
        for (index, row) in rows.chunks(3).enumerate() {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            assert!(row[index % 3] > 0.5, "{index}: {row:?}");
        }
        assert!(found.loss > 0.0 && found.loss < 0.5, "{}", found.loss);
        let with = |labels: &Tensor, strength| {
            let problem = Problem::new(&features, labels, 3).unwrap();
            let mut part = Classifiers::new(&problem, &fold_of(90, 5), 0..5).unwrap();
            let bound = problem.bound(strength, part.fewest).unwrap();
            part.train(&problem, strength, &bound, &stop).unwrap();
            part.left_out(&problem).unwrap()
        };
        // A lower strength is better than the first.
        let of_first = with(&wrong, FACTOR).gather(1, &wrong.unsqueeze(1), false).log();
        assert!(found.loss < -of_first.mean(Kind::Double).double_value(&[]));
        // Its own label changes nothing for a picture, but for the strength.
        let of_fourth = |labels| values(&with(labels, 0.01).get(4));
        for (one, other) in of_fourth(&labels).iter().zip(of_fourth(&wrong)) {
            assert!((one - other).abs() < 1e-5, "{one} {other}");
        }
    }

    #[test]
    fn refuses_features_that_are_not_finite() {
        let (features, labels) = pictures(9);
        let _ = features.get(2).get(1).fill_(f64::NAN);
        let error =
            out_of_fold(&features, &labels, &fold_of(9, 3), (3, 3), &Stop::default()).unwrap_err();
        assert!(error.to_string().starts_with("expected finite features"), "{error}");
    }
}
