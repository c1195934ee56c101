//! Running a trained network over labeled pictures.

use crate::batches::batch::Batch;
use crate::batches::loader::Loader;
use crate::machine::memory::free_memory;
use crate::metrics::Metrics;
use crate::metrics::scored::Scored;
use crate::pictures::cache::{CachePolicy, Reading, bytes_of};
use crate::pictures::folder::{Folder, Sample};
use crate::run::activity::{Activity, Counter};
use crate::run::data::appearance::Appearance;
use crate::run::data::splits;
use crate::run::events::Events;
use crate::run::folder::WhichWeights;
use crate::run::predict::evaluation::Evaluation;
use crate::run::predict::trained::Trained;
use crate::stop::{Interrupted, Stop};
use crate::training::metrics::Means;
use crate::training::validate::{Views, validate};
use anyhow::Result;
use std::path::Path;
use tch::{Device, Tensor};

/// How the pictures are read and shown to the network.
#[derive(Debug, Clone, Copy)]
pub struct Scoring<'a> {
    /// Name of the split, for messages.
    pub split: &'a str,
    /// Which of the run's weights the network has.
    pub weights: WhichWeights,
    /// Which views of each picture the network sees.
    pub views: Views,
    /// Skip files that cannot be used as pictures; also done if the run has this setting.
    pub skip_bad: bool,
    /// Where to keep decoded pictures; `None` is the run's setting.
    pub cache: Option<CachePolicy>,
}

/// What a network says about labeled pictures.
#[derive(Debug)]
pub struct ScoredPictures {
    /// The pictures that could be used, sorted by class, then path.
    pub samples: Vec<Sample>,
    /// Their decoded pixels, in the same order.
    pub loader: Loader,
    /// Mean loss and accuracy.
    pub means: Means,
    /// Labels, predictions and probabilities, in the same order.
    pub scored: Scored,
    /// The loss of each picture, in nats.
    pub losses: Vec<f64>,
    /// [`Loss::probabilities`](crate::training::loss::Loss::probabilities) of all pictures, on the
    /// CPU.
    pub probabilities: Tensor,
}

impl ScoredPictures {
    /// Runs the network of `trained` over the pictures in `folder`, whose classes are the run's.
    ///
    /// # Errors
    /// If a picture cannot be read, libtorch is out of memory, or a stop was requested.
    pub fn new(
        trained: &Trained,
        folder: &Folder,
        how: Scoring<'_>,
        stop: &Stop,
        events: &mut dyn Events,
    ) -> Result<Self> {
        let config = &trained.record.train;
        let target = config.target();
        let cache = how.cache.unwrap_or(config.pictures.cache);
        let reading = Reading {
            target,
            cache: cache.choose(bytes_of(&[folder], target), free_memory()),
            loader_threads: config.pictures.loader_threads,
            skip_bad: how.skip_bad || config.pictures.skip_bad_pictures,
            stop,
        };
        let source = splits::open(folder, Some(how.split), reading, events)?.source;
        if let Some(pixels) = source.pixels() {
            Appearance::of(&[pixels]).warn(true, events);
        }
        let samples = source.samples().to_vec();
        // The batch size of the run's validation, so that the same weights give the same numbers.
        let loader = Loader::sorted(source, trained.network.device(), config.training.batch_size)?;
        Self::of(trained, samples, loader, how, stop, events)
    }

    fn of(
        trained: &Trained,
        samples: Vec<Sample>,
        mut loader: Loader,
        how: Scoring<'_>,
        stop: &Stop,
        events: &mut dyn Events,
    ) -> Result<Self> {
        let of = loader.len() as usize;
        let counter = Counter::new(Activity::Evaluating(how.split), of, events);
        let Trained { network, loss, record, .. } = trained;
        let mut scored = Scored { classes: record.classes.clone(), ..Scored::default() };
        let (mut losses, mut probabilities) = (Vec::new(), Vec::new());
        let each = |batch: &Batch, logits: &Tensor| {
            let labels = &batch.targets.classes;
            let of_batch = loss.probabilities(logits)?;
            scored.labels.extend(as_labels(labels)?);
            scored.predicted.extend(as_labels(&loss.predicted(&of_batch)?)?);
            scored.probabilities.extend(loss.of_all_classes(&of_batch)?);
            losses.extend(as_doubles(&loss.of_each(logits, labels)?)?);
            probabilities.push(of_batch.f_to_device(Device::Cpu)?);
            counter.add(labels.numel());
            Ok(())
        };
        let means = validate(network, &mut loader, *loss, 0, how.views, stop, each)?;
        let means = means.ok_or(Interrupted)?;
        let probabilities = Tensor::f_cat(&probabilities, 0)?;
        Ok(Self { samples, loader, means, scored, losses, probabilities })
    }

    /// The path of each picture, and whether it is classified correctly.
    pub fn outcomes(&self) -> impl Iterator<Item = (&Path, bool)> {
        let paths = self.samples.iter().map(|sample| sample.path.as_path());
        paths.zip(self.scored.are_correct())
    }

    /// The result of the evaluation, with all measures.
    pub fn evaluation(&self, how: Scoring<'_>) -> Evaluation {
        Evaluation {
            split: how.split.to_owned(),
            weights: how.weights,
            flip: how.views == Views::WithMirrorImage,
            pictures: self.scored.len() as i64,
            loss: self.means.loss,
            acc: self.means.accuracy,
            confusion: self.scored.confusion(),
            metrics: Some(Metrics::new(&self.scored)),
            against: None,
        }
    }
}

fn as_labels(labels: &Tensor) -> Result<Vec<usize>> {
    Ok(Vec::<i64>::try_from(labels)?.into_iter().map(|label| label as usize).collect())
}

fn as_doubles(values: &Tensor) -> Result<Vec<f64>> {
    Ok(Vec::<f64>::try_from(&values.f_to_kind(tch::Kind::Double)?)?)
}
