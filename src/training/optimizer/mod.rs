//! Optimizers: what becomes of the parameters when their gradients are known. Each is in a file of its
//! own; to add one, add its settings to [`OptimizerConfig`] and a line to [`OptimizerConfig::optimizer`].

mod config;
mod rmsprop;

use crate::training::saved::Saved;
use anyhow::Result;
pub use config::OptimizerConfig;
use std::fmt::Debug;
use tch::Tensor;

/// The parameters of a network, in its order.
#[derive(Debug)]
pub struct Parameters {
    /// Their names.
    pub names: Vec<String>,
    /// Their values in f32, in the same memory as the network's.
    pub masters: Vec<Tensor>,
    /// The tensors that the network computes with and that have the gradients: the masters, or
    /// copies of them in another precision.
    pub leaves: Vec<Tensor>,
}

impl Parameters {
    /// Those of a network: its [`parameters`](crate::nn::network::Network::parameters) and
    /// [`leaves`](crate::nn::network::Network::leaves).
    pub fn new(named: &[(String, Tensor)], leaves: &[Tensor]) -> Self {
        Self {
            names: named.iter().map(|(name, _)| name.clone()).collect(),
            masters: named.iter().map(|(_, tensor)| tensor.shallow_clone()).collect(),
            leaves: leaves.iter().map(Tensor::shallow_clone).collect(),
        }
    }

    /// A zero for each value of each parameter.
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn zeros(&self) -> Result<Vec<Tensor>> {
        tch::no_grad(|| self.masters.iter().map(|master| Ok(master.f_zeros_like()?)).collect())
    }
}

/// A rule by which gradients change parameters. All that it remembers from step to step is in tensors:
/// a CUDA graph of the step changes them without the host.
pub trait Optimizer: Debug {
    /// Changes the masters of `parameters`, and the leaves with them, at the learning rate `rate`, a
    /// scalar (f32) on their device. A parameter whose leaf has no gradient is left unchanged.
    ///
    /// # Errors
    /// If libtorch fails.
    fn apply(&self, parameters: &Parameters, rate: &Tensor) -> Result<()>;

    /// What it remembers, in the same memory.
    fn states(&self) -> Vec<Saved>;
}
