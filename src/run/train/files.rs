//! What the files of a run say of it besides its weights: settings, pictures and history.

use crate::files::atomic_file;
use crate::history::Writer;
use crate::machine::device::describe;
use crate::run::data::splits::Splits;
use crate::run::events::Events;
use crate::run::folder::checkpoint::{self, Checkpoint};
use crate::run::folder::made_with::MadeWith;
use crate::run::folder::progress::Progress;
use crate::run::folder::{RunFolder, RunRecord, Versions, resume};
use crate::run::warning::Warning;
use crate::weights::Named;
use anyhow::Result;
use tch::Device;

/// The contents of a run's files at the start of a process.
pub(crate) struct RunFiles<'a> {
    pub run: &'a RunFolder,
    /// The contents of `config.json`.
    pub record: RunRecord,
    /// The contents of `split.csv`, if the run is to have one.
    list: Option<Vec<u8>>,
    /// The contents of `pictures.csv`.
    pictures: Vec<u8>,
    pub made_with: MadeWith,
    /// Progress of earlier processes of the run.
    pub done: Progress,
}

impl<'a> RunFiles<'a> {
    /// Those of `run` with the pictures of `splits`, which must be those of its checkpoint, if it has
    /// one.
    ///
    /// # Errors
    /// If classes or pictures differ, or a picture cannot be read.
    pub fn new(
        run: &'a RunFolder,
        device: Device,
        splits: &mut Splits,
        saved: Option<&Checkpoint>,
        events: &mut dyn Events,
    ) -> Result<Self> {
        let (config, classes) = (splits.config(), splits.classes().to_vec());
        if config.output.resume {
            let made_with = saved.and_then(|saved| saved.made_with.as_ref());
            resume::check_classes(&classes, run, made_with)?;
        }
        if let Some((error, instead)) = saved.and_then(|saved| saved.instead.as_ref()) {
            events.warning(&Warning::DamagedCheckpoint { error, instead });
        }
        let pictures = splits.fingerprint(run, saved, events)?;
        Ok(Self {
            run,
            made_with: MadeWith::new(&classes, config, Some(pictures.sum())),
            record: RunRecord {
                versions: Versions::current(),
                device: describe(device),
                classes,
                train: config.clone(),
            },
            list: splits.list.take(),
            pictures: pictures.to_csv()?,
            done: saved.map(|saved| saved.progress.clone()).unwrap_or_default(),
        })
    }

    /// Writes the files of a run that starts, and those of a resumed one that are missing or damaged:
    /// `weights` are its last. Reports what has changed since it was last trained.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&mut self, weights: &Named, events: &mut dyn Events) -> Result<Writer> {
        let (run, record, done) = (self.run, &self.record, &mut self.done);
        let epochs = done.epochs();
        if epochs < record.train.training.epochs {
            if epochs + done.steps() > 0 {
                let changes = resume::changes(record, run)?;
                if !changes.is_empty() {
                    events.warning(&Warning::ResumedWith(&changes));
                }
            }
            // First, since a folder without it is not a run: the others can be written later.
            run.write_record(record)?;
            if let Some(list) = &self.list {
                atomic_file::write_bytes(&run.split(), list)?;
            }
            atomic_file::write_bytes(&run.pictures(), &self.pictures)?;
        }
        if checkpoint::repair(run, done, weights)?
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
}
