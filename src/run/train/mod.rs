//! Training a run: from a data set to a folder with weights, history and curves.

pub(crate) mod event_log;
pub(crate) mod preview;
pub(crate) mod recorder;
pub mod repeat;
pub(crate) mod start;

use crate::augment::augmentation::Augmentation;
use crate::batches::loader::Loader;
use crate::error::ensure_or;
use crate::files::atomic_file;
use crate::files::folder_lock::FolderLock;
use crate::history::{Epoch, Writer};
use crate::machine::Machine;
use crate::machine::device::describe;
use crate::machine::world::World;
use crate::report::curves;
use crate::run::data::frozen::through_frozen;
use crate::run::data::splits::Splits;
use crate::run::events::{Events, Note, Warning};
use crate::run::folder::checkpoint::{self, Checkpoints};
use crate::run::folder::made_with::MadeWith;
use crate::run::folder::progress::Progress;
use crate::run::folder::resume;
use crate::run::folder::{RunFolder, RunRecord, Versions};
use crate::run::outcome::{Ended, Outcome};
use crate::run::settings::config::Config;
use crate::run::train::event_log::EventLog;
use crate::run::train::recorder::Recorder;
use crate::run::train::start::First;
use crate::stop::Stop;
use crate::training::fit::Trainer;
use crate::training::learner::Learner;
use crate::training::objective::Objective;
use crate::training::update::Update;
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
        return Session::open(&run, &mut config, machine, first, events)?.train(events);
    }
    let machine = prepare(&mut config)?;
    let first = First::of(None, &mut config)?;
    let run = RunFolder::create(&config.output.folder)?;
    let lock = locked(&run, events)?;
    // Another process may have used the folder in between.
    RunFolder::create(&config.output.folder)?;
    Session::open(&run, &mut config, machine, first, events)
        .and_then(|session| session.train(events))
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
    run: &'a RunFolder,
    config: &'a Config,
    machine: Machine,
    stop: Stop,
    classes: Vec<String>,
    /// The contents of `split.csv`, if the run is to have one.
    list: Option<Vec<u8>>,
    /// The contents of `pictures.csv`.
    pictures: Vec<u8>,
    made_with: MadeWith,
    learner: Learner,
    train: Loader,
    validation: Loader,
    /// Progress of earlier processes of the run.
    done: Progress,
}

impl<'a> Session<'a> {
    /// Reads the pictures and builds the network, with the weights of the checkpoint if there is
    /// one.
    fn open(
        run: &'a RunFolder,
        config: &'a mut Config,
        machine: Machine,
        first: First,
        events: &mut dyn Events,
    ) -> Result<Self> {
        let stop = events.stop();
        events.note(&Note::Start { config, machine });
        let mut splits = Splits::read(config, run, &stop, events)?;
        let config = splits.config();
        let classes = splits.classes().to_vec();
        let saved = first.saved();
        if config.output.resume {
            let made_with = saved.and_then(|saved| saved.made_with.as_ref());
            resume::check_classes(&classes, run, made_with)?;
        }
        let mut network = config.network(classes.len(), machine)?;
        let update = Update::new(&config.optimizer, &network)?;
        if let Some((error, instead)) = saved.and_then(|saved| saved.instead.as_ref()) {
            events.warning(&Warning::DamagedCheckpoint { error, instead });
        }
        let pictures = splits.fingerprint(run, saved, events)?;
        let made_with = MadeWith::new(&classes, config, Some(pictures.sum()));
        let pictures = pictures.to_csv()?;
        let done = first.fill(&mut network, &update, config, &classes, events)?;
        let (train, mut validation) = splits.loaders(&network, &stop, events)?;
        // Batches of a part of the pictures differ from epoch to epoch. A complete run needs none.
        if config.training.validation_steps.is_none() && done.epochs() < config.training.epochs {
            validation = through_frozen(&network, validation, &stop, events)?;
        }
        let list = splits.list.take();
        let steps = train.steps_per_epoch();
        if let Some(asked) = config.training.steps_per_epoch.filter(|&asked| asked > steps) {
            events.note(&Note::WholePass { steps, asked });
        }
        let base = network.base().map_or(0, |base| base.stack.architecture().parameters());
        let parameters = network.architecture().parameters() + base;
        let trained = network.parameters().iter().map(|(_, tensor)| tensor.numel() as i64).sum();
        events.note(&Note::Network { config, parameters, trained });
        let objective = Objective::new(
            classes.len(),
            config.training.label_smoothing,
            config.training.class_weights,
            train.labels(),
            machine.device,
        )?;
        let learner = Learner { network, objective, update, world: World::alone() };
        #[rustfmt::skip]
        let session = Self { run, config, machine, stop, classes, list, pictures, made_with, learner, train, validation, done };
        Ok(session)
    }

    /// Trains the remaining epochs.
    fn train(mut self, events: &mut dyn Events) -> Result<Outcome> {
        let (run, config) = (self.run, self.config);
        let mut done = std::mem::take(&mut self.done);
        let history = self.begin(&mut done, events)?;
        let augmentation = Augmentation::new(config.augmentation, config.keras, config.seed)?;
        let event_log = self.event_log(&done.rows, &augmentation)?;
        let (epochs, steps) = (done.epochs(), done.steps());
        if epochs >= config.training.epochs {
            events.note(&Note::Complete { epochs });
            return finish(run, done, Ended::AllEpochs, events);
        }
        if epochs + steps > 0 {
            let history = &done.rows;
            events.note(&Note::Continuing { epochs, steps, history });
        }
        let record_steps = config.machine.cuda_graph
            && self.machine.use_own_stream().unwrap_or_else(|error| {
                events.warning(&Warning::NoCudaGraph(&error));
                false
            });
        let (val_losses, partial) = (done.rows.iter().map(|row| row.val_loss), done.partial);
        let (val_losses, keep) = (val_losses.collect(), config.output.keep.unwrap_or(1));
        let checkpoints = Checkpoints::new(run.clone(), self.made_with, done, keep);
        let all = config.training.epochs;
        let mut recorder = Recorder { history, checkpoints, event_log, epochs: all, events };
        let ended = Trainer {
            learner: &self.learner,
            training: &config.training,
            optimizer: &config.optimizer,
            schedule: config.schedule,
            checkpoint_every: config.output.checkpoint_every,
            train: &mut self.train,
            augmentation: &augmentation,
            validation: &mut self.validation,
            val_losses,
            partial,
            record: record_steps,
            stop: self.stop,
        }
        .fit(&mut recorder);
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

    /// Writes the files of a run that starts, and those of a resumed one that are missing or damaged.
    /// Reports what has changed since it was last trained.
    fn begin(&self, done: &mut Progress, events: &mut dyn Events) -> Result<Writer> {
        let (run, config, epochs) = (self.run, self.config, done.epochs());
        let device = describe(self.machine.device);
        if epochs < config.training.epochs {
            if epochs + done.steps() > 0 {
                let changes = resume::changes(config, &device, run)?;
                if !changes.is_empty() {
                    events.warning(&Warning::ResumedWith(&changes));
                }
            }
            // First, since a folder without it is not a run: the others can be written later.
            run.write_record(&RunRecord {
                versions: Versions::current(),
                device,
                classes: self.classes.clone(),
                train: config.clone(),
            })?;
            if let Some(list) = &self.list {
                atomic_file::write_bytes(&run.split(), list)?;
            }
            atomic_file::write_bytes(&run.pictures(), &self.pictures)?;
        }
        if checkpoint::repair(run, done, &self.learner.network.tensors())?
            && let Some(best) = done.best
        {
            let (path, epoch) = (&run.best(), best.epoch);
            events.warning(&Warning::NoBestWeights { path, epoch });
        }
        let (history, wrong) = resume::restore_history(run, done)?;
        if let Some(found) = &wrong {
            events.warning(&Warning::HistoryRestored { path: &run.history(), found, epochs });
        }
        Ok(history)
    }

    /// The event files with `rows`, if the run is to have them, and the pictures of the first step.
    fn event_log(
        &mut self,
        rows: &[Epoch],
        augmentation: &Augmentation,
    ) -> Result<Option<EventLog>> {
        let config = self.config;
        if !config.output.tensorboard {
            return Ok(None);
        }
        let (train, classes) = (&mut self.train, &self.classes);
        let pictures = preview::first_step(train, augmentation, &config.augmentation, classes)?;
        EventLog::start(self.run, pictures, rows).map(Some)
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
