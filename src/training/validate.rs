//! Loss and accuracy of a network without training it.

use super::loss::Loss;
use super::metrics::{Means, Running};
use crate::batches::batch::{Batch, Input};
use crate::batches::loader::Loader;
use crate::nn::network::Network;
use crate::stop::Stop;
use anyhow::Result;
use tch::Tensor;

/// Which views of each picture the network sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Views {
    /// The picture as it is.
    Picture,
    /// The picture and its mirror image. Loss, accuracy and probabilities are those of the mean of
    /// both logits; the probabilities thus are the normalized geometric mean of both.
    WithMirrorImage,
}

impl Views {
    /// The logits of a batch, shaped as in [`Network::logits`]: with mirror images, the means of
    /// both views.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn logits(self, network: &Network, input: &Input) -> Result<Tensor> {
        let logits = network.logits(input)?;
        Ok(match self {
            Self::Picture => logits,
            Self::WithMirrorImage => {
                // The width of `[N, H, W, C]`.
                let mirrored = input.map(|values| Ok(values.f_flip([2])?))?;
                logits.f_add(&network.logits(&mirrored)?)?.f_mul_scalar(0.5)?
            }
        })
    }
}

/// Runs the batches of epoch `epoch` (0-based) of `loader` through `network` and returns the means;
/// `None` if a stop was requested before the last. `each` is called with every batch and its logits.
///
/// # Errors
/// If a picture cannot be read, or libtorch or `each` fails.
pub fn validate(
    network: &Network,
    loader: &mut Loader,
    loss: Loss,
    epoch: i64,
    views: Views,
    stop: &Stop,
    mut each: impl FnMut(&Batch, &Tensor) -> Result<()>,
) -> Result<Option<Means>> {
    let mut running = Running::new(loss, network.device())?;
    for step in 0..loader.steps_per_epoch() {
        if stop.is_requested() {
            return Ok(None);
        }
        let batch = loader.batch(epoch, step)?;
        tch::no_grad(|| {
            let logits = views.logits(network, &batch.input)?;
            let mean_loss = loss.mean(&logits, &batch.targets.classes)?;
            running.add(&mean_loss, &logits, &batch.targets)?;
            running.count(batch.targets.pictures());
            each(&batch, &logits)
        })?;
    }
    running.means().map(Some)
}
