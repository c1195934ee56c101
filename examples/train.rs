//! Trains the book's convnet on drawn pictures, and measures it on pictures it has not seen:
//! `cargo run --example train`. About 20 s on two cores.

use petite::dataset::{Prepare, synthesize};
use petite::{Config, Epoch, Evaluate, Events, Note, Predict, Recipe, Stop};

/// Prints a line per epoch.
struct Lines;

impl Events for Lines {
    fn note(&mut self, note: &Note<'_>) {
        if let Note::Split { name, pictures, classes, .. } = note {
            println!("{pictures} {name} pictures of {}", classes.join(" and "));
        }
    }

    fn epoch(&mut self, row: &Epoch, epochs: i64) {
        println!("epoch {}/{epochs}: loss {:.3}, val_acc {:.3}", row.epoch, row.loss, row.val_acc);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    petite::keep_freed_memory();
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    synthesize(&at("drawn"), 140, 1, &Stop::default())?;
    Prepare::new(at("drawn"), at("data")).counts(80, 30, 30).run(&Stop::default())?;

    let mut config = Config::new(Recipe::Baseline, at("data"));
    config.training.epochs = 6;
    config.pictures.image_size = "64".parse()?;
    config.optimizer.learning_rate = 5e-4;
    config.output.folder = at("run");
    let outcome = petite::train(&config, &mut Lines)?;
    let best = outcome.best.ok_or("expected a best epoch")?;
    println!("lowest val_loss {:.3} at epoch {}; {:?}", best.val_loss, best.epoch, outcome.ended);

    let evaluation = petite::evaluate(&Evaluate::new(&config.output.folder), &mut Lines)?;
    println!("test accuracy {:.3} over {} pictures", evaluation.acc, evaluation.pictures);

    let picture = at("drawn").join("stripe.139.jpg");
    let predictions = petite::predict(&Predict::new(&config.output.folder, [picture]), &mut Lines)?;
    let first = &predictions.pictures[0];
    println!("{} is one of {}", first.path.display(), predictions.classes[first.label]);
    Ok(())
}
