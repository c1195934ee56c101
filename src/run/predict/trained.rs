//! The trained network of a run, and what it says of pictures: evaluation, prediction, report and server
//! all stand on it.

use crate::batches::batch::{Batch, Input};
use crate::batches::loader::Loader;
use crate::machine::Machine;
use crate::machine::precision::PrecisionChoice;
use crate::nn::grad_cam::GradCam;
use crate::nn::network::Network;
use crate::run::events::Events;
use crate::run::folder::checkpoint;
use crate::run::folder::{RunFolder, RunRecord};
use crate::run::predict::Prediction;
use crate::run::predict::inference::{Inference, Views};
use crate::run::warning::Warning;
use crate::stop::Stop;
use crate::training::loss::Loss;
use crate::weights;
use anyhow::{Result, bail};
use std::path::PathBuf;
use tch::Tensor;

/// The network of a run with its trained weights.
#[derive(Debug)]
pub struct Trained {
    /// The run's settings and classes.
    pub record: RunRecord,
    /// The network, with its weights.
    pub network: Network,
    /// The loss for the number of classes.
    pub loss: Loss,
    /// If its settings or weights are not those of the run's checkpoint: a sentence about it.
    pub odd: Option<String>,
    /// The views of a picture that the network sees.
    views: Views,
}

/// Largest number of pictures that a network gets at once to predict them, unless the run's batches are
/// larger.
const BATCH: usize = 64;

/// Largest size of their pixels in bytes.
const BATCH_BYTES: usize = 16 << 20;

impl Trained {
    /// Prepares libtorch, builds the network of `run` and loads its weights.
    ///
    /// # Errors
    /// If a file of the run is missing, damaged or from another network, or the device or precision
    /// is not available.
    pub fn load(run: &RunFolder, how: Inference) -> Result<Self> {
        let Inference { weights: which, views, machine: overrides } = how;
        let record = run.read_record()?;
        let train = &record.train;
        let device = overrides.device.unwrap_or(train.machine.device);
        let threads = overrides.threads.or(train.machine.threads);
        let machine = match overrides.precision {
            Some(precision) => Machine::prepare(device, precision, threads)?,
            None => Machine::prepare(device, train.machine.precision, threads)
                .or_else(|_| Machine::prepare(device, PrecisionChoice::Fp32, threads))?,
        };
        let classes = record.classes.len();
        let mut network = train.network(classes, machine)?;
        let path = run.weights(which);
        let (tensors, _) = weights::load(&path)?;
        weights::assign(&network.tensors(), &tensors, &path)?;
        network.refresh()?;
        let odd = checkpoint::odd(run, &record, which, &tensors);
        Ok(Self { record, network, loss: Loss::for_classes(classes), odd, views })
    }

    /// Warns of what is odd.
    pub(crate) fn warn(&self, events: &mut dyn Events) {
        self.odd.iter().for_each(|odd| events.warning(&Warning::Odd(odd)));
    }

    /// Number of pictures that the network gets at once to predict them.
    pub fn batch_size(&self) -> i64 {
        let config = &self.record.train;
        let batch = (BATCH_BYTES / config.target().bytes()).clamp(1, BATCH) as i64;
        batch.max(config.training.batch_size)
    }

    /// Shows the network every picture of `loader` once and calls `each` with every batch and what
    /// the network says of it.
    ///
    /// # Errors
    /// If a picture cannot be read, libtorch or `each` fails, or a stop was requested.
    pub(crate) fn show_all(
        &self,
        loader: &mut Loader,
        stop: &Stop,
        mut each: impl FnMut(&Batch, Said) -> Result<()>,
    ) -> Result<()> {
        for step in 0..loader.steps_per_epoch() {
            stop.check()?;
            let batch = loader.batch(0, step)?;
            each(&batch, self.show(&batch.input)?)?;
        }
        Ok(())
    }

    /// Shows the network the pictures of a batch.
    ///
    /// # Errors
    /// If libtorch fails.
    pub(crate) fn show(&self, input: &Input) -> Result<Said> {
        let logits = tch::no_grad(|| self.views.logits(&self.network, input))?;
        let probabilities = self.loss.probabilities(&logits)?;
        let of_all_classes = self.loss.of_all_classes(&probabilities)?;
        Ok(Said { logits, probabilities, of_all_classes })
    }

    /// The predictions for the pictures of a batch of pixels, by what the network `said`. Those for which
    /// `with_heat_map` is true also get the heat map of their most probable class; it has a value for
    /// each picture, as `names` has.
    ///
    /// # Errors
    /// If libtorch fails.
    pub(crate) fn predictions(
        &self,
        input: &Input,
        said: &Said,
        names: impl IntoIterator<Item = PathBuf>,
        with_heat_map: &[bool],
    ) -> Result<Vec<Prediction>> {
        let rows = said.of_all_classes.chunks_exact(self.record.classes.len());
        let named = names.into_iter().zip(rows);
        let mut predictions: Vec<Prediction> =
            named.map(|(name, row)| Prediction::new(name, row.to_vec())).collect();
        let chosen = predictions.iter_mut().zip(with_heat_map).enumerate();
        let (indices, mut chosen): (Vec<i64>, Vec<_>) = chosen
            .filter(|(_, (_, with))| **with)
            .map(|(index, (prediction, _))| (index as i64, prediction))
            .unzip();
        if !chosen.is_empty() {
            let Input::Pixels(pixels) = input else {
                bail!("expected pixels for a heat map, found features")
            };
            let indices = Tensor::f_from_slice(&indices)?.f_to_device(pixels.device())?;
            let labels: Vec<usize> = chosen.iter().map(|prediction| prediction.label).collect();
            let cam = GradCam::new(&self.network, &pixels.f_index_select(0, &indices)?)?;
            for (prediction, map) in chosen.iter_mut().zip(cam.heat_maps(&labels)?) {
                prediction.heat_map = Some(map);
            }
        }
        Ok(predictions)
    }
}

/// What a network says of the pictures of a batch.
#[derive(Debug)]
pub(crate) struct Said {
    /// As [`Network::logits`].
    pub logits: Tensor,
    /// As [`Loss::probabilities`].
    pub probabilities: Tensor,
    /// The probabilities of all classes, a row for each picture.
    pub of_all_classes: Vec<f64>,
}
