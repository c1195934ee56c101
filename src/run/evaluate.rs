//! Loss, accuracy and confusion of a network over all pictures of a split.

use super::confusion::Confusion;
use crate::batches::loader::Loader;
use crate::nn::network::Network;
use crate::training::loss::Loss;
use crate::training::validate::{Views, validate};
use anyhow::Result;
use serde::Serialize;
use tch::{Device, Tensor};

/// What a network does on a split.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    pub pictures: i64,
    /// Mean loss a picture, in nats.
    pub loss: f64,
    /// Share of pictures told right, 0..=1.
    pub acc: f64,
    pub confusion: Confusion,
}

/// Evaluates `network` on one pass of `loader`. With it come the probabilities of
/// [`Loss::probabilities`], picture by picture, on the CPU.
///
/// # Errors
/// If libtorch is out of memory, or Ctrl-C was pressed.
pub fn evaluate(
    network: &Network,
    loader: &mut Loader,
    loss: Loss,
    classes: &[String],
    views: Views,
) -> Result<(Evaluation, Tensor)> {
    let (mut labels, mut predicted, mut probabilities) = (Vec::new(), Vec::new(), Vec::new());
    let means = validate(network, loader, loss, 0, views, |batch, logits| {
        labels.extend(Vec::<i64>::try_from(&batch.labels)?);
        let batch = loss.probabilities(logits)?;
        predicted.extend(Vec::<i64>::try_from(&loss.predicted(&batch)?)?);
        probabilities.push(batch.f_to_device(Device::Cpu)?);
        Ok(())
    })?;
    let evaluation = Evaluation {
        pictures: labels.len() as i64,
        loss: means.loss,
        acc: means.accuracy,
        confusion: Confusion::new(classes.to_vec(), &labels, &predicted),
    };
    Ok((evaluation, Tensor::f_cat(&probabilities, 0)?))
}
