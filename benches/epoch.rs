//! An epoch of each recipe on a small data set: every step and the validation, without the files.

mod support;

use anyhow::Result;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use petite::augment::augmentation::Augmentation;
use petite::batches::loader::Loader;
use petite::batches::order::Order;
use petite::history::Epoch;
use petite::machine::Machine;
use petite::machine::device::DeviceChoice;
use petite::machine::precision::PrecisionChoice;
use petite::nn::network::Network;
use petite::random::Purpose;
use petite::training::fit::{Observer, Partial, Trainer};
use petite::training::objective::{ClassWeights, Objective};
use petite::training::optimizer::RmsProp;
use petite::{Config, Recipe, Stop};
use support::{DataSet, short};

struct Silent;

impl Observer for Silent {
    fn epoch(&mut self, _: &Epoch, _: &Network, _: &RmsProp) -> Result<()> {
        Ok(())
    }
}

fn training(criterion: &mut Criterion) {
    let data = DataSet::new();
    let machine = Machine::prepare(DeviceChoice::Auto, PrecisionChoice::Auto, None).unwrap();
    let (device, precision) = (machine.device, machine.precision);
    let record = machine.use_own_stream().unwrap_or(false);
    let mut group = criterion.benchmark_group("epoch");
    let objective = Objective::new(2, 0.0, ClassWeights::Equal, &[], device).unwrap();
    for (name, recipe, augmentation) in [
        ("baseline", Recipe::Baseline, Recipe::Baseline),
        ("augmented", Recipe::Augmented, Recipe::Augmented),
        // What the augmentation costs is the difference.
        ("augmented, pictures as they are", Recipe::Augmented, Recipe::Baseline),
    ] {
        let name = format!("{name}, {}", precision.name());
        let mut config = Config::new(recipe, data.path());
        config.augmentation = augmentation.augmentation();
        let architecture = config.architecture(2).unwrap();
        let network = Network::new(architecture, device, precision, 1).unwrap();
        let mut optimizer =
            RmsProp::new(config.optimizer, network.parameters(), network.leaves()).unwrap();
        let order = Order::Shuffled { seed: 1, purpose: Purpose::TrainOrder };
        let iteration = config.keras.conventions().iteration;
        let batch_size = config.training.batch_size;
        let mut train =
            Loader::new(data.pixels("train"), device, batch_size, None, order, iteration).unwrap();
        let mut validation = Loader::sorted(data.pixels("validation"), device, batch_size).unwrap();
        let mut trainer = Trainer {
            network: &network,
            optimizer: &mut optimizer,
            learning_rate: config.optimizer.learning_rate,
            epochs: config.training.epochs,
            objective: &objective,
            schedule: config.schedule,
            patience: None,
            val_losses: Vec::new(),
            partial: Partial::default(),
            checkpoint_every: None,
            train: &mut train,
            augmentation: &Augmentation::new(config.augmentation, config.keras, 1).unwrap(),
            validation: &mut validation,
            record,
            stop: Stop::default(),
        };
        group.throughput(Throughput::Elements(trainer.train.len() as u64));
        let mut epoch = 0;
        group.bench_function(name, |bench| {
            bench.iter(|| {
                trainer.fit(epoch..epoch + 1, &mut Silent).unwrap();
                epoch += 1;
            });
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = short(); targets = training }
criterion_main!(benches);
