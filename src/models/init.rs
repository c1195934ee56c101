//! Keras's initial weights: Glorot uniform kernels, zero biases.

use crate::random::{Purpose, generator};
use rand::RngExt;

/// The limit of Glorot's uniform distribution, √(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010,
/// equation 16).
pub fn glorot_limit(fan_in: i64, fan_out: i64) -> f64 {
    (6.0 / (fan_in + fan_out) as f64).sqrt()
}

/// `count` values uniform in ±[`glorot_limit`], for the layer at place `index` of the network.
pub fn glorot_uniform(count: i64, fan_in: i64, fan_out: i64, seed: u64, index: usize) -> Vec<f32> {
    let limit = glorot_limit(fan_in, fan_out) as f32;
    let mut random = generator(seed, Purpose::Weights, index as u64);
    (0..count).map(|_| (random.random::<f32>() * 2.0 - 1.0) * limit).collect()
}
