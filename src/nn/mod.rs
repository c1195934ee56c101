//! batches → logits: networks as Keras-like lists of layers, built on `tch::nn`.
//!
//! A [`zoo::Model`] lists [`layer::Layer`]s; an [`architecture::Architecture`] is that list with
//! names and shapes; [`network::Network`] and [`base::Base`] add the weights.

pub mod architecture;
pub mod base;
mod builder;
pub mod convolution;
mod dense;
pub mod dropout;
pub mod grad_cam;
pub mod head;
pub mod init;
pub mod layer;
pub mod network;
mod operation;
pub mod preprocess;
pub mod shapes;
mod stack;
pub mod stored;
pub mod summary;
mod weighted;
pub mod zoo;
