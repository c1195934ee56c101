//! Runs: their settings, their folders, and what is done with them.

pub mod checkpoint;
pub mod config;
pub mod confusion;
pub mod evaluate;
pub mod events;
mod export;
pub mod features;
pub mod folder;
pub mod on_base;
pub mod predict;
pub mod recipe;
pub mod repeat;
mod splits;
mod start;
pub mod train;
pub mod trained;
mod upgrade;
