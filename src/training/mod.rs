//! logits → loss → update → metrics → history and checkpoint

pub mod checkpoint;
pub mod config;
pub mod features;
pub mod fit;
pub mod history;
pub mod loss;
pub mod metrics;
pub mod objective;
pub mod optimizer;
pub mod recipe;
pub mod run_folder;
pub mod schedule;
pub mod step;
pub mod transfer;
pub mod validate;
