//! Evaluating a trained network on a split.

use super::confusion::Confusion;
use super::events::{Decoding, Events, Warning};
use super::export;
use super::folder::{RunFolder, RunRecord, WhichWeights};
use super::splits;
use super::trained::{MachineOverrides, Trained};
use crate::atomic_file;
use crate::batches::loader::Loader;
use crate::dataset::archive;
use crate::dataset::layout::{ALL, Parts};
use crate::error::{ensure_or, fault};
use crate::memory::free_memory;
use crate::pictures::cache::{CachePolicy, Reading, bytes_of};
use crate::pictures::folder::Folder;
use crate::pictures::passed_over::PassedOver;
use crate::stop::Stop;
use crate::text_file;
use crate::training::validate::{Views, validate};
use crate::weights::Format;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tch::{Device, Tensor};

/// Maximum length of a result in bytes; with a thousand classes it has a tenth of it.
const MAX_LENGTH: u64 = 32 << 20;

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
        let text = text_file::read(path, MAX_LENGTH)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let not_a_result = || {
            format!(
                "expected the result of an evaluation in {}; try evaluating the run again",
                path.display()
            )
        };
        let found: Self = serde_json::from_str(&text).with_context(not_a_result)?;
        ensure_or!(
            Run,
            (0.0..=1.0).contains(&found.acc) && found.loss >= 0.0 && found.pictures >= 0,
            "{}, found the accuracy {}, the loss {} and {} pictures",
            not_a_result(),
            found.acc,
            found.loss,
            found.pictures
        );
        Ok(found)
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
    let folder = pictures(what, &run, &trained.record, events)?;
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
    let (evaluation, probabilities) = measure(&trained, what, &mut loader, &stop, events)?;
    if let Some(file) = &what.export {
        export::save(file, &mut loader, &samples, classes, &probabilities)?;
    }
    evaluation.write(&run.evaluation(&what.split))?;
    Ok(evaluation)
}

/// The pictures to evaluate the run with the settings `record` on: of the run's data set, those in
/// its `split.csv` if it has one; of another, those in the folder of the split, else those in
/// `split.csv`.
///
/// # Errors
/// If there are no such pictures, or some of a class that the run does not have.
fn pictures(
    what: &Evaluate,
    run: &RunFolder,
    record: &RunRecord,
    events: &mut dyn Events,
) -> Result<Folder> {
    let config = &record.train;
    // The paths of a list are relative to its folder, unless a data set is given.
    let beside_list = what
        .labels
        .as_deref()
        .and_then(Path::parent)
        .map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let Some(data) = what.data.as_deref().or(beside_list).or(config.data.as_deref()) else {
        fault!(
            DataSet,
            "expected `data` for the run {}, which was imported without one, found none",
            run.path().display()
        );
    };
    let (split, list) = (what.split.as_str(), run.split());
    let has_list = list.is_file() && split != ALL;
    let (folder, passed_over) = match (&what.labels, &what.data) {
        (None, None) if has_list => listed_by_run(data, &list, split)?,
        (None, Some(_)) if has_list => {
            match Parts::read_folder(&archive::unpacked(data)?, split)? {
                Some(found) => found,
                None => listed_by_run(data, &list, split)?,
            }
        }
        (None, None) => Parts::read_named(data, config.labels.as_deref(), split)?,
        (labels, _) => Parts::read_named(data, labels.as_deref(), split)?,
    };
    if !passed_over.is_empty() {
        events.warning(&Warning::PassedOver(&passed_over));
    }
    let folder =
        folder.with_classes(&record.classes, &format!("the run {}", run.path().display()))?;
    ensure_or!(
        DataSet,
        !folder.samples.is_empty(),
        "expected {split} pictures in {}, found none",
        folder.path.display()
    );
    Ok(folder)
}

/// The pictures of `split` in the run's `list`, in the data set `data`, which may have been moved.
fn listed_by_run(data: &Path, list: &Path, split: &str) -> Result<(Folder, PassedOver)> {
    let (folder, passed_over) = Parts::read_list(&archive::unpacked(data)?, list)?.named(split)?;
    ensure_or!(
        DataSet,
        folder.samples.is_empty() || folder.samples.iter().any(|sample| sample.path.exists()),
        "expected the {split} pictures of {} in {}, found none of them; try `split` {ALL} for all pictures there",
        list.display(),
        folder.path.display()
    );
    Ok((folder, passed_over))
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
    events: &mut dyn Events,
) -> Result<(Evaluation, Tensor)> {
    let of = loader.len() as usize;
    let Trained { network, loss, record } = trained;
    let (mut labels, mut predicted, mut probabilities) = (Vec::new(), Vec::new(), Vec::new());
    let means = validate(network, loader, *loss, 0, what.views, stop, |batch, logits| {
        labels.extend(Vec::<i64>::try_from(&batch.labels)?);
        let batch = loss.probabilities(logits)?;
        predicted.extend(Vec::<i64>::try_from(&loss.predicted(&batch)?)?);
        probabilities.push(batch.f_to_device(Device::Cpu)?);
        events.decoding(Decoding { split: &what.split, done: labels.len(), of });
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
