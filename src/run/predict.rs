//! Predicting the classes of pictures with a trained network.

use super::events::Events;
use super::folder::{RunFolder, WhichWeights};
use super::splits;
use super::trained::{MachineOverrides, Trained};
use crate::batches::loader::Loader;
use crate::error::{ensure_or, fault};
use crate::memory::free_memory;
use crate::pictures::cache::{CachePolicy, Reading, bytes_of};
use crate::pictures::folder::{Folder, Sample, collect_pictures};
use crate::training::validate::{Views, validate};
use anyhow::Result;
use std::path::PathBuf;
use tch::{Kind, Tensor};

/// What to predict, and how.
#[derive(Debug, Clone)]
pub struct Predict {
    /// The run's folder.
    pub run: PathBuf,
    /// Pictures and folders of pictures.
    pub paths: Vec<PathBuf>,
    /// Which of the run's weights to use.
    pub weights: WhichWeights,
    /// Which views of each picture the network sees.
    pub views: Views,
    /// Device, precision and threads.
    pub machine: MachineOverrides,
}

impl Predict {
    /// Predicts the pictures at `paths` with the last weights of `run`.
    pub fn new(run: impl Into<PathBuf>, paths: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            run: run.into(),
            paths: paths.into_iter().collect(),
            weights: WhichWeights::Last,
            views: Views::Picture,
            machine: MachineOverrides::default(),
        }
    }
}

/// The prediction for one picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Path of the picture.
    pub path: PathBuf,
    /// The most probable class: an index into [`Predictions::classes`].
    pub label: usize,
    /// Probabilities of the classes, by label, 0..=1; they sum to 1.
    pub probabilities: Vec<f64>,
}

/// The predictions for a number of pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// Class names, by label.
    pub classes: Vec<String>,
    /// One for each picture, in the order of the given paths; those in a folder are sorted by path.
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
    let folder = Folder { path, name: "pictures".to_owned(), classes: classes.clone(), samples };
    let (stop, target) = (events.stop(), config.target());
    // Pictures outside a data set are not worth a file in the cache.
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
        // A sigmoid unit gives the probability of the second class only.
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

/// The pictures at `paths` and in the folders among them. Labels are unknown, and 0.
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
