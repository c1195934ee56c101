//! Comparing two classifiers on the same pictures.

use super::interval::{Interval, Z};
use serde::{Deserialize, Serialize};

/// How often two classifiers are right on the same pictures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    /// Pictures on which both are right.
    pub both: usize,
    /// Pictures on which only the first is right.
    pub only_first: usize,
    /// Pictures on which only the second is right.
    pub only_second: usize,
    /// Pictures on which neither is right.
    pub neither: usize,
    /// Accuracy of the first minus that of the second, −1..=1.
    pub difference: f64,
    /// Its 95 % interval (Bonett and Price, "Adjusted Wald confidence interval for a difference of
    /// binomial proportions based on paired data", 2012).
    pub interval: Interval,
    /// McNemar's test, exact and two-sided: the probability of a split of the pictures on which only
    /// one is right at least as uneven as this one, if both were equally accurate.
    pub p_value: f64,
}

impl Paired {
    /// Compares two classifiers by whether each is right on each of the same pictures.
    pub fn new(pairs: impl IntoIterator<Item = (bool, bool)>) -> Self {
        let mut counts = [0usize; 4];
        for (first, second) in pairs {
            counts[usize::from(!first) * 2 + usize::from(!second)] += 1;
        }
        let [both, only_first, only_second, neither] = counts;
        let pictures = counts.iter().sum::<usize>() as f64;
        let difference = match pictures > 0.0 {
            true => (only_first as f64 - only_second as f64) / pictures,
            false => 0.0,
        };
        let (first, second) = (only_first as f64 + 1.0, only_second as f64 + 1.0);
        let (first, second) = (first / (pictures + 2.0), second / (pictures + 2.0));
        let center = first - second;
        let half = Z * ((first + second - center * center) / (pictures + 2.0)).sqrt();
        Self {
            both,
            only_first,
            only_second,
            neither,
            difference,
            interval: Interval { low: (center - half).max(-1.0), high: (center + half).min(1.0) },
            p_value: mcnemar(only_first, only_second),
        }
    }
}

/// The probability that of `first + second` fair coin tosses, at most the smaller number or at least
/// the larger number are heads.
fn mcnemar(first: usize, second: usize) -> f64 {
    let (fewer, tosses) = (first.min(second), first + second);
    // Logarithms of the binomial coefficients: 2⁻ⁿ underflows from n = 1,075 on.
    let mut ln_ways = 0.0;
    let mut tail = 0.0;
    for heads in 0..=fewer {
        if heads > 0 {
            ln_ways += ((tosses - heads + 1) as f64 / heads as f64).ln();
        }
        tail += (ln_ways - tosses as f64 * std::f64::consts::LN_2).exp();
    }
    (2.0 * tail).min(1.0)
}
