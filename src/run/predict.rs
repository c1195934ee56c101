//! The classes of pictures that a trained network predicts.

use super::events::Events;
use super::folder::RunFolder;
use super::splits;
use super::trained::{Asked, Trained, WhichWeights};
use crate::batches::loader::Loader;
use crate::error::{ensure_or, fault};
use crate::memory::free_memory;
use crate::pictures::cache::{CachePolicy, Reading, bytes_of};
use crate::pictures::folder::{Folder, Sample, collect_pictures};
use crate::training::validate::{Views, validate};
use anyhow::Result;
use std::path::PathBuf;
use tch::{Kind, Tensor};

/// What is to be predicted, and how.
#[derive(Debug, Clone)]
pub struct Predict {
    /// The run's folder.
    pub run: PathBuf,
    /// Pictures, and folders of them.
    pub paths: Vec<PathBuf>,
    /// Which of the run's weights.
    pub weights: WhichWeights,
    /// What the network is shown of each picture.
    pub views: Views,
    /// What to compute on.
    pub machine: Asked,
}

impl Predict {
    /// The pictures at `paths`, by the last weights of `run`.
    pub fn new(run: impl Into<PathBuf>, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            run: run.into(),
            paths: paths.into_iter().collect(),
            weights: WhichWeights::Last,
            views: Views::Picture,
            machine: Asked::default(),
        }
    }
}

/// What a network says of one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The picture.
    pub path: PathBuf,
    /// The label of the most probable class: its index in the names of the classes.
    pub label: usize,
    /// The probability of each class, 0..=1; they sum to 1.
    pub probabilities: Vec<f64>,
}

/// What a network says of some pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// The names of the classes, by label.
    pub classes: Vec<String>,
    /// One for each picture, in the order of the paths; folders sorted by path.
    pub pictures: Vec<Prediction>,
}

/// Predicts the classes of pictures: see [`petite::predict`](crate::predict).
pub(crate) fn predict(what: &Predict, events: &mut dyn Events) -> Result<Predictions> {
    let run = RunFolder::open(&what.run)?;
    let trained = Trained::load(&run, what.weights, what.machine)?;
    let config = &trained.record.train;
    let classes = trained.record.classes.clone();
    let samples = samples(&what.paths)?;
    let path = what.paths.first().cloned().unwrap_or_default();
    let folder = Folder { path, classes: classes.clone(), samples };
    let (stop, target) = (events.stop(), config.target());
    // Pictures from anywhere leave no file behind.
    let cache = match CachePolicy::Auto.choose(bytes_of(&[&folder], target), free_memory()) {
        CachePolicy::Memory => CachePolicy::Memory,
        _ => CachePolicy::None,
    };
    let loader_threads = config.loader_threads;
    let reading = Reading { target, cache, loader_threads, skip_bad: false, stop: &stop };
    let source = splits::open(&folder, "pictures", reading, events)?.source;
    let mut loader = Loader::sorted(source, trained.network.device(), config.batch_size)?;
    let mut probabilities: Vec<f64> = Vec::new();
    validate(&trained.network, &mut loader, trained.loss, 0, what.views, &stop, |_, logits| {
        let batch = trained.loss.probabilities(logits)?;
        // One sigmoid unit gives the second class's; the first has the rest.
        let batch = if batch.dim() == 1 {
            Tensor::f_stack(&[batch.f_rsub_scalar(1.0)?, batch], 1)?
        } else {
            batch
        };
        let batch = batch.f_to_kind(Kind::Double)?.f_flatten(0, -1)?;
        probabilities.extend(Vec::<f64>::try_from(&batch)?);
        Ok(())
    })?;
    let rows = folder.samples.into_iter().zip(probabilities.chunks_exact(classes.len()));
    let predictions = rows.map(|(sample, row)| Prediction {
        path: sample.path,
        label: (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap_or(0),
        probabilities: row.to_vec(),
    });
    let pictures = predictions.collect();
    Ok(Predictions { classes, pictures })
}

/// The pictures named by `paths`, folders gone into. Labels are not known and stay 0.
fn samples(paths: &[PathBuf]) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = samples.len();
            collect_pictures(path, 0, &mut samples)?;
            ensure_or!(
                DataSet,
                samples.len() > before,
                "expected pictures in {}, found none",
                path.display()
            );
        } else if path.exists() {
            samples.push(Sample { path: path.clone(), label: 0 });
        } else {
            fault!(DataSet, "expected a JPEG or a folder at {}, found nothing", path.display());
        }
    }
    Ok(samples)
}
