//! The trained network of a run.

use crate::batches::batch::Input;
use crate::machine::Machine;
use crate::machine::device::DeviceChoice;
use crate::machine::precision::PrecisionChoice;
use crate::nn::grad_cam::{GradCam, HeatMap};
use crate::nn::network::Network;
use crate::run::events::Events;
use crate::run::folder::checkpoint;
use crate::run::folder::{RunFolder, RunRecord, WhichWeights};
use crate::run::warning::Warning;
use crate::training::loss::Loss;
use crate::training::validate::Views;
use crate::weights;
use anyhow::{Result, bail};
use tch::Tensor;

/// Changes to the machine settings of a run; `None` keeps the run's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MachineOverrides {
    /// Device to compute on.
    pub device: Option<DeviceChoice>,
    /// Precision of the computation; `None` is fp32 if the device does not support the run's.
    pub precision: Option<PrecisionChoice>,
    /// Threads of libtorch on the CPU.
    pub threads: Option<usize>,
}

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
    pub fn load(run: &RunFolder, which: WhichWeights, overrides: MachineOverrides) -> Result<Self> {
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
        Ok(Self { record, network, loss: Loss::for_classes(classes), odd })
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

    /// What the network says of each picture of a batch. The pictures for which `with_heat_map` is true,
    /// one for each picture, also get the heat map of their most probable class; the input must be
    /// pixels then.
    ///
    /// # Errors
    /// If libtorch fails.
    pub(crate) fn scores(
        &self,
        input: &Input,
        views: Views,
        with_heat_map: &[bool],
    ) -> Result<Vec<Scores>> {
        let logits = tch::no_grad(|| views.logits(&self.network, input))?;
        let batch = self.loss.of_all_classes(&self.loss.probabilities(&logits)?)?;
        let rows = batch.chunks_exact(self.record.classes.len());
        let mut scores: Vec<Scores> = rows.map(|row| Scores::new(row.to_vec())).collect();
        let chosen =
            scores.iter_mut().zip(with_heat_map).enumerate().filter(|(_, (_, with))| **with);
        let mut chosen: Vec<_> =
            chosen.map(|(index, (scores, _))| (index as i64, scores)).collect();
        if chosen.is_empty() {
            return Ok(scores);
        }
        let Input::Pixels(pixels) = input else {
            bail!("expected pixels for a heat map, found features")
        };
        let indices: Vec<i64> = chosen.iter().map(|(index, _)| *index).collect();
        let indices = Tensor::f_from_slice(&indices)?.f_to_device(pixels.device())?;
        let labels: Vec<usize> = chosen.iter().map(|(_, scores)| scores.label).collect();
        let cam = GradCam::new(&self.network, &pixels.f_index_select(0, &indices)?)?;
        for ((_, scores), map) in chosen.iter_mut().zip(cam.heat_maps(&labels)?) {
            scores.heat_map = Some(map);
        }
        Ok(scores)
    }
}

/// What a network says of a picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scores {
    /// Probabilities of the classes, by label, 0..=1.
    pub probabilities: Vec<f64>,
    /// The most probable class.
    pub label: usize,
    /// The heat map of that class, if it was asked for.
    pub heat_map: Option<HeatMap>,
}

impl Scores {
    /// Without a heat map.
    pub fn new(probabilities: Vec<f64>) -> Self {
        // The last of several largest elements, hence from the end: the first class, as in
        // `Loss::predicted`.
        let labels = (0..probabilities.len()).rev();
        let label = labels.max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
        Self { label: label.unwrap_or(0), probabilities, heat_map: None }
    }
}
