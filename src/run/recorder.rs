//! What a run does after each step and epoch: files and events.

use super::checkpoint::Checkpoints;
use super::event_log::EventLog;
use super::events::{Events, Warning};
use crate::history::{Epoch, Writer};
use crate::nn::network::Network;
use crate::training::fit::{Observer, Partial, StepProgress};
use crate::training::optimizer::RmsProp;
use anyhow::Result;

/// Keeps the run's files up to date and reports progress.
pub(super) struct Recorder<'a> {
    pub(super) history: Writer,
    pub(super) checkpoints: Checkpoints,
    /// The event files, if the run has them.
    pub(super) event_log: Option<EventLog>,
    /// Epochs of the whole run.
    pub(super) epochs: i64,
    pub(super) events: &'a mut dyn Events,
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
