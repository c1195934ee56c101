//! Logistic regression on features, of several folds at once.
//!
//! The loss of a fold is the mean crossentropy of the softmax over the pictures of the other folds
//! plus `λ/2 · ‖W‖²`, on standardized features of length 1 on average. Its Hessian is at most
//! `½ · XᵀX/n + λ` (Böhning, "Multinomial logistic regression algorithm", 1992), so that steps with
//! the inverse of this bound never diverge and need no step size. `X` is that of all pictures and the
//! bound the same for every fold, and Nesterov's momentum, restarted where it leads uphill
//! (O'Donoghue and Candès, "Adaptive restart for accelerated gradient schemes", 2015), leaves some
//! twenty steps.

use crate::error::ensure_or;
use crate::stop::Stop;
use anyhow::Result;
use std::ops::Range;
use tch::{Device, Kind, Tensor};

/// Most steps at one strength.
const STEPS: usize = 200;

/// Training ends when a step lowers the loss of a fold by less than about half of this, in nats.
const TOLERANCE: f64 = 1e-7;

/// The pictures and their labels, for all folds.
pub(super) struct Problem {
    /// Standardized features, and a 1 for the bias: `[N, D + 1]`.
    inputs: Tensor,
    /// `inputsᵀ · inputs`.
    gram: Tensor,
    /// 1 for the label of each picture, else 0: `[N, 1, classes]`.
    targets: Tensor,
    /// 1 for features and 0 for the bias, which is not regularized: `[D + 1, 1]`.
    regularized: Tensor,
    /// Number of pictures.
    pub pictures: i64,
    classes: i64,
}

impl Problem {
    /// `features` is `[N, D]` f32, and `labels` is `[N]` i64 with values below `classes`.
    pub fn new(features: &Tensor, labels: &Tensor, classes: i64) -> Result<Self> {
        let (pictures, dimensions) = features.size2()?;
        let finite = features.f_isfinite()?.f_all()?.f_int64_value(&[])? == 1;
        ensure_or!(
            Weights,
            finite,
            "expected finite features from the base, found others; try `precision` fp32, or other `weights`"
        );
        let options = (Kind::Float, Device::Cpu);
        let centered = features.f_sub(&features.f_mean_dim(0i64, true, Kind::Float)?)?;
        let squares = centered.f_square()?.f_mean_dim(0i64, true, Kind::Float)?;
        // A feature that is the same for all pictures stays so.
        let scale =
            squares.f_sqrt()?.f_clamp_min(1e-6)?.f_mul_scalar((dimensions as f64).sqrt())?;
        let ones = Tensor::f_ones([pictures, 1].as_slice(), options)?;
        let inputs = Tensor::f_cat(&[centered.f_div(&scale)?, ones], 1)?;
        let gram = inputs.f_transpose(0, 1)?.f_matmul(&inputs)?;
        let targets = labels.f_one_hot(classes)?.f_to_kind(Kind::Float)?.f_unsqueeze(1)?;
        let regularized = Tensor::f_ones([dimensions + 1, 1].as_slice(), options)?;
        let _ = regularized.f_narrow(0, dimensions, 1)?.f_zero_()?;
        Ok(Self { inputs, gram, targets, regularized, pictures, classes })
    }

    /// The Cholesky factor of the bound of the Hessian for folds that train on `fewest` pictures or
    /// more: `[D + 1, D + 1]`.
    pub fn bound(&self, strength: f64, fewest: f64) -> Result<Tensor> {
        let diagonal = self.regularized.f_mul_scalar(strength)?.f_squeeze()?.f_diag(0)?;
        let bound = self.gram.f_mul_scalar(0.5 / fewest)?.f_add(&diagonal)?;
        Ok(bound.f_linalg_cholesky(false)?)
    }
}

/// Folds that are trained at once.
pub(super) struct Classifiers {
    /// The share of each picture in the mean of each fold, 0 for those of the fold: `[N, F, 1]`.
    shares: Tensor,
    /// 1 for the pictures of each fold, which it is not trained on: `[N, F, 1]`.
    left_out: Tensor,
    /// The classifiers before training: logarithms of the shares of the classes, `[F, classes]`.
    priors: Tensor,
    /// `[D + 1, F · classes]`
    weights: Tensor,
    /// Fewest pictures that a fold is trained on.
    pub fewest: f64,
    folds: i64,
}

impl Classifiers {
    /// `fold_of` is `[N]` i64.
    pub fn new(problem: &Problem, fold_of: &Tensor, folds: Range<i64>) -> Result<Self> {
        let numbers = Tensor::f_arange_start(folds.start, folds.end, (Kind::Int64, Device::Cpu))?;
        let left_out = fold_of.f_unsqueeze(1)?.f_eq_tensor(&numbers)?.f_to_kind(Kind::Float)?;
        let left_out = left_out.f_unsqueeze(2)?;
        let trained = left_out.f_neg()?.f_add_scalar(1.0)?;
        let counts = trained.f_sum_dim_intlist(0i64, false, Kind::Float)?;
        let of_classes =
            trained.f_mul(&problem.targets)?.f_sum_dim_intlist(0i64, false, Kind::Float)?;
        // Half a picture more of each class, so that a class without any is rare but possible.
        let all = counts.f_add_scalar(0.5 * problem.classes as f64)?;
        let priors = of_classes.f_add_scalar(0.5)?.f_div(&all)?.f_log()?;
        let (count, inputs) = (folds.end - folds.start, problem.inputs.size2()?.1);
        let weights = Tensor::f_zeros(
            [inputs, count * problem.classes].as_slice(),
            (Kind::Float, Device::Cpu),
        )?;
        let shares = trained.f_div(&counts)?;
        let fewest = counts.f_min()?.f_double_value(&[])?;
        Ok(Self { shares, left_out, priors, weights, fewest, folds: count })
    }

    /// Trains on from the weights of a greater strength.
    pub fn train(
        &mut self,
        problem: &Problem,
        strength: f64,
        bound: &Tensor,
        stop: &Stop,
    ) -> Result<()> {
        let penalty = problem.regularized.f_mul_scalar(strength)?;
        let transposed = problem.inputs.f_transpose(0, 1)?;
        let (mut ahead, mut momentum) = (self.weights.shallow_clone(), 1.0f64);
        for _ in 0..STEPS {
            stop.check()?;
            let errors = self.probabilities(problem, &ahead)?.f_sub(&problem.targets)?;
            let errors = errors.f_mul(&self.shares)?.f_view([problem.pictures, -1])?;
            let gradient = transposed.f_matmul(&errors)?.f_add(&penalty.f_mul(&ahead)?)?;
            let step = gradient.f_cholesky_solve(bound, false)?;
            let next = ahead.f_sub(&step)?;
            let change = next.f_sub(&self.weights)?;
            if dot(&gradient, &change)? > 0.0 {
                (ahead, momentum) = (next.shallow_clone(), 1.0);
            } else {
                let faster = f64::midpoint(1.0, (1.0 + 4.0 * momentum * momentum).sqrt());
                ahead = next.f_add(&change.f_mul_scalar((momentum - 1.0) / faster)?)?;
                momentum = faster;
            }
            self.weights = next;
            if dot(&gradient, &step)? < TOLERANCE * self.folds as f64 {
                break;
            }
        }
        Ok(())
    }

    /// Probabilities of all pictures by the classifier of each fold: `[N, F, classes]`.
    fn probabilities(&self, problem: &Problem, weights: &Tensor) -> Result<Tensor> {
        let logits = problem.inputs.f_matmul(weights)?;
        let logits = logits.f_view([problem.pictures, self.folds, problem.classes])?;
        Ok(logits.f_add(&self.priors)?.f_softmax(2, Kind::Float)?)
    }

    /// Probabilities of the pictures of each fold by its classifier, and 0 for those of other folds
    /// than these: `[N, classes]`.
    pub fn left_out(&self, problem: &Problem) -> Result<Tensor> {
        let all = self.probabilities(problem, &self.weights)?;
        Ok(all.f_mul(&self.left_out)?.f_sum_dim_intlist(1i64, false, Kind::Float)?)
    }
}

fn dot(one: &Tensor, other: &Tensor) -> Result<f64> {
    Ok(one.f_mul(other)?.f_sum(Kind::Double)?.f_double_value(&[])?)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::random::{Purpose, generator};
    use rand::RngExt;

    /// Features and labels of pictures of three classes, whose features are random, but for one that is
    /// larger for each class, and two that are constant.
    pub fn pictures(count: usize) -> (Tensor, Tensor) {
        let mut random = generator(1, Purpose::Drawing, 0);
        let (mut features, mut labels) = (Vec::new(), Vec::new());
        for index in 0..count {
            let label = index % 3;
            let class = |column: usize| if column == label { 2.0 } else { 0.0 };
            features.extend((0..6).map(|column| random.random::<f32>() + class(column)));
            features.extend([5.0, 0.0]);
            labels.push(label as i64);
        }
        let features = Tensor::from_slice(&features).view([count as i64, 8]);
        (features, Tensor::from_slice(&labels))
    }

    /// Folds with as many pictures of each class.
    pub fn fold_of(count: i64, folds: i64) -> Tensor {
        let numbers: Vec<i64> = (0..count).map(|index| index / 3 % folds).collect();
        Tensor::from_slice(&numbers)
    }

    pub fn values(tensor: &Tensor) -> Vec<f32> {
        Vec::try_from(&tensor.flatten(0, -1)).unwrap()
    }

    /// The gradient of the loss, by autograd from its formula, is 0 at the weights.
    #[test]
    fn training_ends_at_the_minimum_of_the_loss() {
        let (features, labels) = pictures(60);
        let (fold_of, strength) = (fold_of(60, 4), 0.01);
        let problem = Problem::new(&features, &labels, 3).unwrap();
        let mut part = Classifiers::new(&problem, &fold_of, 0..4).unwrap();
        let bound = problem.bound(strength, part.fewest).unwrap();
        part.train(&problem, strength, &bound, &Stop::default()).unwrap();
        for fold in 0..4 {
            let trained = fold_of.ne(fold);
            let inputs = problem.inputs.index(&[Some(&trained)]);
            let of_class = |class: i64| {
                let of = labels.index(&[Some(&trained)]).eq(class).sum(Kind::Double);
                ((of.double_value(&[]) + 0.5) / (45.0 + 1.5)).ln() as f32
            };
            let priors = Tensor::from_slice(&[of_class(0), of_class(1), of_class(2)]);
            let weights =
                part.weights.narrow(1, 3 * fold, 3).detach().copy().set_requires_grad(true);
            let logits = inputs.matmul(&weights) + priors;
            let penalty = weights.narrow(0, 0, 8).square().sum(Kind::Float) * (strength / 2.0);
            let loss = logits.cross_entropy_for_logits(&labels.index(&[Some(&trained)])) + penalty;
            loss.backward();
            let largest = weights.grad().abs().max().double_value(&[]);
            // The last step, g · H⁻¹g, was below 4 · 1e-7 for the four folds, and H at most ½ · 60/45 + λ.
            assert!(largest < (4e-7f64 * 0.68).sqrt(), "{largest}");
            assert!(loss.double_value(&[]) < 0.9 * 3f64.ln());
        }
    }

    #[test]
    fn folds_trained_one_after_another_give_the_same() {
        let (features, labels) = pictures(60);
        let fold_of = fold_of(60, 4);
        let problem = Problem::new(&features, &labels, 3).unwrap();
        let bound = problem.bound(0.01, 45.0).unwrap();
        let left_out = |folds: Range<i64>| {
            let mut part = Classifiers::new(&problem, &fold_of, folds).unwrap();
            assert_eq!(part.fewest, 45.0);
            part.train(&problem, 0.01, &bound, &Stop::default()).unwrap();
            part.left_out(&problem).unwrap()
        };
        let together = values(&left_out(0..4));
        let apart = values(&(left_out(0..1) + left_out(1..3) + left_out(3..4)));
        for (one, other) in together.iter().zip(apart) {
            assert!((one - other).abs() < 1e-3, "{one} {other}");
        }
    }
}
