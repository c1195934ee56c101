//! What a run does after each step and epoch: files and events.

use crate::history::{Epoch, Writer};
use crate::run::events::Events;
use crate::run::folder::checkpoint::Checkpoints;
use crate::run::train::event_log::EventLog;
use crate::run::warning::Warning;
use crate::training::fit::{Observer, Partial, StepProgress};
use crate::training::saved::Saved;
use anyhow::Result;

/// Keeps the run's files up to date and reports progress.
pub(crate) struct Recorder<'a> {
    pub(crate) history: Writer,
    pub(crate) checkpoints: Checkpoints,
    /// The event files, if the run has them.
    pub(crate) event_log: Option<EventLog>,
    /// Epochs of the whole run.
    pub(crate) epochs: i64,
    pub(crate) events: &'a mut dyn Events,
}

impl Observer for Recorder<'_> {
    fn step(&mut self, progress: &StepProgress) {
        self.events.step(progress);
    }

    fn unrecorded(&mut self, error: &anyhow::Error) {
        self.events.warning(&Warning::NoCudaGraph(error));
    }

    fn partial(&mut self, done: &Partial, saved: &[Saved]) -> Result<()> {
        self.checkpoints.save_partial(done, saved)
    }

    fn epoch(&mut self, row: &Epoch, saved: &[Saved]) -> Result<()> {
        // The checkpoint has the history too: a row that is lost below comes back with `resume`.
        self.checkpoints.save(row, saved)?;
        self.history.append(row)?;
        self.event_log.as_mut().map_or(Ok(()), |event_log| event_log.epoch(row))?;
        self.events.epoch(row, self.epochs);
        Ok(())
    }
}
