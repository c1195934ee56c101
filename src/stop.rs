//! Stopping: a value by which one thread asks the work of others to end at its next safe point.

use anyhow::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request to stop, shared by all its clones. A new one is not requested.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks the work that was given this value, or a clone of it, to stop.
    pub fn request(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether a stop was requested.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Called by the work between two pieces that may be separated.
    ///
    /// # Errors
    /// [`Interrupted`] once a stop was requested.
    pub fn check(&self) -> Result<()> {
        if self.is_requested() { Err(Interrupted.into()) } else { Ok(()) }
    }
}

/// The error with which interrupted work ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_reaches_every_clone() {
        let stop = Stop::default();
        let clone = stop.clone();
        assert!(clone.check().is_ok());
        stop.request();
        assert!(clone.check().is_err_and(|error| error.is::<Interrupted>()));
        assert!(Stop::default().check().is_ok());
    }
}
