//! Runs: their settings, their folders, and what is done with them.

pub mod checkpoint;
pub mod config;
pub mod confusion;
pub mod evaluate;
pub mod export;
pub mod features;
pub mod folder;
pub mod recipe;
pub mod trained;
pub mod transfer;
