//! Keras's initial weights: Glorot uniform kernels, zero biases.

use crate::random::{Purpose, generator};
use rand::RngExt;

/// The limit of Glorot's uniform distribution, √(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010,
/// equation 16).
pub fn glorot_limit(fan_in: i64, fan_out: i64) -> f64 {
    (6.0 / (fan_in + fan_out) as f64).sqrt()
}

/// The index that, with the seed, determines a kernel's initial values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrawnBy {
    /// The layer's, counting layers without weights: in networks trained from scratch and in heads
    /// on a base.
    Layer,
    /// The kernel's own among all kernels: in bases.
    Kernel,
}

/// `count` values uniform in ±[`glorot_limit`], drawn from `seed` and `index`.
pub fn glorot_uniform(count: i64, fan_in: i64, fan_out: i64, seed: u64, index: usize) -> Vec<f32> {
    let limit = glorot_limit(fan_in, fan_out) as f32;
    let mut random = generator(seed, Purpose::Weights, index as u64);
    (0..count).map(|_| (random.random::<f32>() * 2.0 - 1.0) * limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Limits that Keras gives the six kernels of listing 5.5.
    #[test]
    fn limits_are_keras_s() {
        let conv = |channels: i64, filters: i64| glorot_limit(9 * channels, 9 * filters);
        let limits = [
            conv(3, 32),
            conv(32, 64),
            conv(64, 128),
            conv(128, 128),
            glorot_limit(6272, 512),
            glorot_limit(512, 1),
        ];
        let expected = [0.13801, 0.08333, 0.05893, 0.05103, 0.02974, 0.10815];
        for (limit, expected) in limits.iter().zip(expected) {
            assert!((limit - expected).abs() < 5e-6, "{limit} {expected}");
        }
    }

    #[test]
    fn values_fill_the_range_evenly() {
        let limit = glorot_limit(100, 200) as f32;
        let values = glorot_uniform(200_000, 100, 200, 1, 0);
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let variance = values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32;
        assert!(values.iter().all(|v| v.abs() <= limit));
        // Four standard errors of the mean, and of the variance limit²/3.
        let root = (values.len() as f32).sqrt();
        assert!(mean.abs() < 4.0 * limit / 3f32.sqrt() / root, "{mean}");
        let error = (variance - limit * limit / 3.0).abs();
        assert!(error < 4.0 * limit * limit * (4.0f32 / 45.0).sqrt() / root, "{variance}");
    }
}
