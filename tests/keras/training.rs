//! One network, one batch: forward values, loss, gradients and the weights after RMSprop's steps.

use crate::golden::Tensors;
use petite::batches::batch::Input;
use petite::keras::{EpsilonPlace, KerasProfile};
use petite::machine::precision::Precision;
use petite::nn::network::Network;
use petite::nn::zoo::{Downsample, Model, Options};
use petite::training::loss::Loss;
use petite::training::optimizer::OptimizerConfig;
use petite::training::update::Update;
use tch::{Device, Tensor};

/// `count` numbers in [0, 1): `spread` of `scripts/reference/spread.py`.
fn spread(count: usize, salt: u64) -> Vec<f32> {
    (0..count as u64)
        .map(|k| {
            let h = (k + salt * 7919).wrapping_mul(2_654_435_761) & 0xFFFF_FFFF;
            let h = ((h ^ (h >> 15)).wrapping_mul(2_246_822_519)) & 0xFFFF_FFFF;
            ((h ^ (h >> 13)) as f64 / 2f64.powi(32)) as f32
        })
        .collect()
}

/// The pictures of `starting_batch`, `[4, 150, 150, 3]` u8, and their labels.
fn starting_batch() -> (Tensor, Tensor) {
    let noise = spread(4 * 150 * 150 * 3, 99);
    let pixels: Vec<u8> = noise
        .iter()
        .enumerate()
        .map(|(index, noise)| {
            let (c, x) = (index % 3, index / 3 % 150);
            let (y, n) = (index / 450 % 150, index / 67_500);
            ((x * (n + 1) + y * (c + 1) * (2 - n % 2)) % 192) as u8 + (noise * 64.0) as u8
        })
        .collect();
    (Tensor::from_slice(&pixels).reshape([4, 150, 150, 3]), Tensor::from_slice(&[0i64, 1, 0, 1]))
}

/// A parameter in Keras's layout: kernels `[H, W, I, O]`, dense weights `[in, out]`.
fn to_keras(parameter: &Tensor) -> Tensor {
    match parameter.dim() {
        4 => parameter.permute([2, 3, 1, 0]),
        2 => parameter.tr(),
        _ => parameter.shallow_clone(),
    }
}

/// The listing's first `layers` layers with the starting weights of `set_starting_weights`.
fn network(layers: usize) -> Network {
    let options = Options { classes: Some(2), downsample: Downsample::MaxPool, dropout: None };
    let whole = Model::Convnet.architecture((150, 150), &options).unwrap();
    let first = whole.first(layers);
    let network = Network::new(first, Device::Cpu, Precision::Fp32, 1).unwrap();
    tch::no_grad(|| {
        for (salt, (_, parameter)) in network.parameters().iter().enumerate() {
            let shape = to_keras(parameter).size();
            let limit = match shape[..] {
                [.., inputs, outputs] => {
                    let receptive: i64 = shape[..shape.len() - 2].iter().product();
                    (6.0 / (receptive * (inputs + outputs)) as f64).sqrt() as f32
                }
                _ => 0.01,
            };
            let values: Vec<f32> = spread(parameter.numel(), salt as u64 + 1)
                .into_iter()
                .map(|value| (value * 2.0 - 1.0) * limit)
                .collect();
            to_keras(parameter).copy_(&Tensor::from_slice(&values).reshape(&shape));
        }
    });
    network
}

/// `sample` of the script: values at even distances, and the root mean square last.
fn sample(values: &Tensor) -> Vec<f32> {
    let flat: Vec<f32> = Vec::try_from(values.detach().contiguous().flatten(0, -1)).unwrap();
    let step = (flat.len() / 1024).max(1);
    let mut sampled: Vec<f32> = flat.iter().copied().step_by(step).take(1024).collect();
    let squares = flat.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>();
    sampled.push((squares / flat.len() as f64).sqrt() as f32);
    sampled
}

/// Largest difference of `found` from the golden tensor, relative to its largest magnitude.
fn difference(golden: &Tensors, name: &str, found: &Tensor) -> f64 {
    let expected: Vec<f32> = Vec::try_from(golden.get(name)).unwrap();
    relative_difference(&sample(found), &expected, name)
}

fn relative_difference(found: &[f32], expected: &[f32], name: &str) -> f64 {
    assert_eq!(found.len(), expected.len(), "{name}");
    let scale = expected.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    assert!(scale > 0.0, "{name} is all zero");
    let largest = found.iter().zip(expected).fold(0f32, |most, (a, b)| most.max((a - b).abs()));
    f64::from(largest / scale)
}

/// What two frameworks' fp32 sums are allowed to differ by.
const TOLERANCE: f64 = 1e-4;

/// What the way the weights went, a few thousandths of the weights, may differ by: more, as fp32
/// weights cannot take smaller steps.
const TOLERANCE_OF_CHANGE: f64 = 4e-3;

#[test]
fn forward_values_loss_and_gradients_are_keras_s() {
    let golden = Tensors::read("training.safetensors");
    let (pixels, labels) = starting_batch();
    let input = Input::Pixels(pixels);
    let mut largest = 0f64;
    let mut hold = |name: &str, found: &Tensor| {
        let difference = difference(&golden, name, found);
        assert!(difference <= TOLERANCE, "{name}: {difference:e}");
        largest = largest.max(difference);
    };
    for layer in 0..10 {
        let values = network(layer + 1).logits(&input).unwrap();
        let values = if values.dim() == 4 { values.permute([0, 2, 3, 1]) } else { values };
        hold(&format!("forward.{layer}"), &values);
    }
    let network = network(11);
    let logits = network.logits(&input).unwrap();
    hold("forward.10", &logits.sigmoid());
    let loss = Loss::BinaryCrossentropy.mean(&logits, &labels).unwrap();
    let found = loss.double_value(&[]);
    let expected = golden.get("loss").double_value(&[0]);
    assert!((found / expected - 1.0).abs() <= 1e-6, "{found} {expected}");
    loss.backward();
    for (name, parameter) in network.parameters() {
        hold(&format!("gradient.{name}"), &to_keras(&parameter.grad()));
    }
    println!("largest relative difference: {largest:e}");
}

/// The learning rate of the golden steps; the script says why it is so low.
const LEARNING_RATE: f64 = 1e-6;

/// A sample of every parameter, with its name.
type Samples = Vec<(String, Vec<f32>)>;

/// The weights after steps 1, 5 and 20 with `config`, each parameter's with its name.
fn steps(config: OptimizerConfig) -> Vec<(u32, Samples)> {
    let (pixels, labels) = starting_batch();
    let input = Input::Pixels(pixels);
    let network = network(11);
    let update = Update::new(&config, &network).unwrap();
    let rate = Tensor::from(LEARNING_RATE);
    let mut kept = Vec::new();
    for step in 1..=20 {
        let logits = network.logits(&input).unwrap();
        let loss = Loss::BinaryCrossentropy.mean(&logits, &labels).unwrap();
        update.backward(&loss).unwrap();
        update.apply(&rate).unwrap();
        if [1, 5, 20].contains(&step) {
            kept.push((step, samples(&network)));
        }
    }
    kept
}

fn samples(network: &Network) -> Samples {
    let one = |(name, values): &(String, Tensor)| (name.clone(), sample(&to_keras(values)));
    network.parameters().iter().map(one).collect()
}

/// The largest differences from the golden weights of `profile`: of the weights, relative to the
/// largest of their tensor, and of the way they went.
fn differences(
    golden: &Tensors,
    profile: &str,
    step: u32,
    weights: &[(String, Vec<f32>)],
    start: &[(String, Vec<f32>)],
) -> (f64, f64) {
    let mut most = (0f64, 0f64);
    for ((name, found), (_, start)) in weights.iter().zip(start) {
        let key = format!("{profile}.step{step}.{name}");
        let expected: Vec<f32> = Vec::try_from(golden.get(&key)).unwrap();
        most.0 = most.0.max(relative_difference(found, &expected, &key));
        most.1 = most.1.max(difference_of_change(found, &expected, start));
    }
    most
}

#[test]
fn weights_after_1_5_and_20_steps_are_keras_s() {
    let golden = Tensors::read("training.safetensors");
    let start = samples(&network(11));
    for (name, profile) in
        [("2.0.8", KerasProfile::V2_0_8), ("2.2", KerasProfile::V2_2), ("3", KerasProfile::V3)]
    {
        for (step, weights) in steps(OptimizerConfig::keras(profile)) {
            let (weights, change) = differences(&golden, name, step, &weights, &start);
            println!("Keras {name}, step {step}: weights {weights:e}, their change {change:e}");
            assert!(weights <= TOLERANCE, "Keras {name}, step {step}: {weights:e}");
            assert!(change <= TOLERANCE_OF_CHANGE, "Keras {name}, step {step}: {change:e}");
        }
    }
}

/// The comparison is sharp enough to see another constant.
#[test]
fn another_rho_or_epsilon_is_noticed() {
    let golden = Tensors::read("training.safetensors");
    let start = samples(&network(11));
    let keras3 = OptimizerConfig::keras(KerasProfile::V3);
    for config in [
        OptimizerConfig { rho: 0.99, ..keras3 },
        OptimizerConfig { rho: 0.899, ..keras3 },
        OptimizerConfig { epsilon: 1.1e-7, ..keras3 },
        OptimizerConfig { epsilon_place: EpsilonPlace::OutsideRoot, ..keras3 },
    ] {
        let (step, weights) = steps(config).pop().unwrap();
        let (_, change) = differences(&golden, "3", step, &weights, &start);
        println!("{config:?}: change {change:e}");
        assert!(change > 2.0 * TOLERANCE_OF_CHANGE, "{config:?}: {change:e}");
    }
}

/// How far the way from `start` differs, relative to its length. Weights move by little; this sees
/// what a comparison of the weights themselves could miss.
fn difference_of_change(found: &[f32], expected: &[f32], start: &[f32]) -> f64 {
    let norm = |pairs: &mut dyn Iterator<Item = (&f32, &f32)>| {
        pairs.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>().sqrt()
    };
    norm(&mut found.iter().zip(expected)) / norm(&mut expected.iter().zip(start))
}
