//! Evaluating a trained network on a split.

use crate::dataset::layout::{ALL, Parts};
use crate::dataset::{archive, labels};
use crate::error::{ensure_or, fault};
use crate::metrics::paired::Paired;
use crate::pictures::cache::CachePolicy;
use crate::pictures::folder::Folder;
use crate::pictures::passed_over::PassedOver;
use crate::report::text;
use crate::run::data::data_set;
use crate::run::data::same_pictures;
use crate::run::events::Events;
use crate::run::folder::{RunFolder, RunRecord, WhichWeights};
use crate::run::predict::evaluation::{Against, Evaluation};
use crate::run::predict::evaluation_files;
use crate::run::predict::export;
use crate::run::predict::scoring::{ScoredPictures, Scoring};
use crate::run::predict::trained::{MachineOverrides, Trained};
use crate::run::warning::Warning;
use crate::training::validate::Views;
use crate::weights::Format;
use anyhow::Result;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

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
    /// Folder of another run to compare with on the same pictures.
    pub against: Option<PathBuf>,
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
            against: None,
        }
    }

    pub(crate) fn scoring(&self) -> Scoring<'_> {
        Scoring {
            split: &self.split,
            weights: self.weights,
            views: self.views,
            skip_bad: self.skip_bad_pictures,
            cache: self.cache,
        }
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
    trained.warn(events);
    let folder = pictures(what, &run, &trained.record, events)?;
    let (stop, how) = (events.stop(), what.scoring());
    let mut pictures = ScoredPictures::new(&trained, &folder, how, &stop, events)?;
    let mut evaluation = pictures.evaluation(how);
    if let Some(other) = &what.against {
        evaluation.against = Some(against(what, other, &folder, &pictures, events)?);
    }
    if let Some(file) = &what.export {
        let ScoredPictures { loader, samples, probabilities, .. } = &mut pictures;
        export::save(file, loader, samples, &trained.record.classes, probabilities)?;
    }
    if let Some(key) = text::key(&trained.record.classes) {
        events.warning(&Warning::Odd(&key));
    }
    // The result is worth more than its file: a run may be another user's, or its disk full.
    let stored = evaluation_files::write(&run.evaluated(&what.split), &pictures)
        .and_then(|()| evaluation.write(&run.evaluation(&what.split)));
    if let Err(error) = stored {
        events.warning(&Warning::NotStored(&error));
    }
    Ok(evaluation)
}

/// Evaluates the run `other` on the same pictures.
///
/// # Errors
/// If it cannot be read, has other classes, or a stop was requested.
fn against(
    what: &Evaluate,
    other: &Path,
    folder: &Folder,
    first: &ScoredPictures,
    events: &mut dyn Events,
) -> Result<Against> {
    let run = RunFolder::open(other)?;
    let trained = Trained::load(&run, what.weights, what.machine)?;
    trained.warn(events);
    let folder = folder
        .clone()
        .with_classes(&trained.record.classes, &format!("the run {}", other.display()))?;
    let stop = events.stop();
    let second = ScoredPictures::new(&trained, &folder, what.scoring(), &stop, events)?;
    // The other run may have its classes, and thus its pictures, in another order.
    let of_second: HashMap<&Path, bool> = second.outcomes().collect();
    let pairs =
        first.outcomes().filter_map(|(path, is_correct)| Some((is_correct, *of_second.get(path)?)));
    Ok(Against {
        run: other.to_owned(),
        loss: second.means.loss,
        acc: second.means.accuracy,
        paired: Paired::new(pairs),
    })
}

/// The pictures to evaluate the run with the settings `record` on: of the run's data set, those in
/// its `split.csv` if it has one; of another, those in the folder of the split, else those in
/// `split.csv`.
///
/// # Errors
/// If there are no such pictures, or some of a class that the run does not have.
pub(crate) fn pictures(
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
    let Some(data) = what.data.as_deref().or(beside_list).or(config.data.path.as_deref()) else {
        fault!(
            DataSet,
            "expected `data` for the run {}, which was imported without one, found none",
            run.path().display()
        );
    };
    data_set::check_place(data, run.path())?;
    let (split, list) = (what.split.as_str(), run.split());
    let has_list = list.is_file() && split != ALL;
    let skip_bad = what.skip_bad_pictures || config.pictures.skip_bad_pictures;
    let (folder, passed_over) = match (&what.labels, &what.data) {
        (None, None) if has_list => listed_by_run(data, &list, split, true)?,
        (None, Some(_)) if has_list => {
            match Parts::read_folder(&archive::unpacked(data)?, split)? {
                Some(found) => found,
                None => listed_by_run(data, &list, split, false)?,
            }
        }
        (None, None) => Parts::read_named(data, config.data.labels.as_deref(), split, skip_bad)?,
        (labels, _) => Parts::read_named(data, labels.as_deref(), split, skip_bad)?,
    };
    if !passed_over.is_empty() {
        events.warning(&Warning::PassedOver(&passed_over));
    }
    if let Some(list) = &what.labels {
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
    let is_own = what.labels.is_none()
        && (what.data.is_none() || !config.data.path.as_ref().is_some_and(|data| data.exists()));
    if is_own && split != ALL {
        let odd = same_pictures::odd(&folder, run, &events.stop())?;
        odd.iter().for_each(|odd| events.warning(&Warning::Odd(odd)));
    }
    Ok(folder)
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
