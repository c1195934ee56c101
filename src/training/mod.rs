//! logits → loss → update → metrics → history and checkpoint

pub mod checkpoint;
pub mod config;
pub mod fit;
pub mod history;
pub mod loss;
pub mod metrics;
pub mod optimizer;
pub mod run_folder;
pub mod step;
pub mod validate;
