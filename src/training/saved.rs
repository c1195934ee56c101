//! What a checkpoint keeps of training.

use crate::nn::network::Network;
use crate::weights::Named;
use tch::Tensor;

/// The tensors of one part of training, which continues from them: each is `PREFIX.NAME` in a
/// checkpoint. They are in the same memory as the part's.
#[derive(Debug)]
pub struct Saved {
    /// What they are, such as `weights`.
    pub prefix: &'static str,
    /// The tensors by name.
    pub tensors: Named,
}

impl Saved {
    /// The prefix of a network's weights, which are also stored alone.
    pub const WEIGHTS: &str = "weights";

    /// The `tensors` with these `names`.
    pub fn new(prefix: &'static str, names: &[String], tensors: &[Tensor]) -> Self {
        let shared = tensors.iter().map(Tensor::shallow_clone);
        Self { prefix, tensors: names.iter().cloned().zip(shared).collect() }
    }

    /// The weights of `network`.
    pub fn weights(network: &Network) -> Self {
        Self { prefix: Self::WEIGHTS, tensors: network.tensors() }
    }

    /// The tensors under their names in a checkpoint.
    pub fn named(&self) -> Named {
        let name = |(name, tensor): &(String, Tensor)| {
            (format!("{}.{name}", self.prefix), tensor.shallow_clone())
        };
        self.tensors.iter().map(name).collect()
    }
}
