//! A network and what trains it.

use super::objective::Objective;
use super::optimizer::OptimizerConfig;
use super::saved::Saved;
use super::update::Update;
use crate::machine::world::World;
use crate::nn::network::Network;
use anyhow::Result;

/// A network with its loss and its update: the parts of a training step.
#[derive(Debug)]
pub struct Learner {
    /// The network.
    pub network: Network,
    /// The training loss.
    pub objective: Objective,
    /// How the gradients of the loss change the network's parameters.
    pub update: Update,
    /// The processes whose gradients are added up.
    pub world: World,
}

impl Learner {
    /// Trains `network` alone, with the optimizer that `config` describes.
    ///
    /// # Errors
    /// As [`Update::new`].
    pub fn new(network: Network, objective: Objective, config: &OptimizerConfig) -> Result<Self> {
        let update = Update::new(config, &network)?;
        Ok(Self { network, objective, update, world: World::alone() })
    }

    /// Everything that training changes.
    pub fn saved(&self) -> Vec<Saved> {
        self.update.saved(&self.network)
    }
}
