//! The data set of a run: read as it lies on disk, and split if it is not.

use crate::dataset::data_set::DataSet;
use crate::dataset::layout::{ALL, Layout};
use crate::dataset::part::{Part, PartSize, PartSizes};
use crate::dataset::{archive, contradictions, labels, near_copies, partition};
use crate::error::{ErrorKind, Fault, ensure_or, fault};
use crate::pictures::depth::{Depth, Levels};
use crate::pictures::folder::Folder;
use crate::pictures::output;
use crate::run::activity::{Activity, Counter};
use crate::run::data::same_pictures;
use crate::run::events::{Events, Note, SplitByContent};
use crate::run::folder::RunFolder;
use crate::run::settings::config::Config;
use crate::run::warning::Warning;
use crate::stop::Stop;
use crate::text::numbers::listed;
use crate::text::shown::shown;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// Checks that the data set of `run` is still at `data`.
///
/// # Errors
/// If there is nothing, such as after a move.
pub fn check_place(data: &Path, run: &Path) -> Result<()> {
    ensure_or!(
        DataSet,
        data.exists(),
        "expected the data set of the run {} at {}, found nothing there; try `data` with where it is now",
        run.display(),
        data.display()
    );
    Ok(())
}

impl Config {
    /// Makes `data` and `labels` absolute, so that they stay valid in other working directories.
    /// Without `data`, it is the folder of `labels`.
    ///
    /// # Errors
    /// If one of them does not exist.
    pub fn locate_data(&mut self) -> Result<()> {
        if let Some(data) = self.data.path.as_deref().filter(|_| self.output.resume) {
            check_place(data, &self.output.folder)?;
        }
        let locate = |path: &mut PathBuf, what: &str, remedy: &str| -> Result<()> {
            *path = path.canonicalize().map_err(|error| Fault {
                kind: ErrorKind::DataSet,
                message: format!("expected {what} {}, found none ({error}){remedy}", shown(path)),
            })?;
            Ok(())
        };
        if let Some(labels) = &mut self.data.labels {
            locate(labels, "a CSV at `labels`", "; try another path")?;
            let folder = labels.parent().map(PathBuf::from);
            self.data.path = self.data.path.take().or(folder);
        }
        self.data.path.as_mut().map_or(Ok(()), |data| locate(data, "a data set at `data`", ""))
    }

    /// Replaces a `depth` of auto by the values that the training pictures use.
    ///
    /// # Errors
    /// If a thread cannot be started, or a stop was requested.
    pub fn resolve_depth(
        &mut self,
        train: &Folder,
        stop: &Stop,
        events: &mut dyn Events,
    ) -> Result<()> {
        if self.pictures.depth != Some(Depth::Auto) {
            return Ok(());
        }
        let (threads, of) = (self.pictures.loader_threads.unwrap_or(0), train.samples.len());
        let (target, samples) = (self.target(), &train.samples);
        let counter = Counter::new(Activity::Measuring, of, events);
        let levels = Levels::used_by(samples, target, threads, stop, &|| counter.add(1))?;
        self.pictures.depth = levels.map(Depth::Levels);
        match levels {
            Some(levels) => events.note(&Note::Depth(levels)),
            None => events.warning(&Warning::Odd(
                "expected pictures of 16 bits per sample with `depth` auto, found none of several values; using none",
            )),
        }
        Ok(())
    }
}

/// The pictures that a run trains and validates on.
#[derive(Debug)]
pub struct Pictures {
    /// The training pictures; their classes are the run's.
    pub train: Folder,
    /// The validation pictures.
    pub validation: Folder,
    /// The test pictures, if there are any.
    pub test: Option<Folder>,
    /// Whether near copies are known to be in one part only.
    pub are_grouped: bool,
    /// The contents of `split.csv`, if the folders alone do not determine the parts.
    pub list: Option<Vec<u8>>,
}

/// Reads the data set at `path` as `config` says and splits it if it has no validation pictures. A resumed `run`
/// keeps its parts.
///
/// # Errors
/// If there is no such data set, it cannot be split as the settings ask, or a stop was requested.
pub fn read(
    config: &Config,
    path: &Path,
    run: &RunFolder,
    stop: &Stop,
    events: &mut dyn Events,
) -> Result<Pictures> {
    let has_list = config.output.resume && run.split().is_file();
    let data = match has_list {
        true => DataSet::read_run_list(&archive::unpacked(path)?, &run.split())?,
        false => {
            DataSet::read(path, config.data.labels.as_deref(), config.pictures.skip_bad_pictures)?
        }
    };
    warn(&data, events);
    if matches!(data.layout, Layout::PartFolders | Layout::ClassFolders)
        && let Some(odd) = output::inside("out", &config.output.folder, path)
    {
        events.warning(&Warning::Odd(&odd));
    }
    if has_list {
        let now =
            DataSet::read(path, config.data.labels.as_deref(), config.pictures.skip_bad_pictures)?;
        same_pictures::check_labels(&data, &now, run, events)?;
    }
    if let Some(validation) = data.part(Part::Validation) {
        ensure_or!(
            Setting,
            has_list || (config.data.validation.is_none() && config.data.test.is_none()),
            "expected a data set that is not split with `validation` and `test`, found {} pictures in {}; try leaving them out",
            validation.name,
            validation.path.display()
        );
        events.note(&Note::DataSet { data: &data, path, split: None });
        let list = (data.layout == Layout::List).then(|| labels::to_csv(&data.path, &data.folders));
        let train = data.part(Part::Train).unwrap_or(&data.folders[0]).clone();
        let missing = validation.classes_with(false);
        if !missing.is_empty() {
            events.warning(&Warning::NoValidation(&missing));
        }
        let (validation, test) = (validation.clone(), data.part(Part::Test).cloned());
        let list = list.transpose()?;
        return checked(Pictures { train, validation, test, are_grouped: has_list, list });
    }
    let (folders, copies) = split(config, &data, stop, events)?;
    warn_of_few(config, &data, &folders, events);
    let by_content = SplitByContent { folders: &folders, copies };
    events.note(&Note::DataSet { data: &data, path, split: Some(by_content) });
    let list = labels::to_csv(&data.path, &folders)?;
    let mut parts = folders.into_iter();
    let (Some(train), Some(validation)) = (parts.next(), parts.next()) else {
        fault!(DataSet, "expected train and validation pictures, found none");
    };
    let test = parts.next();
    checked(Pictures { train, validation, test, are_grouped: true, list: Some(list) })
}

/// Splits a data set without validation pictures: into train, validation and test, or if it has
/// test pictures already, its training pictures into train and validation. Also returns the number
/// of near copies kept together.
fn split(
    config: &Config,
    data: &DataSet,
    stop: &Stop,
    events: &mut dyn Events,
) -> Result<(Vec<Folder>, usize)> {
    let whole = data.part(Part::Train).unwrap_or(&data.folders[0]);
    let others: Vec<Folder> = data.part(Part::Test).cloned().into_iter().collect();
    ensure_or!(
        Setting,
        others.is_empty() || config.data.test.is_none(),
        "expected a data set without test pictures with `test`, found some in {}; try leaving it out",
        data.path.display()
    );
    let test = match whole.name == ALL {
        true => PartSizes::TEST,
        false => PartSize::Share(0.0),
    };
    let sizes = PartSizes {
        train: None,
        validation: config.data.validation.unwrap_or(PartSizes::VALIDATION),
        test: config.data.test.unwrap_or(test),
    };
    let threads = config.pictures.loader_threads.unwrap_or(0);
    let counter = Counter::new(Activity::Splitting, whole.samples.len(), events);
    let groups = near_copies::group(&whole.samples, threads, stop, &|| counter.add(1))?;
    warn_of_contradictions(&[whole], &groups.first, &data.path, events);
    let mut folders = partition::partition(whole, &groups, sizes)?.to_vec();
    if sizes.test == PartSize::Share(0.0) {
        folders.pop();
    }
    folders.extend(others);
    // As in the run's list, from which they are read later.
    folders.iter_mut().for_each(|folder| folder.path.clone_from(&data.path));
    Ok((folders, groups.copies()))
}

/// Warns about what is not used.
pub(crate) fn warn(data: &DataSet, events: &mut dyn Events) {
    if !data.passed_over.is_empty() {
        events.warning(&Warning::PassedOver(&data.passed_over));
    }
    if !data.empty.is_empty() {
        events.warning(&Warning::EmptyClasses(&data.empty));
    }
    data.odd.iter().for_each(|odd| events.warning(&Warning::Odd(odd)));
}

/// Warns about the pictures of `folders`, in order, that are in two classes. `first` has for each the index
/// of the first of its group of near copies, and `path` is the data set's.
pub(crate) fn warn_of_contradictions(
    folders: &[&Folder],
    first: &[usize],
    path: &Path,
    events: &mut dyn Events,
) {
    let samples: Vec<_> = folders.iter().flat_map(|folder| &folder.samples).collect();
    let found = contradictions::find(&samples, first);
    if let Some(text) = contradictions::warning(&found, &folders[0].classes, path) {
        events.warning(&Warning::Odd(&text));
    }
}

/// Warns about classes that have too few pictures for their share of each of the `folders` that `data`
/// is split into.
fn warn_of_few(config: &Config, data: &DataSet, folders: &[Folder], events: &mut dyn Events) {
    let mut lacking = Vec::new();
    for (part, size, verb) in [
        (Part::Validation, config.data.validation, "validate"),
        (Part::Test, config.data.test, "test"),
    ] {
        let is_split_off =
            |folder: &&Folder| folder.name == part.name() && data.part(part).is_none();
        let Some(folder) = folders.iter().find(is_split_off) else { continue };
        let missing = folder.classes_with(false);
        if !missing.is_empty() && size != Some(PartSize::Share(0.0)) {
            lacking.push(format!("none to {verb} on of {}", listed(&missing)));
        }
    }
    if !lacking.is_empty() {
        events.warning(&Warning::Odd(&format!(
            "expected enough pictures of each class for a share of them in each part, found {}; try numbers of pictures of each class as `validation` and `test`, or more pictures",
            lacking.join(", ")
        )));
    }
}

fn checked(pictures: Pictures) -> Result<Pictures> {
    let validation = &pictures.validation;
    ensure_or!(
        DataSet,
        !validation.samples.is_empty(),
        "expected pictures to validate on in {}, found none; try more pictures, or a number of each class as `validation`",
        validation.path.display()
    );
    Ok(pictures)
}
