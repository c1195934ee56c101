//! Training a run: from a data set to a folder with weights, history and curves.

pub(crate) mod event_log;
pub(crate) mod files;
pub(crate) mod preview;
pub(crate) mod recorder;
pub mod repeat;
pub(crate) mod start;

use crate::augment::augmentation::Augmentation;
use crate::error::ensure_or;
use crate::files::folder_lock::FolderLock;
use crate::history::Epoch;
use crate::machine::Machine;
use crate::machine::world::World;
use crate::report::curves;
use crate::run::data::frozen::through_frozen;
use crate::run::data::splits::Splits;
use crate::run::events::{Events, Note};
use crate::run::folder::checkpoint::{self, Checkpoints};
use crate::run::folder::progress::Progress;
use crate::run::folder::{RunFolder, resume};
use crate::run::outcome::{Ended, Outcome};
use crate::run::settings::config::Config;
use crate::run::train::event_log::EventLog;
use crate::run::train::files::RunFiles;
use crate::run::train::recorder::Recorder;
use crate::run::train::start::First;
use crate::run::warning::Warning;
use crate::training::config::TrainingConfig;
use crate::training::fit::{Batches, Trainer};
use crate::training::learner::Learner;
use crate::training::objective::Objective;
use anyhow::Result;

/// Trains `config` in its folder `out`: see [`petite::train`](crate::train).
pub(crate) fn train(config: &Config, events: &mut dyn Events) -> Result<Outcome> {
    let mut config = config.clone();
    config.check()?;
    ensure_or!(
        DataSet,
        config.data.path.is_some() || config.data.labels.is_some(),
        "expected `data`, a folder of pictures in class folders, found none"
    );
    config.locate_data()?;
    if config.output.resume {
        let run = RunFolder::open(&config.output.folder)?;
        let _lock = locked(&run, events)?;
        let saved = checkpoint::read(&run)?;
        let made_with = saved.as_ref().and_then(|saved| saved.made_with.as_ref());
        resume::check(&mut config, &run, made_with)?;
        let machine = prepare(&mut config)?;
        let first = First::of(saved, &mut config)?;
        let session = Session::open(&run, &mut config, machine, first, events)?;
        return session.train(machine, events);
    }
    let machine = prepare(&mut config)?;
    let first = First::of(None, &mut config)?;
    let run = RunFolder::create(&config.output.folder)?;
    let lock = locked(&run, events)?;
    // Another process may have used the folder in between.
    RunFolder::create(&config.output.folder)?;
    Session::open(&run, &mut config, machine, first, events)
        .and_then(|session| session.train(machine, events))
        .inspect_err(|_| {
            // If nothing was written, for example because of bad pictures, the same `out` can be
            // used again. A folder with files in it stays.
            drop(lock);
            let _ = std::fs::remove_dir(run.path());
        })
}

/// Locks the run, or warns that others are not kept away.
fn locked(run: &RunFolder, events: &mut dyn Events) -> Result<FolderLock> {
    let lock = run.lock()?;
    lock.odd().iter().for_each(|odd| events.warning(&Warning::Odd(odd)));
    Ok(lock)
}

/// Prepares libtorch and stores the precision that `auto` selected, so that a run continues with it
/// on another machine.
fn prepare(config: &mut Config) -> Result<Machine> {
    let machine =
        Machine::prepare(config.machine.device, config.machine.precision, config.machine.threads)?;
    config.machine.precision = machine.precision.into();
    Ok(machine)
}

/// A run that is ready for training.
struct Session<'a> {
    files: RunFiles<'a>,
    learner: Learner,
    batches: Batches,
}

impl<'a> Session<'a> {
    /// Reads the pictures and builds the network, with the weights of the checkpoint if there is
    /// one.
    fn open(
        run: &'a RunFolder,
        config: &mut Config,
        machine: Machine,
        first: First,
        events: &mut dyn Events,
    ) -> Result<Self> {
        let stop = events.stop();
        events.note(&Note::Start { config, machine });
        let mut splits = Splits::read(config, run, &stop, events)?;
        let (config, classes) = (splits.config(), splits.classes().len());
        let network = config.network(classes, machine)?;
        let files = RunFiles::new(run, machine.device, &mut splits, first.saved.as_ref(), events)?;
        let (network, update) = first.fill(network, &files.record, events)?;
        let (train, mut validation) = splits.loaders(&network, &stop, events)?;
        // Batches of a part of the pictures differ from epoch to epoch. A complete run needs none.
        let TrainingConfig { epochs, steps_per_epoch, validation_steps, .. } = config.training;
        if validation_steps.is_none() && files.done.epochs() < epochs {
            validation = through_frozen(&network, validation, &stop, events)?;
        }
        let steps = train.steps_per_epoch();
        if let Some(asked) = steps_per_epoch.filter(|&asked| asked > steps) {
            events.note(&Note::WholePass { steps, asked });
        }
        let base = network.base().map_or(0, |base| base.stack.architecture().parameters());
        let parameters = network.architecture().parameters() + base;
        let trained = network.parameters().iter().map(|(_, tensor)| tensor.numel() as i64).sum();
        events.note(&Note::Network { config, parameters, trained });
        let objective = Objective::new(
            classes,
            config.training.label_smoothing,
            config.training.class_weights,
            train.labels(),
            machine.device,
        )?;
        let augmentation = Augmentation::new(config.augmentation, config.keras, config.seed)?;
        Ok(Self {
            files,
            learner: Learner { network, objective, update, world: World::alone() },
            batches: Batches { train, augmentation, validation },
        })
    }

    /// Trains the remaining epochs.
    fn train(self, machine: Machine, events: &mut dyn Events) -> Result<Outcome> {
        let Self { mut files, learner, mut batches } = self;
        let history = files.write(&learner.network.tensors(), events)?;
        let RunFiles { run, record, made_with, done, .. } = files;
        let config = &record.train;
        let event_log = match config.output.tensorboard {
            true => {
                let sheet = preview::first_step(&mut batches, config, &record.classes)?;
                Some(EventLog::start(run, sheet, &done.rows)?)
            }
            false => None,
        };
        let (epochs, steps, all) = (done.epochs(), done.steps(), config.training.epochs);
        if epochs >= all {
            events.note(&Note::Complete { epochs });
            return finish(run, done, Ended::AllEpochs, events);
        }
        if epochs + steps > 0 {
            let history = &done.rows;
            events.note(&Note::Continuing { epochs, steps, history });
        }
        let record_steps = config.machine.cuda_graph
            && machine.use_own_stream().unwrap_or_else(|error| {
                events.warning(&Warning::NoCudaGraph(&error));
                false
            });
        let mut trainer = Trainer {
            learner: &learner,
            batches: &mut batches,
            training: &config.training,
            optimizer: &config.optimizer,
            schedule: config.schedule,
            checkpoint_every: config.output.checkpoint_every,
            val_losses: done.rows.iter().map(|row| row.val_loss).collect(),
            partial: done.partial,
            record: record_steps,
            stop: events.stop(),
        };
        let keep = config.output.keep.unwrap_or(1);
        let checkpoints = Checkpoints::new(run.clone(), made_with, done, keep);
        let mut recorder = Recorder { history, checkpoints, event_log, epochs: all, events };
        let ended = trainer.fit(&mut recorder);
        let done = recorder.checkpoints.into_progress();
        match ended {
            Ok(ended) => finish(run, done, ended, events),
            Err(error) => {
                // Maybe for the same reason, such as a full disk.
                let _ = draw(run, &done.rows);
                Err(error)
            }
        }
    }
}

/// Draws the curves and reports the end.
fn finish(
    run: &RunFolder,
    saved: Progress,
    ended: Ended,
    events: &mut dyn Events,
) -> Result<Outcome> {
    draw(run, &saved.rows)?;
    let (steps, best, run) = (saved.steps(), saved.best, run.clone());
    let outcome = Outcome { history: saved.rows, steps, best, ended, run };
    events.end(&outcome);
    Ok(outcome)
}

fn draw(run: &RunFolder, rows: &[Epoch]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    curves::write_both(&run.curves("png"), &run.curves("svg"), rows)
}
