//! Running a trained network over labeled pictures.

use crate::batches::batch::Batch;
use crate::batches::loader::Loader;
use crate::dataset::layout::{ALL, Parts};
use crate::dataset::{archive, labels};
use crate::error::{ensure_or, fault};
use crate::machine::memory::free_memory;
use crate::metrics::Metrics;
use crate::metrics::scored::Scored;
use crate::pictures::cache::{CachePolicy, Reading, bytes_of};
use crate::pictures::folder::{Folder, Sample};
use crate::pictures::passed_over::PassedOver;
use crate::run::activity::{Activity, Counter};
use crate::run::data::appearance::Appearance;
use crate::run::data::{data_set, same_pictures, splits};
use crate::run::events::Events;
use crate::run::folder::{RunFolder, RunRecord, WhichWeights};
use crate::run::predict::evaluation::Evaluation;
use crate::run::predict::trained::{MachineOverrides, Trained};
use crate::run::warning::Warning;
use crate::stop::{Interrupted, Stop};
use crate::training::metrics::Means;
use crate::training::validate::{Views, validate};
use anyhow::Result;
use std::path::{Path, PathBuf};
use tch::{Device, Tensor};

/// The labeled pictures that a run's network sees, and how.
#[derive(Debug, Clone)]
pub struct Scoring {
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
}

/// The last weights on the split `test`.
impl Default for Scoring {
    fn default() -> Self {
        Self {
            split: "test".to_owned(),
            data: None,
            labels: None,
            weights: WhichWeights::Last,
            views: Views::Picture,
            skip_bad_pictures: false,
            cache: None,
            machine: MachineOverrides::default(),
        }
    }
}

impl Scoring {
    /// Shows the pictures to the network of `run`.
    ///
    /// # Errors
    /// If the run or a picture cannot be read, there are no pictures, libtorch is out of memory, or a
    /// stop was requested.
    pub(crate) fn of(
        &self,
        run: &RunFolder,
        events: &mut dyn Events,
    ) -> Result<(Trained, Folder, ScoredPictures)> {
        let trained = self.trained(run, events)?;
        let folder = self.pictures(run, &trained.record, events)?;
        let pictures = ScoredPictures::new(&trained, &folder, self, events)?;
        Ok((trained, folder, pictures))
    }

    /// The network of `run`.
    pub(crate) fn trained(&self, run: &RunFolder, events: &mut dyn Events) -> Result<Trained> {
        let trained = Trained::load(run, self.weights, self.machine)?;
        trained.warn(events);
        Ok(trained)
    }

    /// The pictures to evaluate the run with the settings `record` on: of the run's data set, those in
    /// its `split.csv` if it has one; of another, those in the folder of the split, else those in
    /// `split.csv`.
    ///
    /// # Errors
    /// If there are no such pictures, or some of a class that the run does not have.
    fn pictures(
        &self,
        run: &RunFolder,
        record: &RunRecord,
        events: &mut dyn Events,
    ) -> Result<Folder> {
        let config = &record.train;
        // The paths of a list are relative to its folder, unless a data set is given.
        let beside_list = self
            .labels
            .as_deref()
            .and_then(Path::parent)
            .map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        let Some(data) = self.data.as_deref().or(beside_list).or(config.data.path.as_deref())
        else {
            fault!(
                DataSet,
                "expected `data` for the run {}, which was imported without one, found none",
                run.path().display()
            );
        };
        data_set::check_place(data, run.path())?;
        let (split, list) = (self.split.as_str(), run.split());
        let has_list = list.is_file() && split != ALL;
        let skip_bad = self.skip_bad_pictures || config.pictures.skip_bad_pictures;
        let (folder, passed_over) = match (&self.labels, &self.data) {
            (None, None) if has_list => listed_by_run(data, &list, split, true)?,
            (None, Some(_)) if has_list => {
                match Parts::read_folder(&archive::unpacked(data)?, split)? {
                    Some(found) => found,
                    None => listed_by_run(data, &list, split, false)?,
                }
            }
            (None, None) => {
                Parts::read_named(data, config.data.labels.as_deref(), split, skip_bad)?
            }
            (labels, _) => Parts::read_named(data, labels.as_deref(), split, skip_bad)?,
        };
        if !passed_over.is_empty() {
            events.warning(&Warning::PassedOver(&passed_over));
        }
        if let Some(list) = &self.labels {
            labels::read(list)?.odd.iter().for_each(|odd| events.warning(&Warning::Odd(odd)));
        }
        let folder =
            folder.with_classes(&record.classes, &format!("the run {}", run.path().display()))?;
        ensure_or!(
            DataSet,
            !folder.samples.is_empty(),
            "expected {split} pictures in {}, found none",
            folder.path.display()
        );
        // Other pictures are meant if there is another data set, but not where the run's has been moved.
        let is_own = self.labels.is_none()
            && (self.data.is_none()
                || !config.data.path.as_ref().is_some_and(|data| data.exists()));
        if is_own && split != ALL {
            let odd = same_pictures::odd(&folder, run, &events.stop())?;
            odd.iter().for_each(|odd| events.warning(&Warning::Odd(odd)));
        }
        Ok(folder)
    }
}

/// The pictures of `split` in the run's `list`, in the data set `data`: its own, or another that may be
/// the same after a move.
fn listed_by_run(
    data: &Path,
    list: &Path,
    split: &str,
    is_own: bool,
) -> Result<(Folder, PassedOver)> {
    let (folder, passed_over) =
        Parts::read_run_list(&archive::unpacked(data)?, list)?.named(split)?;
    let of = folder.samples.len();
    let found = folder.samples.iter().filter(|sample| sample.path.exists()).count();
    // Of the run's own, those that are missing are named one by one.
    ensure_or!(
        DataSet,
        found == of || (found > 0 && is_own),
        "expected the {of} {split} pictures of {} in {}, found {} of them; try `split` {ALL} for all pictures there, or `data` with where they are now",
        list.display(),
        folder.path.display(),
        if found == 0 { "none".to_owned() } else { format!("only {found}") }
    );
    Ok((folder, passed_over))
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
        // The batch size of the run's validation, so that the same weights give the same numbers.
        let loader = Loader::sorted(source, trained.network.device(), config.training.batch_size)?;
        Self::of(trained, samples, loader, how, &stop, events)
    }

    fn of(
        trained: &Trained,
        samples: Vec<Sample>,
        mut loader: Loader,
        how: &Scoring,
        stop: &Stop,
        events: &mut dyn Events,
    ) -> Result<Self> {
        let counter = Counter::new(Activity::Evaluating(&how.split), loader.len() as usize, events);
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
    pub fn evaluation(&self, how: &Scoring) -> Evaluation {
        Evaluation {
            split: how.split.clone(),
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
