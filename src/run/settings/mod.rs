//! The settings of a run.

pub(crate) mod build;
pub mod config;
pub(crate) mod network_config;
pub mod on_base;
pub mod recipe;
pub(crate) mod upgrade;
