//! What a trained network says of labeled pictures.

use crate::batches::batch::Batch;
use crate::batches::loader::Loader;
use crate::machine::memory::free_memory;
use crate::metrics::Metrics;
use crate::metrics::scored::Scored;
use crate::pictures::cache::{Reading, bytes_of};
use crate::pictures::folder::{Folder, Sample};
use crate::run::activity::{Activity, Counter};
use crate::run::data::appearance::Appearance;
use crate::run::data::splits;
use crate::run::events::Events;
use crate::run::predict::evaluation::Evaluation;
use crate::run::predict::inference::Views;
use crate::run::predict::scoring::Scoring;
use crate::run::predict::trained::{Said, Trained};
use crate::training::metrics::{Means, Running};
use anyhow::Result;
use std::path::Path;
use tch::{Device, Tensor};

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
    /// Shows the network of `trained` the pictures in `folder`, whose classes are the run's.
    ///
    /// # Errors
    /// If a picture cannot be read, libtorch is out of memory, or a stop was requested.
    pub fn new(
        trained: &Trained,
        folder: &Folder,
        how: &Scoring,
        events: &mut dyn Events,
    ) -> Result<Self> {
        let config = &trained.record.train;
        let (target, stop) = (config.target(), events.stop());
        let cache = how.cache.unwrap_or(config.pictures.cache);
        let reading = Reading {
            target,
            cache: cache.choose(bytes_of(&[folder], target), free_memory()),
            loader_threads: config.pictures.loader_threads,
            skip_bad: how.skip_bad_pictures || config.pictures.skip_bad_pictures,
            stop: &stop,
        };
        let source = splits::open(folder, Some(&how.split), reading, events)?.source;
        if let Some(pixels) = source.pixels() {
            Appearance::of(&[pixels]).warn(true, events);
        }
        let samples = source.samples().to_vec();
        let (loss, device) = (trained.loss, trained.network.device());
        // The batch size of the run's validation, so that the same weights give the same numbers.
        let mut loader = Loader::sorted(source, device, config.training.batch_size)?;

        let counter = Counter::new(Activity::Evaluating(&how.split), samples.len(), events);
        let mut scored = Scored { classes: trained.record.classes.clone(), ..Scored::default() };
        let (mut losses, mut probabilities) = (Vec::new(), Vec::new());
        let mut running = Running::new(loss, device)?;
        let each = |Batch { targets, .. }: &Batch, said: Said| {
            let labels = &targets.classes;
            running.add(&loss.mean(&said.logits, labels)?, &said.logits, targets)?;
            running.count(targets.pictures());
            scored.labels.extend(as_labels(labels)?);
            scored.predicted.extend(as_labels(&loss.predicted(&said.probabilities)?)?);
            scored.probabilities.extend(said.of_all_classes);
            losses.extend(as_doubles(&loss.of_each(&said.logits, labels)?)?);
            probabilities.push(said.probabilities.f_to_device(Device::Cpu)?);
            counter.add(labels.numel());
            Ok(())
        };
        trained.show_all(&mut loader, &stop, each)?;
        let (means, probabilities) = (running.means()?, Tensor::f_cat(&probabilities, 0)?);
        Ok(Self { samples, loader, means, scored, losses, probabilities })
    }

    /// The path of each picture, and whether it is classified correctly.
    pub fn outcomes(&self) -> impl Iterator<Item = (&Path, bool)> {
        let paths = self.samples.iter().map(|sample| sample.path.as_path());
        paths.zip(self.scored.are_correct())
    }

    /// The result of the evaluation, with all measures.
    pub fn evaluation(&self, how: &Scoring) -> Evaluation {
        Evaluation {
            split: how.split.clone(),
            weights: how.inference.weights,
            flip: how.inference.views == Views::WithMirrorImage,
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
