//! Initial weights over many seeds: limits and moments as Keras's.

use crate::golden;
use petite::machine::precision::Precision;
use petite::nn::network::Network;
use petite::nn::zoo::{Downsample, Model, Options};
use std::collections::HashMap;
use tch::{Device, Kind};

#[derive(serde::Deserialize)]
struct Report {
    seeds: u64,
    weights: HashMap<String, Moments>,
}

#[derive(serde::Deserialize)]
struct Moments {
    count: f64,
    limit: f64,
    mean: f64,
    deviation: f64,
    fourth_moment: f64,
}

#[test]
fn limits_and_moments_are_keras_s() {
    let Report { seeds, weights } = golden::json("initial_weights.json");
    let mut sums: HashMap<String, [f64; 4]> = HashMap::new();
    let options = Options { classes: Some(2), downsample: Downsample::MaxPool, dropout: None };
    for seed in 0..seeds {
        let architecture = Model::Convnet.architecture((150, 150), &options).unwrap();
        let network = Network::new(architecture, Device::Cpu, Precision::Fp32, seed).unwrap();
        for (name, parameter) in network.parameters() {
            let values = parameter.detach().to_kind(Kind::Double);
            let [limit, first, second, fourth] = sums.entry(name.clone()).or_default();
            *limit = limit.max(values.abs().max().double_value(&[]));
            *first += values.sum(Kind::Double).double_value(&[]);
            *second += values.square().sum(Kind::Double).double_value(&[]);
            *fourth += values.square().square().sum(Kind::Double).double_value(&[]);
        }
    }
    assert_eq!(sums.len(), weights.len());
    for (name, expected) in &weights {
        let [limit, first, second, fourth] = sums[name];
        let n = expected.count;
        if expected.limit == 0.0 {
            assert_eq!(limit, 0.0, "{name}");
            continue;
        }
        // Two samples' largest of n uniform values lie within a few 1/n of the limit; five standard
        // errors for the moments, of a uniform distribution's own variances.
        assert!((limit / expected.limit - 1.0).abs() < 20.0 / n + 1e-6, "{name}: {limit}");
        let error = |found: f64, expected: f64, deviation: f64| {
            (found - expected).abs() / (deviation * (2.0 / n).sqrt())
        };
        let mean = error(first / n, expected.mean, expected.deviation);
        let variance = expected.deviation.powi(2);
        let second = error(second / n, variance + expected.mean.powi(2), 0.894 * variance);
        let fourth = error(fourth / n, expected.fourth_moment, 4.0 / 3.0 * expected.fourth_moment);
        assert!(mean < 5.0 && second < 5.0 && fourth < 5.0, "{name}: {mean} {second} {fourth}");
    }
}
