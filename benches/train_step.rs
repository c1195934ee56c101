//! A training step of the book's network: forward, backward, update.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use petite::data::loader::to_images;
use petite::device::DeviceChoice;
use petite::keras::KerasProfile;
use petite::models::network::Network;
use petite::models::{Downsample, ModelKind};
use petite::training::loss::Loss;
use petite::training::optimizer::{RmsProp, RmsPropConfig};
use support::short;
use tch::{Device, Kind, Tensor};

/// A network in each kind of numbers it can compute in: a line a precision.
type Build = fn(Option<f64>, Device) -> Network;
const PRECISIONS: [(&str, Build); 1] = [("fp32", |dropout, device| {
    let architecture =
        ModelKind::Convnet.architecture((150, 150), Some(2), Downsample::MaxPool, dropout).unwrap();
    Network::new(architecture, device, 1).unwrap()
})];

fn stepping(criterion: &mut Criterion) {
    let device = DeviceChoice::Auto.resolve().unwrap();
    let mut group = criterion.benchmark_group("train_step");
    // The two recipes' batches and dropout.
    for (batch_size, dropout) in [(20, None), (32, Some(0.5))] {
        group.throughput(Throughput::Elements(batch_size as u64));
        let pixels = Tensor::randint(256, [batch_size, 150, 150, 3], (Kind::Uint8, device));
        let labels = Tensor::randint(2, [batch_size], (Kind::Int64, device));
        for (precision, build) in PRECISIONS {
            let network = build(dropout, device);
            let config = RmsPropConfig::keras(KerasProfile::default());
            let mut optimizer = RmsProp::new(config, network.parameters()).unwrap();
            let loss = Loss::for_classes(2);
            let mut step = 0;
            group.bench_function(format!("{precision}, batch of {batch_size}"), |bench| {
                bench.iter(|| {
                    let images = to_images(&pixels).unwrap();
                    let logits = network.training_logits(&images, step).unwrap();
                    let mean_loss = loss.mean(&logits, &labels).unwrap();
                    optimizer.minimize(&mean_loss).unwrap();
                    step += 1;
                    // Reading a number waits for the device.
                    mean_loss.double_value(&[])
                });
            });
        }
    }
    group.finish();
}

criterion_group! { name = benches; config = short(); targets = stepping }
criterion_main!(benches);
