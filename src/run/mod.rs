//! Runs: settings, folders, training, evaluation and prediction.

pub mod activity;
pub mod data;
pub mod events;
pub mod folder;
pub mod outcome;
pub mod predict;
pub mod report;
pub mod settings;
pub mod suspects;
pub mod train;
pub mod warning;

/// Its place before the measures of an evaluation had a module.
pub use crate::metrics::confusion;
