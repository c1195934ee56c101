//! Confidence intervals of shares.

use serde::{Deserialize, Serialize};

/// The 97.5 % quantile of the standard normal distribution: two-sided intervals of 95 %.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// A 95 % confidence interval; as JSON, `[low, high]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "[f64; 2]", into = "[f64; 2]")]
pub struct Interval {
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

impl From<[f64; 2]> for Interval {
    fn from([low, high]: [f64; 2]) -> Self {
        Self { low, high }
    }
}

impl From<Interval> for [f64; 2] {
    fn from(Interval { low, high }: Interval) -> Self {
        [low, high]
    }
}

/// Wilson's score interval for a share of which `successes` of `trials` were counted, 95 % (Wilson,
/// "Probable inference, the law of succession, and statistical inference", 1927). From 0 to 1 without
/// trials.
pub fn wilson(successes: usize, trials: usize) -> Interval {
    if trials == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (n, z2) = (trials as f64, Z * Z);
    let share = successes as f64 / n;
    let center = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt() / (1.0 + z2 / n);
    // Rounding must not take the bounds past the share at 0 and 1.
    Interval { low: (center - half).clamp(0.0, share), high: (center + half).clamp(share, 1.0) }
}
