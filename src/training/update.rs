//! From the loss of a batch to other weights.

use super::optimizer::{Optimizer, OptimizerConfig, Parameters};
use super::saved::Saved;
use crate::native::backend;
use crate::nn::network::Network;
use anyhow::Result;
use tch::Tensor;

/// Changes the parameters of a network: [`backward`](Self::backward), then
/// [`apply`](Self::apply).
#[derive(Debug)]
pub struct Update {
    parameters: Parameters,
    pub(super) optimizer: Box<dyn Optimizer>,
}

impl Update {
    /// The update of the trained parameters of `network`.
    ///
    /// # Errors
    /// If a setting is out of range, or the device is out of memory.
    pub fn new(config: &OptimizerConfig, network: &Network) -> Result<Self> {
        Self::of(config, Parameters::new(network.parameters(), network.leaves()))
    }

    /// The update of `parameters`.
    ///
    /// # Errors
    /// As [`Update::new`].
    pub(super) fn of(config: &OptimizerConfig, parameters: Parameters) -> Result<Self> {
        Ok(Self { optimizer: config.optimizer(&parameters)?, parameters })
    }

    /// Computes the gradients of `loss`, a scalar.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn backward(&self, loss: &Tensor) -> Result<()> {
        Ok(loss.f_backward()?)
    }

    /// The gradients, in the same memory. Parameters that the loss does not depend on have none.
    pub fn gradients(&self) -> impl Iterator<Item = Tensor> {
        self.parameters.leaves.iter().map(Tensor::grad).filter(Tensor::defined)
    }

    /// Changes the parameters by their gradients, which are gone then. `rate`, the learning rate, is a
    /// scalar (f32) on the network's device.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn apply(&self, rate: &Tensor) -> Result<()> {
        self.optimizer.apply(&self.parameters, rate)?;
        backend::forget_gradients(&self.parameters.leaves)
    }

    /// What a checkpoint keeps: the weights of `network`, and what the optimizer remembers.
    pub fn saved(&self, network: &Network) -> Vec<Saved> {
        [vec![Saved::weights(network)], self.optimizer.states()].into_iter().flatten().collect()
    }
}
