//! The processes that train a network together.

use anyhow::Result;
use tch::Tensor;

/// This process among those that train together. There is one so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct World {
    /// Index of this process, from 0.
    pub rank: usize,
    /// Number of processes.
    pub size: usize,
}

impl World {
    /// A process that trains alone.
    pub const fn alone() -> Self {
        Self { rank: 0, size: 1 }
    }

    /// Replaces each of `gradients` by its sum over all processes. That of one process is the gradient
    /// itself: alone, this does not even look at them.
    ///
    /// # Errors
    /// If a process cannot be reached. Alone, never.
    pub fn reduce(self, _gradients: impl Iterator<Item = Tensor>) -> Result<()> {
        Ok(())
    }
}
