//! Data sets to train on.

use super::layout::{ALL, Layout, Parts};
use super::part::Part;
use crate::error::{ensure_or, fault};
use crate::pictures::folder::{Folder, Sample};
use crate::pictures::passed_over::{PassedOver, Why};
use crate::text::numbers::{cut, listed};
use crate::text::shown::shown;
use crate::text::spelling::likeness;
use anyhow::Result;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSet {
    /// The folder of the pictures: that of an unpacked archive, or the one that a list's paths are
    /// relative to.
    pub path: PathBuf,
    /// How it is laid out.
    pub layout: Layout,
    /// Names of the classes with training pictures, sorted; a class's index is its label.
    pub classes: Vec<String>,
    /// Its parts, in the order of [`Part::ALL`], or [`ALL`] pictures if it is not split.
    pub folders: Vec<Folder>,
    /// Classes without any picture, which are left out.
    pub empty: Vec<String>,
    /// Entries of the folders that are not used.
    pub passed_over: PassedOver,
    /// What may be right but is odd, one sentence each: `expected X, found Y; try Z`.
    pub odd: Vec<String>,
}

impl DataSet {
    /// Reads the data set at `path` as [`Parts::read`] does, and checks that it can be trained on.
    ///
    /// # Errors
    /// As [`Parts::read`]; if there are no training pictures or fewer than two classes of them, or
    /// a class of the validation pictures is not among these.
    pub fn read(path: &Path, list: Option<&Path>, skip_bad: bool) -> Result<Self> {
        Self::of(Parts::read(path, list, skip_bad)?)
    }

    /// Reads the pictures that `list`, the `split.csv` of a run, names, relative to `path`.
    ///
    /// # Errors
    /// As [`DataSet::read`].
    pub fn read_run_list(path: &Path, list: &Path) -> Result<Self> {
        Self::of(Parts::read_run_list(path, list)?)
    }

    fn of(parts: Parts) -> Result<Self> {
        let Parts { path, layout, folders: found, mut passed_over, mut odd } = parts;
        let is_list = matches!(layout, Layout::List | Layout::RunList);
        let is_train = |first: &&Folder| [ALL, Part::Train.name()].contains(&first.name.as_str());
        let Some(train) = found.first().filter(is_train) else {
            let remedy = if is_list { "; try rows of the split train" } else { "" };
            fault!(DataSet, "expected train pictures in {}, found none{remedy}", shown(&path));
        };
        let classes = train.classes_with(true);
        let empty = train.classes_with(false);
        let mut folders = Vec::new();
        for folder in found {
            let is_test = folder.name == Part::Test.name();
            let path = folder.path.clone();
            match folder.with_classes(&classes, "the training pictures") {
                Ok(folder) => folders.push(folder),
                // Training needs no test pictures; evaluating on them gives the error.
                Err(_) if is_test && layout == Layout::PartFolders => {
                    passed_over.add(path, Why::NoTest);
                }
                Err(error) => return Err(error),
            }
        }
        ensure_or!(
            DataSet,
            classes.len() >= 2,
            "expected pictures of at least two classes in {}, found {}{}; try {}",
            shown(folders.first().map_or(&path, |train| &train.path)),
            if classes.is_empty() {
                "none".to_owned()
            } else {
                format!("only {}", cut(&classes[0]))
            },
            if empty.is_empty() {
                String::new()
            } else {
                format!(", and no picture of {}", listed(&empty))
            },
            if is_list {
                "rows of another label"
            } else {
                "one folder per class, such as cats and dogs, or `labels` with a CSV"
            }
        );
        odd.extend(alike(&classes));
        Ok(Self { path, layout, classes, folders, empty, passed_over, odd })
    }

    /// The pictures of `part`, if the data set is split into parts with that one.
    pub fn part(&self, part: Part) -> Option<&Folder> {
        self.folders.iter().find(|folder| folder.name == part.name())
    }

    /// All its pictures, sorted by label, then path.
    pub fn all(&self) -> Folder {
        let mut samples: Vec<Sample> =
            self.folders.iter().flat_map(|folder| folder.samples.clone()).collect();
        samples.sort_by(|a, b| (a.label, &a.path).cmp(&(b.label, &b.path)));
        let (path, classes) = (self.path.clone(), self.classes.clone());
        Folder { path, name: ALL.to_owned(), classes, samples }
    }
}

/// A sentence on the first classes whose names differ in what is easily overlooked.
fn alike(classes: &[String]) -> Option<String> {
    let mut known: HashMap<String, &String> = HashMap::new();
    let mut pairs = classes.iter().filter_map(|class| {
        known.insert(likeness(class), class).map(|other| (cut(other), cut(class)))
    });
    let (first, second) = pairs.next()?;
    let more = match pairs.count() {
        0 => String::new(),
        more => format!(", and {more} more such pairs"),
    };
    Some(format!(
        "expected classes with different names, found \"{first}\" and \"{second}\"{more}; if they are one class, try one name"
    ))
}
