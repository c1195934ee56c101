//! One pass over pictures without learning.

use super::loss::Loss;
use super::metrics::{Means, Running};
use crate::data::loader::{Batch, Loader};
use crate::interrupt;
use crate::models::network::Network;
use anyhow::Result;
use tch::Tensor;

/// Runs the steps of epoch `epoch` (0-based) of `loader` through `network` and returns the means.
/// `each` sees every batch with its logits.
///
/// # Errors
/// If libtorch is out of memory, `each` fails, or Ctrl-C was pressed.
pub fn validate(
    network: &Network,
    loader: &mut Loader,
    loss: Loss,
    epoch: i64,
    mut each: impl FnMut(&Batch, &Tensor) -> Result<()>,
) -> Result<Means> {
    let mut running = Running::new(loss, network.device())?;
    for step in 0..loader.steps_per_epoch() {
        interrupt::check()?;
        let batch = loader.batch(epoch, step)?;
        tch::no_grad(|| {
            let logits = network.logits(&batch.images()?)?;
            running.add(&loss.mean(&logits, &batch.labels)?, &logits, &batch.labels)?;
            running.count(batch.labels.numel() as i64);
            each(&batch, &logits)
        })?;
    }
    running.means()
}
