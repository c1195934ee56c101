//! The outcome of training a run.

use crate::history::Epoch;
use crate::run::folder::RunFolder;
use crate::run::folder::progress::Best;
pub use crate::training::fit::Ended;

/// Result of training a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// One row per epoch, including those of earlier processes.
    pub history: Vec<Epoch>,
    /// Training steps of the next epoch that are done and saved.
    pub steps: i64,
    /// The epoch whose weights are in `best.ot`; `None` before the first.
    pub best: Option<Best>,
    /// Why the run ended.
    pub ended: Ended,
    /// The run's folder.
    pub run: RunFolder,
}

impl Outcome {
    /// The last epoch; `None` before the first.
    pub fn last(&self) -> Option<&Epoch> {
        self.history.last()
    }
}
