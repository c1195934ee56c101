//! `petite train`

use super::loaders::Splits;
use super::{say, settings, start};
use crate::cli::TrainArgs;
use crate::progress::TrainingProgress;
use anyhow::{Context, Result, ensure};
use petite::augment::augmentation::Augmentation;
use petite::device::{describe, find_fastest_convolutions, set_threads};
use petite::history::{self, Epoch, Writer};
use petite::nn::network::Network;
use petite::nn::stored::Stored;
use petite::numbers::with_thousands;
use petite::precision::Precision;
use petite::report::curves;
use petite::run::checkpoint::{self, Checkpoints};
use petite::run::config::TrainConfig;
use petite::run::folder::{RunFolder, RunRecord, Versions};
use petite::stop::Interrupted;
use petite::training::fit::{Observer, StepProgress, Trainer};
use petite::training::objective::Objective;
use petite::training::optimizer::RmsProp;
use tch::Device;

pub fn run(args: &TrainArgs) -> Result<()> {
    let mut config = settings::from_args(args)?;
    set_threads(config.threads);
    let device = config.device.resolve()?;
    find_fastest_convolutions(device);
    let precision = config.precision.resolve(device)?;
    // A run keeps what `auto` took, so that it goes on alike elsewhere.
    config.precision = precision.into();
    if args.resume {
        let run = RunFolder::open(&args.out)?;
        // A run that broke off in its first epoch starts again.
        let begun = run.checkpoint().exists();
        let stored = if begun { None } else { start::read(&mut config)? };
        return train(&run, &config, device, precision, stored.as_ref());
    }
    let stored = start::read(&mut config)?;
    let run = RunFolder::create(&args.out)?;
    train(&run, &config, device, precision, stored.as_ref()).inspect_err(|_| {
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
    stored: Option<&Stored>,
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
    let splits = Splits::read(config)?;
    let classes = splits.classes().to_vec();
    let mut network = config.network(classes.len(), device, precision)?;
    let mut optimizer = RmsProp::new(config.optimizer, network.parameters(), network.leaves())?;
    let done = checkpoint::restore(run, &mut network, &optimizer)?;
    if done.is_none() {
        start::fill(&mut network, config, stored, &classes)?;
    }
    let (mut train, mut validation) = splits.loaders(config, &network)?;
    if let Some(steps) = config.steps_per_epoch.filter(|&steps| steps > train.steps_per_epoch()) {
        say(format_args!(
            "epoch       {} steps, a whole pass, not {steps}: Keras 3 ends an epoch there",
            train.steps_per_epoch()
        ));
    }
    if config.augmentation.is_active() {
        say(format_args!("augmented   {}", config.augmentation));
    }
    say_network(config, &network);
    let objective = Objective::new(
        classes.len(),
        config.label_smoothing,
        config.class_weights,
        train.labels(),
        device,
    )?;
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
        history: Writer::start(&run.history(), &rows)?,
        rows,
        checkpoints: Checkpoints::new(run.clone(), done.map(|progress| progress.best)),
        progress: TrainingProgress::new(config.epochs),
    };
    let outcome = Trainer {
        network: &network,
        optimizer: &mut optimizer,
        objective: &objective,
        schedule: config.schedule,
        patience: config.patience,
        val_losses: observer.rows.iter().map(|row| row.val_loss).collect(),
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

fn say_network(config: &TrainConfig, network: &Network) {
    let (height, width) = config.image_size;
    let head = network.architecture().parameters();
    let base = network.base().map_or(0, |base| base.architecture().parameters());
    say(format_args!(
        "network     {}, {} parameters, pictures of {height}×{width}",
        config.model.name(),
        with_thousands(head + base),
    ));
    if let Some(transfer) = &config.transfer {
        let trained: i64 = network.parameters().iter().map(|(_, p)| p.numel() as i64).sum();
        say(format_args!(
            "base        {}{}, {} parameters are trained",
            transfer.through.as_ref().map_or("whole".to_owned(), |last| format!("through {last}")),
            transfer
                .unfreeze_from
                .as_ref()
                .map_or(", frozen".to_owned(), |block| format!(", frozen before {block}")),
            with_thousands(trained)
        ));
    }
}

/// Keeps the run's files and what a person sees up to date.
struct TrainObserver {
    history: Writer,
    rows: Vec<Epoch>,
    checkpoints: Checkpoints,
    progress: TrainingProgress,
}

impl Observer for TrainObserver {
    fn step(&mut self, progress: &StepProgress) -> Result<()> {
        self.progress.step(progress)
    }

    fn unrecorded(&mut self, error: &anyhow::Error) -> Result<()> {
        self.progress.warn(&format!(
            "cannot record the training step as a CUDA graph ({error:#}); steps are launched piece by piece, which is slower in small batches; --no-cuda-graph does not try"
        ));
        Ok(())
    }

    fn epoch(&mut self, record: &Epoch, network: &Network, optimizer: &RmsProp) -> Result<()> {
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
