//! Batches → logits → loss → update → metrics: the one training loop. Nothing here writes files.

pub mod fit;
pub mod loss;
pub mod metrics;
pub mod objective;
pub mod optimizer;
pub mod schedule;
pub mod step;
pub mod validate;
