//! An epoch of each recipe on a small data set: every step and the validation, without the files.

mod support;

use anyhow::Result;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use petite::augment::augmentation::Augmentation;
use petite::batches::loader::Loader;
use petite::batches::order::Batching;
use petite::history::Epoch;
use petite::machine::Machine;
use petite::machine::device::DeviceChoice;
use petite::machine::precision::PrecisionChoice;
use petite::nn::network::Network;
use petite::training::fit::{Batches, Observer, Partial, Trainer};
use petite::training::learner::Learner;
use petite::training::objective::{ClassWeights, Objective};
use petite::training::saved::Saved;
use petite::{Config, Recipe, Stop};
use support::{DataSet, short};

/// Ends training after an epoch.
struct OneEpoch(Stop);

impl Observer for OneEpoch {
    fn epoch(&mut self, _: &Epoch, _: &[Saved]) -> Result<()> {
        self.0.request();
        Ok(())
    }
}

fn training(criterion: &mut Criterion) {
    let data = DataSet::new();
    let machine = Machine::prepare(DeviceChoice::Auto, PrecisionChoice::Auto, None).unwrap();
    let (device, precision) = (machine.device, machine.precision);
    let record = machine.use_own_stream().unwrap_or(false);
    let mut group = criterion.benchmark_group("epoch");
    for (name, recipe, augmentation) in [
        ("baseline", Recipe::Baseline, Recipe::Baseline),
        ("augmented", Recipe::Augmented, Recipe::Augmented),
        // What the augmentation costs is the difference.
        ("augmented, pictures as they are", Recipe::Augmented, Recipe::Baseline),
    ] {
        let name = format!("{name}, {}", precision.name());
        let mut config = Config::new(recipe, data.path());
        config.augmentation = Config::new(augmentation, "").augmentation;
        config.training.epochs = i64::MAX;
        let architecture = config.architecture(2).unwrap();
        let network = Network::new(architecture, device, precision, 1).unwrap();
        let objective = Objective::new(2, 0.0, ClassWeights::Equal, &[], device).unwrap();
        let learner = Learner::new(network, objective, &config.optimizer).unwrap();
        let iteration = config.keras.conventions().iteration;
        let batch_size = config.training.batch_size;
        let train = Loader::new(
            data.pixels("train"),
            device,
            Batching { iteration, ..Batching::shuffled(batch_size, 1) },
        )
        .unwrap();
        let validation = Loader::sorted(data.pixels("validation"), device, batch_size).unwrap();
        let augmentation = Augmentation::new(config.augmentation, config.keras, 1).unwrap();
        let mut trainer = Trainer {
            learner: &learner,
            batches: &mut Batches { train, augmentation, validation },
            training: &config.training,
            optimizer: &config.optimizer,
            schedule: config.schedule,
            checkpoint_every: None,
            val_losses: Vec::new(),
            partial: Partial::default(),
            record,
            stop: Stop::default(),
        };
        group.throughput(Throughput::Elements(trainer.batches.train.len() as u64));
        group.bench_function(name, |bench| {
            bench.iter(|| {
                trainer.stop = Stop::default();
                trainer.fit(&mut OneEpoch(trainer.stop.clone())).unwrap();
            });
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = short(); targets = training }
criterion_main!(benches);
