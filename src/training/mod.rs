//! Training: batches → logits → loss → update → metrics. Nothing here writes files.

pub mod config;
pub mod divergence;
pub mod fit;
pub mod learner;
pub mod loss;
pub mod metrics;
pub mod objective;
pub mod observer;
pub mod optimizer;
pub mod saved;
pub mod schedule;
pub mod step;
pub mod update;
pub mod validate;
