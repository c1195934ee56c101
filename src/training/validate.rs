//! One pass over pictures without learning.

use super::loss::Loss;
use super::metrics::{Means, Running};
use crate::batches::batch::{Batch, Input};
use crate::batches::loader::Loader;
use crate::nn::network::Network;
use crate::stop::Stop;
use anyhow::Result;
use tch::Tensor;

/// What a network is shown of each picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Views {
    Picture,
    /// And its mirror image. Its logits are the mean of both, so that loss, accuracy and
    /// probabilities follow from them as ever; the probabilities are the geometric mean of both,
    /// made to sum to 1.
    WithMirrorImage,
}

impl Views {
    fn logits(self, network: &Network, input: &Input) -> Result<Tensor> {
        let logits = network.logits(input)?;
        Ok(match self {
            Self::Picture => logits,
            Self::WithMirrorImage => {
                // Along the width of [N, H, W, C].
                let mirrored = input.map(|values| Ok(values.f_flip([2])?))?;
                logits.f_add(&network.logits(&mirrored)?)?.f_mul_scalar(0.5)?
            }
        })
    }
}

/// Runs the steps of epoch `epoch` (0-based) of `loader` through `network` and returns the means.
/// `each` sees every batch with its logits.
///
/// # Errors
/// If libtorch is out of memory, `each` fails, or a stop was requested.
pub fn validate(
    network: &Network,
    loader: &mut Loader,
    loss: Loss,
    epoch: i64,
    views: Views,
    stop: &Stop,
    mut each: impl FnMut(&Batch, &Tensor) -> Result<()>,
) -> Result<Means> {
    let mut running = Running::new(loss, network.device())?;
    for step in 0..loader.steps_per_epoch() {
        stop.check()?;
        let batch = loader.batch(epoch, step)?;
        tch::no_grad(|| {
            let logits = views.logits(network, &batch.input)?;
            running.add(&loss.mean(&logits, &batch.labels)?, &logits, &batch.labels)?;
            running.count(batch.labels.numel() as i64);
            each(&batch, &logits)
        })?;
    }
    running.means()
}
