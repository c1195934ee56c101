//! Training a configuration: from its folder of pictures to a folder with weights, history and curves.

use super::checkpoint::{self, Best, Checkpoints, Progress};
use super::config::Config;
use super::events::{Events, Note, Warning};
use super::folder::{RunFolder, RunRecord, Versions};
use super::splits::Splits;
use super::start;
use crate::augment::augmentation::Augmentation;
use crate::batches::loader::Loader;
use crate::device::describe;
use crate::error::{ensure_or, fault};
use crate::history::{self, Epoch, Writer};
use crate::machine::Machine;
use crate::nn::network::Network;
use crate::nn::stored::Stored;
use crate::report::curves;
use crate::stop::{Interrupted, Stop};
use crate::training::fit::{self, Observer, StepProgress, Trainer};
use crate::training::objective::Objective;
use crate::training::optimizer::RmsProp;
use crate::training::schedule::Schedule;
use anyhow::Result;

/// Why a run came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It has all its epochs.
    AllEpochs,
    /// val_loss found no new low for the epochs of `patience`.
    EarlyStop,
    /// A stop was requested. The run can be resumed.
    Interrupted,
    /// The last loss is not a finite number.
    Diverged,
}

/// What came out of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// A row for each epoch, those of earlier processes included.
    pub history: Vec<Epoch>,
    /// The epoch whose weights are `best.ot`; `None` before the first.
    pub best: Option<Best>,
    /// Why it ended.
    pub ended: Ended,
    /// Where its files are.
    pub run: RunFolder,
}

impl Outcome {
    /// The last epoch; `None` before the first.
    pub fn last(&self) -> Option<&Epoch> {
        self.history.last()
    }
}

/// Trains `config` in its folder `out`: see [`petite::train`](crate::train).
pub(crate) fn train(config: &Config, events: &mut dyn Events) -> Result<Outcome> {
    let mut config = config.clone();
    config.check()?;
    let Some(data) = config.data.take() else {
        fault!(DataSet, "expected `data`, a folder with train and validation folders, found none");
    };
    // The stored path holds wherever the run is looked at from.
    match data.canonicalize() {
        Ok(data) => config.data = Some(data),
        Err(error) => {
            fault!(
                DataSet,
                "expected a data set at `data` {}, found none ({error})",
                data.display()
            )
        }
    }
    if config.resume {
        let run = RunFolder::open(&config.out)?;
        check_continues(&config, &run)?;
        let machine = prepare(&mut config)?;
        // A run that broke off in its first epoch starts again.
        let begun = run.checkpoint().exists();
        let stored = if begun { None } else { start::read(&mut config)? };
        return Session::open(&run, &config, machine, stored.as_ref(), events)?.train(events);
    }
    let machine = prepare(&mut config)?;
    let stored = start::read(&mut config)?;
    let run = RunFolder::create(&config.out)?;
    Session::open(&run, &config, machine, stored.as_ref(), events)
        .and_then(|session| session.train(events))
        .inspect_err(|_| {
            // Bad pictures, say: nothing was written, so the same `out` can be given again. A folder
            // with anything in it stays.
            let _ = std::fs::remove_dir(run.path());
        })
}

/// Prepares libtorch; the settings keep what `auto` took, so that a run goes on alike elsewhere.
fn prepare(config: &mut Config) -> Result<Machine> {
    let machine = Machine::prepare(config.device, config.precision, config.threads)?;
    config.precision = machine.precision.into();
    Ok(machine)
}

/// A run is continued with its own settings only.
fn check_continues(config: &Config, run: &RunFolder) -> Result<()> {
    let stored = run.read_record()?.train;
    ensure_or!(
        Run,
        config.schedule != Schedule::Cosine || config.epochs == stored.epochs,
        "expected `epochs` {} as in {}, found {}: every rate of a cosine depends on the last epoch; try a new run",
        stored.epochs,
        run.path().display(),
        config.epochs
    );
    let others = config.differences(&stored);
    ensure_or!(
        Run,
        others.is_empty(),
        "expected the settings of the run in {} with `resume`, found another {}; try changing only `epochs`, `device`, `cache` and `threads`",
        run.path().display(),
        others.join(", ")
    );
    Ok(())
}

/// A run that is ready to be trained.
struct Session<'a> {
    run: &'a RunFolder,
    config: &'a Config,
    machine: Machine,
    stop: Stop,
    classes: Vec<String>,
    network: Network,
    optimizer: RmsProp,
    objective: Objective,
    train: Loader,
    validation: Loader,
    /// What an earlier process of the run has done.
    done: Option<Progress>,
}

impl<'a> Session<'a> {
    /// Reads the pictures and builds the network, with the weights of its checkpoint if there is one.
    fn open(
        run: &'a RunFolder,
        config: &'a Config,
        machine: Machine,
        stored: Option<&Stored>,
        events: &mut dyn Events,
    ) -> Result<Self> {
        let stop = events.stop();
        events.note(&Note::Start { config, machine });
        let splits = Splits::read(config)?;
        let classes = splits.classes().to_vec();
        let mut network = config.network(classes.len(), machine)?;
        let optimizer = RmsProp::new(config.optimizer, network.parameters(), network.leaves())?;
        let done = checkpoint::restore(run, &mut network, &optimizer)?;
        if done.is_none() {
            start::fill(&mut network, config, stored, &classes)?;
        }
        let (train, validation) = splits.loaders(&network, &stop, events)?;
        let steps = train.steps_per_epoch();
        if let Some(asked) = config.steps_per_epoch.filter(|&asked| asked > steps) {
            events.note(&Note::WholePass { steps, asked });
        }
        let base = network.base().map_or(0, |base| base.architecture().parameters());
        let parameters = network.architecture().parameters() + base;
        let trained = network.parameters().iter().map(|(_, tensor)| tensor.numel() as i64).sum();
        events.note(&Note::Network { config, parameters, trained });
        let objective = Objective::new(
            classes.len(),
            config.label_smoothing,
            config.class_weights,
            train.labels(),
            machine.device,
        )?;
        #[rustfmt::skip]
        let session = Self { run, config, machine, stop, classes, network, optimizer, objective, train, validation, done };
        Ok(session)
    }

    /// Trains the epochs that are missing.
    fn train(mut self, events: &mut dyn Events) -> Result<Outcome> {
        let (run, config) = (self.run, self.config);
        let first = self.done.map_or(0, |progress| progress.epoch);
        let rows = self.rows(first)?;
        let best = self.done.map(|progress| progress.best);
        if first >= config.epochs {
            events.note(&Note::Complete { epochs: first });
            return finish(run, rows, best, Ended::AllEpochs, events);
        }
        if first > 0 {
            events.note(&Note::Continuing { epochs: first });
        }
        let record = RunRecord {
            versions: Versions::current(),
            device: describe(self.machine.device),
            classes: std::mem::take(&mut self.classes),
            train: config.clone(),
        };
        run.write_record(&record)?;
        let record_steps = config.cuda_graph
            && self.machine.use_own_stream().unwrap_or_else(|error| {
                events.warning(&Warning::NoCudaGraph(&error));
                false
            });
        let mut recorder = Recorder {
            history: Writer::start(&run.history(), &rows)?,
            rows,
            checkpoints: Checkpoints::new(run.clone(), best),
            epochs: config.epochs,
            events,
        };
        let ended = Trainer {
            network: &self.network,
            optimizer: &mut self.optimizer,
            learning_rate: config.optimizer.learning_rate,
            epochs: config.epochs,
            objective: &self.objective,
            schedule: config.schedule,
            patience: config.patience,
            val_losses: recorder.rows.iter().map(|row| row.val_loss).collect(),
            train: &mut self.train,
            augmentation: &Augmentation::new(config.augmentation, config.keras, config.seed)?,
            validation: &mut self.validation,
            record: record_steps,
            stop: self.stop,
        }
        .fit(first..config.epochs, &mut recorder);
        let (rows, best) = (recorder.rows, recorder.checkpoints.best());
        let ended = match ended {
            Ok(_) if rows.last().is_some_and(|row| !row.loss.is_finite()) => Ended::Diverged,
            Ok(fit::Ended::AllEpochs) => Ended::AllEpochs,
            Ok(fit::Ended::EarlyStop) => Ended::EarlyStop,
            Err(error) if error.is::<Interrupted>() => Ended::Interrupted,
            Err(error) => {
                draw(run, &rows)?;
                return Err(error);
            }
        };
        finish(run, rows, best, ended, events)
    }

    /// The history of the first epochs.
    fn rows(&self, first: i64) -> Result<Vec<Epoch>> {
        let path = self.run.history();
        let mut rows = if first > 0 { history::read(&path)? } else { Vec::new() };
        // A process killed between its row and its checkpoint has left a row too many.
        rows.truncate(first as usize);
        ensure_or!(
            Run,
            rows.len() as i64 == first,
            "expected the {first} epochs of the checkpoint in {}, found {}; try a new `out`",
            path.display(),
            rows.len()
        );
        Ok(rows)
    }
}

/// Draws the curves and tells of the end.
fn finish(
    run: &RunFolder,
    history: Vec<Epoch>,
    best: Option<Best>,
    ended: Ended,
    events: &mut dyn Events,
) -> Result<Outcome> {
    draw(run, &history)?;
    let outcome = Outcome { history, best, ended, run: run.clone() };
    events.end(&outcome);
    Ok(outcome)
}

fn draw(run: &RunFolder, rows: &[Epoch]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    curves::write_both(&run.curves("png"), &run.curves("svg"), rows)
}

/// Keeps the run's files up to date, and tells of what is done.
struct Recorder<'a> {
    history: Writer,
    rows: Vec<Epoch>,
    checkpoints: Checkpoints,
    epochs: i64,
    events: &'a mut dyn Events,
}

impl Observer for Recorder<'_> {
    fn step(&mut self, progress: &StepProgress) {
        self.events.step(progress);
    }

    fn unrecorded(&mut self, error: &anyhow::Error) {
        self.events.warning(&Warning::NoCudaGraph(error));
    }

    fn epoch(&mut self, row: &Epoch, network: &Network, optimizer: &RmsProp) -> Result<()> {
        self.history.append(row)?;
        self.checkpoints.save(row, network, optimizer)?;
        self.rows.push(*row);
        self.events.epoch(row, self.epochs);
        Ok(())
    }
}
