//! The settings of a run.

pub mod assemble;
pub(crate) mod build;
pub mod config;
pub mod network;
pub mod on_base;
pub mod output;
pub mod recipe;
pub(crate) mod upgrade;
