//! Following the training loop.

use super::metrics::{Running, Sums};
use super::saved::Saved;
use crate::history::Epoch;
use anyhow::Result;

/// Progress within an epoch.
#[derive(Debug)]
pub struct StepProgress<'a> {
    /// Number of the epoch, from 1.
    pub epoch: i64,
    /// Training steps done in this epoch.
    pub steps_done: i64,
    /// Training steps per epoch.
    pub steps: i64,
    /// Sums over the epoch so far. [`Running::means`] waits for the device: call it at intervals,
    /// not after every step.
    pub running: &'a Running,
}

/// The part of an epoch that is done. Together with the weights and the optimizer's state, training
/// continues from it to the same results as without the break. The default is an epoch's start.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Partial {
    /// Number of training steps done.
    pub steps: i64,
    /// Loss and accuracy so far.
    pub sums: Sums,
    /// Time spent, in seconds.
    pub seconds: f64,
}

/// Follows the training loop. All printing and writing of files is left to observers.
pub trait Observer {
    /// Called after each training step.
    fn step(&mut self, _progress: &StepProgress) {}

    /// Called if steps cannot be recorded as a CUDA graph. Training continues without one, with the
    /// same results.
    fn unrecorded(&mut self, _error: &anyhow::Error) {}

    /// Called within an epoch after every
    /// [`checkpoint_every`](super::fit::Trainer::checkpoint_every) steps, and before training ends
    /// because a stop was requested. `saved` is everything that training changes.
    ///
    /// # Errors
    /// An error ends training.
    fn partial(&mut self, _done: &Partial, _saved: &[Saved]) -> Result<()> {
        Ok(())
    }

    /// Called after each epoch, including its validation; `saved` as for [`Observer::partial`].
    ///
    /// # Errors
    /// An error ends training.
    fn epoch(&mut self, record: &Epoch, saved: &[Saved]) -> Result<()>;
}
