//! Loss and accuracy of a network without training it.

use super::loss::Loss;
use super::metrics::{Means, Running};
use crate::batches::batch::Batch;
use crate::batches::loader::Loader;
use crate::nn::network::Network;
use crate::stop::Stop;
use anyhow::Result;

/// Runs the batches of epoch `epoch` (0-based) of `loader` through `network` and returns the means;
/// `None` if a stop was requested before the last.
///
/// # Errors
/// If a picture cannot be read, or libtorch fails.
pub fn validate(
    network: &Network,
    loader: &mut Loader,
    loss: Loss,
    epoch: i64,
    stop: &Stop,
) -> Result<Option<Means>> {
    let mut running = Running::new(loss, network.device())?;
    for step in 0..loader.steps_per_epoch() {
        if stop.is_requested() {
            return Ok(None);
        }
        let Batch { input, targets, .. } = loader.batch(epoch, step)?;
        tch::no_grad(|| {
            let logits = network.logits(&input)?;
            running.add(&loss.mean(&logits, &targets.classes)?, &logits, &targets)
        })?;
        running.count(targets.pictures());
    }
    running.means().map(Some)
}
