//! Runs: settings, folders, training, evaluation and prediction.

mod all_pictures;
mod appearance;
mod build;
pub mod checkpoint;
mod chunks;
pub mod classifier;
mod confident_learning;
pub mod config;
mod copies;
mod data_set;
pub mod evaluate;
pub mod evaluation;
mod evaluation_files;
mod event_log;
pub mod events;
mod export;
pub mod features;
mod fingerprint;
pub mod folder;
mod frozen;
pub mod improving;
mod network_config;
pub mod on_base;
pub mod outcome;
mod picture_paths;
pub mod predict;
pub mod predictor;
mod preview;
pub mod progress;
pub mod recipe;
mod record;
mod recorder;
pub mod repeat;
pub mod report;
mod resume;
pub mod scoring;
mod splits;
mod start;
pub mod suspect_list;
pub mod suspects;
pub mod train;
pub mod trained;
mod upgrade;

/// Its place before the measures of an evaluation had a module.
pub use crate::metrics::confusion;
