//! Runs: settings, folders, training, evaluation and prediction.

mod build;
pub mod checkpoint;
mod chunks;
pub mod config;
pub mod confusion;
mod data_set;
pub mod evaluate;
pub mod events;
mod export;
pub mod features;
pub mod folder;
pub mod on_base;
pub mod outcome;
mod picture_paths;
pub mod predict;
pub mod predictor;
pub mod recipe;
mod recorder;
pub mod repeat;
mod resume;
mod splits;
mod start;
pub mod train;
pub mod trained;
mod upgrade;
