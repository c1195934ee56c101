//! A batch's pixels as images: plain, and through the book's augmentation. A picture's share of
//! the time is what augmenting costs a training step.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use petite::augment::augmentation::Augmentation;
use petite::augment::brightness::BrightnessRange;
use petite::augment::config::AugmentConfig;
use petite::batches::batch::{Batch, Input, Targets, to_images};
use petite::keras::KerasProfile;
use support::short;
use tch::{Device, Kind, Tensor};

/// The augmented recipe's batch.
const PICTURES: i64 = 32;

fn augment(criterion: &mut Criterion) {
    let batch = Batch {
        input: Input::Pixels(Tensor::randint(
            256,
            [PICTURES, 150, 150, 3],
            (Kind::Uint8, Device::Cpu),
        )),
        targets: Targets::of(Tensor::zeros([PICTURES], (Kind::Int64, Device::Cpu))),
        first: 0,
    };
    let mut flips = AugmentConfig::default();
    flips.flip.horizontal_flip = true;
    let mut colors = AugmentConfig::book();
    colors.channel_shift.channel_shift_range = 20.0;
    colors.brightness.brightness_range = Some(BrightnessRange { low: 0.8, high: 1.2 });
    let mut group = criterion.benchmark_group("augment");
    group.throughput(Throughput::Elements(PICTURES as u64));
    for (name, config, keras) in [
        ("plain", AugmentConfig::default(), KerasProfile::V2_0_8),
        ("flips", flips, KerasProfile::V2_0_8),
        ("book, order 0", AugmentConfig::book(), KerasProfile::V2_0_8),
        ("book, order 1", AugmentConfig::book(), KerasProfile::V3),
        ("book with colours, order 0", colors, KerasProfile::V2_0_8),
    ] {
        let augmentation = Augmentation::new(config, keras, 1).unwrap();
        group.bench_function(name, |bench| {
            bench.iter(|| to_images(augmentation.input(&batch).unwrap().values()).unwrap());
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = short(); targets = augment }
criterion_main!(benches);
