//! Trains a head on the features of MobileNet, then fine-tunes both, on drawn pictures:
//! `cargo run --example transfer [mobilenet.safetensors]` (`scripts/fetch_weights.sh mobilenet` gets the
//! published weights). Without a file the base is a narrow one of random weights, which shows the steps
//! and classifies badly. About 15 s on two cores.

use petite::dataset::{Prepare, synthesize};
use petite::nn::{Base, Model};
use petite::{Config, Evaluate, Silent, Stop, weights};
use tch::Device;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    petite::keep_freed_memory();
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    synthesize(&at("drawn"), 60, 1, &Stop::default())?;
    Prepare::new(at("drawn"), at("data")).counts(30, 15, 15).run(&Stop::default())?;

    let (file, alpha) = match std::env::args_os().nth(1) {
        Some(file) => (file.into(), 1.0),
        None => {
            println!("a narrow base of random weights, which classifies badly");
            let layers = Model::Mobilenet.base_architecture(0.25)?;
            let base = Base::random(Model::Mobilenet, layers, Device::Cpu, 1)?;
            weights::save(&at("base.safetensors"), &base.stack.tensors(), Default::default())?;
            (at("base.safetensors"), 0.25)
        }
    };

    let mut head = Config::features(Model::Mobilenet, file, at("data"));
    head.pictures.image_size = "96".parse()?;
    head.training.epochs = 10;
    head.output.folder = at("head");
    let on_base = head.on_base_mut().ok_or("expected a recipe on a base")?;
    on_base.alpha = alpha;
    let outcome = petite::train(&head, &mut Silent)?;
    println!("head: val_acc {:.3}", outcome.last().map_or(f64::NAN, |row| row.val_acc));

    let mut tuned = Config::fine_tune(&head.output.folder, head.keras)?;
    tuned.training.epochs = 2;
    tuned.output.folder = at("tuned");
    let outcome = petite::train(&tuned, &mut Silent)?;
    println!("fine-tuned: val_acc {:.3}", outcome.last().map_or(f64::NAN, |row| row.val_acc));

    let evaluation = petite::evaluate(&Evaluate::new(&tuned.output.folder), &mut Silent)?;
    println!("test accuracy {:.3} over {} pictures", evaluation.acc, evaluation.pictures);
    Ok(())
}
