//! `petite train`

use super::pictures::{self, Opened, Reading};
use super::progress::TrainingProgress;
use super::{duplicates, say, settings};
use crate::augment::augmentation::Augmentation;
use crate::cli::TrainArgs;
use crate::data::folder::Folder;
use crate::data::loader::{Loader, Order};
use crate::device::{describe, set_threads};
use crate::interrupt::Interrupted;
use crate::models::{network::Network, summary::with_thousands};
use crate::precision::Precision;
use crate::random::Purpose;
use crate::report::curves;
use crate::training::checkpoint::{self, Checkpoints};
use crate::training::config::TrainConfig;
use crate::training::fit::{Observer, StepProgress, Trainer};
use crate::training::history::{self, EpochRecord, HistoryWriter};
use crate::training::loss::Loss;
use crate::training::optimizer::RmsProp;
use crate::training::run_folder::{RunFolder, RunRecord, Versions};
use anyhow::{Context, Result, ensure};
use tch::Device;

pub fn run(args: &TrainArgs) -> Result<()> {
    let mut config = settings::from_args(args)?;
    set_threads(config.threads);
    let device = config.device.resolve()?;
    let precision = config.precision.resolve(device)?;
    // A run keeps what `auto` took, so that it goes on alike elsewhere.
    config.precision = precision.into();
    if args.resume {
        return train(&RunFolder::open(&args.out)?, &config, device, precision);
    }
    let run = RunFolder::create(&args.out)?;
    train(&run, &config, device, precision).inspect_err(|_| {
        // Bad pictures, say: nothing was written, so the same --out can be given again. A folder
        // with anything in it stays.
        let _ = std::fs::remove_dir(run.path());
    })
}

fn train(
    run: &RunFolder,
    config: &TrainConfig,
    device: Device,
    precision: Precision,
) -> Result<()> {
    let versions = Versions::current();
    say(format_args!(
        "petite {}, libtorch {}, {}, {}, seed {}, as Keras {}",
        versions.petite,
        versions.libtorch,
        describe(device),
        precision.name(),
        config.seed,
        config.keras.name()
    ));
    let (mut train, mut validation, classes) = loaders(config, device)?;
    let network =
        Network::new(config.architecture(classes.len())?, device, precision, config.seed)?;
    if let Some(steps) = config.steps_per_epoch.filter(|&steps| steps > train.steps_per_epoch()) {
        say(format_args!(
            "epoch       {} steps, a whole pass, not {steps}: Keras 3 ends an epoch there",
            train.steps_per_epoch()
        ));
    }
    if config.augmentation.is_active() {
        say(format_args!("augmented   {}", config.augmentation));
    }
    let (height, width) = config.image_size;
    say(format_args!(
        "network     {}, {} parameters, pictures of {height}×{width}",
        config.model.name(),
        with_thousands(network.architecture().parameters()),
    ));
    let loss = Loss::for_classes(classes.len());
    let mut optimizer = RmsProp::new(config.optimizer, network.parameters(), network.leaves())?;

    let done = checkpoint::restore(run, &network, &optimizer)?;
    let first = done.map_or(0, |progress| progress.epoch);
    if first >= config.epochs {
        say(format_args!(
            "the run has all its {first} epochs; --epochs {} would go on",
            first + 10
        ));
        return Ok(());
    }
    let mut rows = if first > 0 { history::read(&run.history())? } else { Vec::new() };
    // A process killed between its row and its checkpoint has left a row too many.
    rows.truncate(first as usize);
    ensure!(
        rows.len() as i64 == first,
        "expected the {first} epochs of the checkpoint in {}, found {}; try a new --out",
        run.history().display(),
        rows.len()
    );
    if first > 0 {
        say(format_args!("continuing after epoch {first}"));
    }
    let record = RunRecord { versions, device: describe(device), classes, train: config.clone() };
    run.write_record(&record)?;

    let mut observer = TrainObserver {
        history: HistoryWriter::start(&run.history(), &rows)?,
        rows,
        checkpoints: Checkpoints::new(run.clone(), done.map(|progress| progress.best)),
        progress: TrainingProgress::new(config.epochs),
    };
    let outcome = Trainer {
        network: &network,
        optimizer: &mut optimizer,
        loss,
        train: &mut train,
        augmentation: &Augmentation::new(config.augmentation, config.keras, config.seed)?,
        validation: &mut validation,
        cuda_graph: config.cuda_graph,
    }
    .fit(first..config.epochs, &mut observer);
    observer.progress.finish();
    if !observer.rows.is_empty() {
        curves::write_both(&run.curves("png"), &run.curves("svg"), &observer.rows)?;
    }
    if let Err(error) = outcome {
        return Err(if error.is::<Interrupted>() { explain(error, run, &observer) } else { error });
    }
    report(run, &observer)
}

/// The loaders of the two splits, and the class names.
fn loaders(config: &TrainConfig, device: Device) -> Result<(Loader, Loader, Vec<String>)> {
    let train = Folder::read_split(&config.data, "train", None)?;
    let validation = Folder::read_split(&config.data, "validation", Some(&train.classes))?;
    let reading = Reading {
        target: config.target(),
        cache: pictures::choose(config.cache, &[&train, &validation], config.target()),
        loader_threads: config.loader_threads,
        skip_bad: config.skip_bad_pictures,
    };
    let open = |folder: &Folder, name: &str| pictures::open(folder, name, reading);
    let classes = train.classes.clone();
    // Both splits are read before either complains, so that every bad file is named at once.
    let (train, validation) = match (open(&train, "train"), open(&validation, "validation")) {
        (Ok(train), Ok(validation)) => (train, validation),
        (Err(first), Err(second)) if !first.is::<Interrupted>() => {
            return Err(anyhow::anyhow!("{first:#}\n{second:#}"));
        }
        (Err(error), _) | (_, Err(error)) => return Err(error),
    };
    let count = |opened: &Opened| with_thousands(opened.source.samples().len() as i64);
    say(format_args!(
        "train       {} pictures of {}{}",
        count(&train),
        classes.join(", "),
        train.note
    ));
    say(format_args!("validation  {} pictures{}", count(&validation), validation.note));
    let (train, validation) = (train.source, validation.source);
    // Looking at streamed pictures would decode them all.
    if let (Some(train), Some(validation)) = (train.pixels(), validation.pixels()) {
        duplicates::warn(&config.data, train, validation)?;
    }

    let seed = config.seed;
    // Whole passes give the same means in any order, so they are taken in the one `evaluate` has.
    let validation_order = match config.validation_steps {
        None => Order::Sorted,
        Some(_) => Order::Shuffled { seed, purpose: Purpose::ValidationOrder },
    };
    let train_order = Order::Shuffled { seed, purpose: Purpose::TrainOrder };
    let batch_size = config.batch_size;
    let iteration = config.keras.conventions().iteration;
    Ok((
        Loader::new(train, device, batch_size, config.steps_per_epoch, train_order, iteration)?,
        Loader::new(
            validation,
            device,
            batch_size,
            config.validation_steps,
            validation_order,
            iteration,
        )?,
        classes,
    ))
}

/// Keeps the run's files and what a person sees up to date.
struct TrainObserver {
    history: HistoryWriter,
    rows: Vec<EpochRecord>,
    checkpoints: Checkpoints,
    progress: TrainingProgress,
}

impl Observer for TrainObserver {
    fn step(&mut self, progress: &StepProgress) -> Result<()> {
        self.progress.step(progress)
    }

    fn epoch(
        &mut self,
        record: &EpochRecord,
        network: &Network,
        optimizer: &RmsProp,
    ) -> Result<()> {
        self.history.append(record)?;
        self.checkpoints.save(record, network, optimizer)?;
        self.rows.push(*record);
        self.progress.epoch(record);
        Ok(())
    }
}

fn report(run: &RunFolder, observer: &TrainObserver) -> Result<()> {
    let last = observer.rows.last().context("a finished run has an epoch")?;
    let best = observer.checkpoints.best().context("a finished run has a best epoch")?;
    let path = run.path().display();
    say(format_args!(
        "last        epoch {}: val_loss {:.4}, val_acc {:.4}",
        last.epoch, last.val_loss, last.val_acc
    ));
    say(format_args!("best        epoch {}: val_loss {:.4}", best.epoch, best.val_loss));
    say(format_args!("weights     {}, {}", run.last().display(), run.best().display()));
    say(format_args!(
        "curves      {}, {}",
        run.curves("png").display(),
        run.curves("svg").display()
    ));
    say(format_args!("next        petite evaluate --run {path} --split test"));
    Ok(())
}

/// What an interrupted person needs to know.
fn explain(error: anyhow::Error, run: &RunFolder, observer: &TrainObserver) -> anyhow::Error {
    let path = run.path().display();
    match observer.rows.last() {
        Some(last) => error.context(format!(
            "{} epochs are saved in {path}; petite train --resume --out {path} continues",
            last.epoch
        )),
        None => error.context(format!(
            "before the first epoch was done; petite train --resume --out {path} starts again"
        )),
    }
}
