//! batches → logits: networks as Keras-like lists of layers.
//!
//! A [`zoo::Model`] lists [`chain::Chain`]s of [`layer::Layer`]s; an [`architecture::Architecture`]
//! gives them names and shapes, and is then a list of [`part::Part`]s, which everything reads: a
//! [`stack::Stack`], which has the weights and runs them, the [`summary`], ONNX, and the import of
//! [`stored`] weights. A [`network::Network`] is a stack, perhaps on that of a [`base::Base`].

pub mod architecture;
pub mod base;
pub mod chain;
pub mod grad_cam;
pub mod head;
pub mod init;
pub mod layer;
pub mod network;
pub(crate) mod onnx;
pub mod part;
pub mod preprocess;
pub mod run;
pub mod stack;
pub mod stored;
pub mod summary;
mod weight;
pub mod zoo;

pub use architecture::Architecture;
pub use base::Base;
pub use chain::Chain;
pub use grad_cam::{GradCam, HeatMap};
pub use layer::Statistics;
pub use network::Network;
pub use stack::Stack;
pub use stored::Stored;
pub use zoo::Model;
