//! On which pictures a run is evaluated, and how.

use crate::dataset::layout::{ALL, Parts};
use crate::dataset::{archive, labels};
use crate::error::{ensure_or, fault};
use crate::pictures::cache::CachePolicy;
use crate::pictures::folder::Folder;
use crate::pictures::passed_over::PassedOver;
use crate::run::data::data_set;
use crate::run::data::same_pictures;
use crate::run::events::Events;
use crate::run::folder::{RunFolder, RunRecord};
use crate::run::predict::inference::Inference;
use crate::run::predict::scored_pictures::ScoredPictures;
use crate::run::predict::trained::Trained;
use crate::run::warning::Warning;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// The pictures that a run is evaluated on, and how: what [`Evaluate`](crate::Evaluate) and
/// [`Report`](crate::Report) have in common.
#[derive(Debug, Clone)]
pub struct Scoring {
    /// Name of the split: a folder of the data set, a part that the run split it into, or `all`.
    pub split: String,
    /// Data set: a folder or an archive; `None` is the run's.
    pub data: Option<PathBuf>,
    /// CSV of `path,label[,split]` that lists the pictures of `data`; `None` is the run's, if
    /// `data` is.
    pub labels: Option<PathBuf>,
    /// Weights, views and machine.
    pub inference: Inference,
    /// Skip files that cannot be used as pictures; also done if the run has this setting.
    pub skip_bad_pictures: bool,
    /// Where to keep decoded pictures; `None` is the run's setting.
    pub cache: Option<CachePolicy>,
}

/// The last weights, on the split `test`.
impl Default for Scoring {
    fn default() -> Self {
        Self {
            split: "test".to_owned(),
            data: None,
            labels: None,
            inference: Inference::default(),
            skip_bad_pictures: false,
            cache: None,
        }
    }
}

/// A run's network, the pictures of a split, and what the one says of the other.
pub(crate) struct Evaluated {
    pub trained: Trained,
    /// All pictures of the split, also those that could not be used.
    pub folder: Folder,
    pub pictures: ScoredPictures,
}

impl Scoring {
    /// Evaluates the network of `run`.
    ///
    /// # Errors
    /// If the run or the pictures cannot be read, or a stop was requested.
    pub(crate) fn evaluate(&self, run: &RunFolder, events: &mut dyn Events) -> Result<Evaluated> {
        let trained = Trained::load(run, self.inference)?;
        trained.warn(events);
        let folder = self.pictures(run, &trained.record, events)?;
        let pictures = ScoredPictures::new(&trained, &folder, self, events)?;
        Ok(Evaluated { trained, folder, pictures })
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
