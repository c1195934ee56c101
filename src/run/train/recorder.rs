//! What a run does after each step and epoch: files and events.

use crate::history::{Epoch, Writer};
use crate::nn::network::Network;
use crate::run::events::{Events, Warning};
use crate::run::folder::checkpoint::Checkpoints;
use crate::run::train::event_log::EventLog;
use crate::training::fit::{Observer, Partial, StepProgress};
use crate::training::optimizer::RmsProp;
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

    fn partial(&mut self, done: &Partial, network: &Network, optimizer: &RmsProp) -> Result<()> {
        self.checkpoints.save_partial(done, network, optimizer)
    }

    fn epoch(&mut self, row: &Epoch, network: &Network, optimizer: &RmsProp) -> Result<()> {
        // The checkpoint has the history too: a row that is lost below comes back with `resume`.
        self.checkpoints.save(row, network, optimizer)?;
        self.history.append(row)?;
        self.event_log.as_mut().map_or(Ok(()), |event_log| event_log.epoch(row))?;
        self.events.epoch(row, self.epochs);
        Ok(())
    }
}
