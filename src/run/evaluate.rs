//! Evaluating a trained network on a split.

use super::confusion::Confusion;
use super::data_set;
use super::events::Events;
use super::export;
use super::folder::{RunFolder, WhichWeights};
use super::splits;
use super::trained::{MachineOverrides, Trained};
use crate::atomic_file;
use crate::batches::loader::Loader;
use crate::error::ensure_or;
use crate::memory::free_memory;
use crate::pictures::cache::{CachePolicy, Reading, bytes_of};
use crate::stop::Stop;
use crate::training::validate::{Views, validate};
use crate::weights::Format;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tch::{Device, Tensor};

/// What to evaluate, and how.
#[derive(Debug, Clone)]
pub struct Evaluate {
    /// The run's folder.
    pub run: PathBuf,
    /// Name of the split: a folder of the data set, a part that the run split it into, or `all`.
    pub split: String,
    /// Data set: a folder or an archive; `None` is the run's.
    pub data: Option<PathBuf>,
    /// CSV of `path,label[,split]` that lists the pictures of `data`; `None` is the run's, if
    /// `data` is.
    pub labels: Option<PathBuf>,
    /// Which of the run's weights to use.
    pub weights: WhichWeights,
    /// Which views of each picture the network sees.
    pub views: Views,
    /// Skip files that cannot be used as pictures; also done if the run has this setting.
    pub skip_bad_pictures: bool,
    /// Where to keep decoded pictures; `None` is the run's setting.
    pub cache: Option<CachePolicy>,
    /// Device, precision and threads.
    pub machine: MachineOverrides,
    /// File for the decoded pictures, labels and probabilities; `None` writes none.
    pub export: Option<PathBuf>,
}

impl Evaluate {
    /// Evaluates the last weights of `run` on its split `test`.
    pub fn new(run: impl Into<PathBuf>) -> Self {
        Self {
            run: run.into(),
            split: "test".to_owned(),
            data: None,
            labels: None,
            weights: WhichWeights::Last,
            views: Views::Picture,
            skip_bad_pictures: false,
            cache: None,
            machine: MachineOverrides::default(),
            export: None,
        }
    }
}

/// Result of an evaluation: `SPLIT.json` in the run's folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Name of the split.
    pub split: String,
    /// Which of the run's weights were used.
    pub weights: WhichWeights,
    /// Whether mirror images were evaluated too: [`Views::WithMirrorImage`].
    #[serde(default)]
    pub flip: bool,
    /// Number of pictures.
    pub pictures: i64,
    /// Mean loss per picture, in nats.
    pub loss: f64,
    /// Share of correctly classified pictures, 0..=1.
    pub acc: f64,
    /// Counts by true and predicted class.
    pub confusion: Confusion,
}

impl Evaluation {
    /// Reads the result stored at `path`.
    ///
    /// # Errors
    /// If the file cannot be read or is not the result of an evaluation.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| {
            format!(
                "expected the result of an evaluation in {}; try evaluating the run again",
                path.display()
            )
        })
    }

    /// # Errors
    /// If the file cannot be written.
    fn write(&self, path: &Path) -> Result<()> {
        let json =
            serde_json::to_vec_pretty(self).context("cannot serialize the result to JSON")?;
        atomic_file::write_bytes(path, &json)
    }
}

/// Evaluates a run: see [`petite::evaluate`](crate::evaluate).
pub(crate) fn evaluate(what: &Evaluate, events: &mut dyn Events) -> Result<Evaluation> {
    check_split_name(&what.split)?;
    if let Some(file) = &what.export {
        Format::of(file)?;
    }
    let run = RunFolder::open(&what.run)?;
    let trained = Trained::load(&run, what.weights, what.machine)?;
    let config = &trained.record.train;
    let classes = &trained.record.classes;
    let folder = data_set::evaluated(what, &run, &trained.record, events)?;
    let (stop, target) = (events.stop(), config.target());
    let cache = what.cache.unwrap_or(config.cache);
    let reading = Reading {
        target,
        cache: cache.choose(bytes_of(&[&folder], target), free_memory()),
        loader_threads: config.loader_threads,
        skip_bad: what.skip_bad_pictures || config.skip_bad_pictures,
        stop: &stop,
    };
    let source = splits::open(&folder, &what.split, reading, events)?.source;
    let samples = source.samples().to_vec();
    // The batch size of the run's validation, so that the same weights give the same numbers.
    let mut loader = Loader::sorted(source, trained.network.device(), config.batch_size)?;
    let (evaluation, probabilities) = measure(&trained, what, &mut loader, &stop)?;
    if let Some(file) = &what.export {
        export::save(file, &mut loader, &samples, classes, &probabilities)?;
    }
    evaluation.write(&run.evaluation(&what.split))?;
    Ok(evaluation)
}

/// Evaluates the network on one pass of `loader`. Also returns the [`Loss::probabilities`] of all
/// pictures, on the CPU.
///
/// # Errors
/// If a picture cannot be read, libtorch is out of memory, or a stop was requested.
///
/// [`Loss::probabilities`]: crate::training::loss::Loss::probabilities
fn measure(
    trained: &Trained,
    what: &Evaluate,
    loader: &mut Loader,
    stop: &Stop,
) -> Result<(Evaluation, Tensor)> {
    let Trained { network, loss, record } = trained;
    let (mut labels, mut predicted, mut probabilities) = (Vec::new(), Vec::new(), Vec::new());
    let means = validate(network, loader, *loss, 0, what.views, stop, |batch, logits| {
        labels.extend(Vec::<i64>::try_from(&batch.labels)?);
        let batch = loss.probabilities(logits)?;
        predicted.extend(Vec::<i64>::try_from(&loss.predicted(&batch)?)?);
        probabilities.push(batch.f_to_device(Device::Cpu)?);
        Ok(())
    })?;
    let evaluation = Evaluation {
        split: what.split.clone(),
        weights: what.weights,
        flip: what.views == Views::WithMirrorImage,
        pictures: labels.len() as i64,
        loss: means.loss,
        acc: means.accuracy,
        confusion: Confusion::new(record.classes.clone(), &labels, &predicted),
    };
    Ok((evaluation, Tensor::f_cat(&probabilities, 0)?))
}

/// A split's name is that of a folder inside the data set, and of a file in the run.
fn check_split_name(split: &str) -> Result<()> {
    let is_name = !split.is_empty()
        && !split.contains(['/', '\\'])
        && !split.starts_with('.')
        && split != "config";
    ensure_or!(
        Setting,
        is_name,
        "expected `split` to name a folder inside the data set, found {split:?}; try test"
    );
    Ok(())
}
