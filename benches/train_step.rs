//! A training step of the book's network: forward, backward, update.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use petite::batches::batch::{Input, Targets};
use petite::keras::KerasProfile;
use petite::machine::Machine;
use petite::machine::device::DeviceChoice;
use petite::machine::precision::PrecisionChoice;
use petite::nn::network::Network;
use petite::nn::zoo::{Downsample, Model, Options};
use petite::training::learner::Learner;
use petite::training::objective::{ClassWeights, Objective};
use petite::training::optimizer::OptimizerConfig;
use petite::training::step::{StepInput, TrainStep};
use support::short;
use tch::{Kind, Tensor};

fn stepping(criterion: &mut Criterion) {
    let prepare = |precision| Machine::prepare(DeviceChoice::Auto, precision, None);
    let machine = prepare(PrecisionChoice::Auto).unwrap();
    let (device, record) = (machine.device, machine.use_own_stream().unwrap_or(false));
    let choices = [PrecisionChoice::Fp32, PrecisionChoice::Tf32, PrecisionChoice::Bf16];
    let mut group = criterion.benchmark_group("train_step");
    // The two recipes' batches and dropout.
    for (batch_size, dropout) in [(20, None), (32, Some(0.5))] {
        group.throughput(Throughput::Elements(batch_size as u64));
        let pixels = Tensor::randint(256, [batch_size, 150, 150, 3], (Kind::Uint8, device));
        let labels = Tensor::randint(2, [batch_size], (Kind::Int64, device));
        // Those that the device has.
        for Machine { precision, .. } in choices.iter().filter_map(|&choice| prepare(choice).ok()) {
            let options = Options { classes: Some(2), downsample: Downsample::MaxPool, dropout };
            let architecture = Model::Convnet.architecture((150, 150), &options).unwrap();
            let network = Network::new(architecture, device, precision, 1).unwrap();
            let objective = Objective::new(2, 0.0, ClassWeights::Equal, &[], device).unwrap();
            let config = OptimizerConfig::keras(KerasProfile::default());
            let learner = Learner::new(network, objective, &config).unwrap();
            let mut train_step = TrainStep::new(&learner, config.learning_rate, record).unwrap();
            let mut number = 0;
            let name = format!("{}, batch of {batch_size}", precision.name());
            group.bench_function(name, |bench| {
                bench.iter(|| {
                    let input = Input::Pixels(pixels.shallow_clone());
                    let targets = Targets::of(labels.shallow_clone());
                    let masks = learner.network.dropout_masks(batch_size, number).unwrap();
                    train_step.run(&StepInput { input, targets, masks }).unwrap();
                    number += 1;
                    // Reading a number waits for the device.
                    train_step.means().means().unwrap()
                });
            });
        }
    }
    group.finish();
}

criterion_group! { name = benches; config = short(); targets = stepping }
criterion_main!(benches);
