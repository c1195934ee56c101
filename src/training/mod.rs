//! Training: batches → logits → loss → update → metrics. Nothing here writes files.

pub(crate) mod config;
pub mod divergence;
pub mod fit;
pub mod learner;
pub mod loss;
pub(crate) mod metrics;
pub mod objective;
pub(crate) mod observer;
pub mod optimizer;
#[doc(hidden)]
pub mod saved;
pub(crate) mod schedule;
pub mod step;
pub mod update;
pub mod validate;

pub use divergence::Divergence;
pub use fit::StepProgress;
pub use learner::Learner;
pub use loss::Loss;
pub use metrics::{Means, Running, Sums};
pub use objective::{ClassWeights, Objective};
pub use optimizer::OptimizerConfig;
pub use schedule::Schedule;
pub use update::Update;
pub use validate::validate;
