//! A training loop of one's own, on the library's parts: `cargo run --example loop`. It trains the book's
//! convnet on drawn pictures, about 20 s on two cores.

use petite::augment::Augmentation;
use petite::batches::{Batching, Loader};
use petite::dataset::{DataSet, Part, Prepare, synthesize};
use petite::nn::{Model, Network, zoo};
use petite::pictures::{Target, decode_all};
use petite::training::{ClassWeights, Objective, OptimizerConfig, Running, Update, validate};
use petite::{AugmentConfig, DeviceChoice, KerasProfile, Machine, PrecisionChoice, Stop};
use tch::{Kind, Tensor};

const EPOCHS: i64 = 10;
const SIDE: usize = 64;
const SEED: u64 = 1;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    petite::keep_freed_memory();
    let stop = Stop::default();
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    synthesize(&at("drawn"), 140, SEED, &stop)?;
    Prepare::new(at("drawn"), at("data")).counts(80, 30, 30).run(&stop)?;

    // Files → samples → pixels → batches.
    let Machine { device, precision } =
        Machine::prepare(DeviceChoice::Auto, PrecisionChoice::Fp32, None)?;
    let data = DataSet::read(&at("data"), None, false)?;
    let loader = |part: Part, batching| {
        let folder = data.part(part).ok_or("expected train, validation and test pictures")?;
        let (pixels, bad) = decode_all(folder, Target::rgb(SIDE, SIDE), 0, &stop, &|| ())?;
        bad.iter().for_each(|bad| eprintln!("{bad}"));
        Ok::<_, Box<dyn std::error::Error>>(Loader::new(pixels, device, batching)?)
    };
    let mut train = loader(Part::Train, Batching::shuffled(20, SEED))?;
    let mut validation = loader(Part::Validation, Batching::sorted(20))?;
    let mut test = loader(Part::Test, Batching::sorted(20))?;
    let keras = KerasProfile::default();
    let mut mirrored = AugmentConfig::default();
    mirrored.flip.horizontal_flip = true;
    let augmentation = Augmentation::new(mirrored, keras, SEED)?;

    // A network, its loss, and how gradients change it.
    let options = zoo::Options {
        classes: Some(data.classes.len()),
        downsample: zoo::Downsample::MaxPool,
        dropout: None,
    };
    let architecture = Model::Convnet.architecture((SIDE, SIDE), &options)?;
    let network = Network::new(architecture, device, precision, SEED)?;
    let (classes, labels) = (data.classes.len(), train.labels());
    let objective = Objective::new(classes, 0.0, ClassWeights::Balanced, labels, device)?;
    let update = Update::new(&OptimizerConfig::keras(keras), &network)?;
    let rate = Tensor::f_full([], 3e-4, (Kind::Float, device))?;

    for epoch in 0..EPOCHS {
        let mut means = Running::new(objective.loss, device)?;
        for step in 0..train.steps_per_epoch() {
            let batch = train.batch(epoch, step)?;
            let masks = network
                .dropout_masks(batch.targets.pictures(), epoch * train.steps_per_epoch() + step)?;
            let logits = network.training_logits(&augmentation.input(&batch)?, &masks)?;
            let loss = objective.mean(&logits, &batch.targets)?;
            update.backward(&loss)?;
            update.apply(&rate)?;
            means.add(&loss, &logits, &batch.targets)?;
            means.count(batch.targets.pictures());
        }
        let trained = means.means()?;
        let found = validate(&network, &mut validation, objective.loss, 0, &stop)?;
        let found = found.ok_or("stopped")?;
        println!(
            "epoch {}/{EPOCHS}: loss {:.3}, val_acc {:.3}",
            epoch + 1,
            trained.loss,
            found.accuracy
        );
    }
    let found = validate(&network, &mut test, objective.loss, 0, &stop)?.ok_or("stopped")?;
    println!("test accuracy {:.3} over {} pictures", found.accuracy, test.len());
    Ok(())
}
