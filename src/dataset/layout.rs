//! Data sets as people have them: split folders, class folders, lists of labels, archives.

use super::part::Part;
use super::recognize::{class_folders, own_list, part_folders};
use super::{archive, labels};
use crate::error::{ensure_or, fault};
use crate::numbers::listed;
use crate::pictures::folder::{Folder, Sample};
use crate::pictures::passed_over::{PassedOver, Why};
use crate::pictures::walk::Walk;
use anyhow::Result;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The name of the folder of a data set that is not split, and of all pictures of any data set.
pub const ALL: &str = "all";

/// What other parts' classes are compared with, in messages.
const TRAIN: &str = "the training pictures";

/// How a data set is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A folder for each part, with one folder per class in it.
    PartFolders,
    /// One folder per class.
    ClassFolders,
    /// A CSV of paths and labels.
    List,
    /// The `split.csv` of a run that continues.
    RunList,
}

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
}

impl DataSet {
    /// Reads the data set at `path`: a folder or an archive (`.zip`, `.tar`, `.tar.gz`) with
    /// `train`, `validation` and `test` folders of class folders, or with class folders only. With
    /// `list`, a CSV of `path,label[,split]`, the pictures are those of the list, relative to
    /// `path`. An archive may have its list at its top.
    ///
    /// # Errors
    /// If there is no such data set, a class of another part has no training pictures, or there are
    /// fewer than two classes.
    pub fn read(path: &Path, list: Option<&Path>) -> Result<Self> {
        let is_archive = path.is_file();
        let path = &archive::unpacked(path)?;
        let own = if is_archive && list.is_none() { own_list(path)? } else { None };
        if let Some(list) = list.or(own.as_deref()) {
            return Self::read_list(path, list);
        }
        let parts = part_folders(path)?;
        if parts.is_empty() {
            let (folder, passed_over) = class_folders(path)?;
            let folder = Folder { name: ALL.to_owned(), ..folder };
            return Self::of(path, Layout::ClassFolders, vec![folder], passed_over);
        }
        let mut passed_over = PassedOver::default();
        let mut folders: Vec<Folder> = Vec::new();
        for (part, path) in parts {
            match part_of(part, &path, folders.first()) {
                Ok((folder, others)) => {
                    passed_over.append(others);
                    folders.push(folder);
                }
                // Training needs no test pictures; evaluating on them gives the error.
                Err(_) if part == Part::Test => passed_over.add(path, Why::NoTest),
                Err(error) => return Err(error),
            }
        }
        Self::of(path, Layout::PartFolders, folders, passed_over)
    }

    /// Reads the pictures that the CSV `list` names, relative to `path`.
    ///
    /// # Errors
    /// As [`labels::read`] and [`DataSet::read`].
    pub fn read_list(path: &Path, list: &Path) -> Result<Self> {
        let rows = labels::read(list)?;
        let classes: BTreeSet<&String> = rows.iter().map(|row| &row.label).collect();
        let classes: Vec<String> = classes.into_iter().cloned().collect();
        let parts: BTreeSet<Option<Part>> = rows.iter().map(|row| row.part).collect();
        ensure_or!(
            DataSet,
            parts.len() == 1 || !parts.contains(&None),
            "expected a split in every line of {} or in none, found some; try completing the column",
            list.display()
        );
        ensure_or!(
            DataSet,
            parts.contains(&None) || parts.contains(&Some(Part::Train)),
            "expected lines of the split train in {}, found none",
            list.display()
        );
        let mut walk = Walk::default();
        let mut folders = Vec::new();
        for part in parts {
            let mut samples = Vec::new();
            for row in rows.iter().filter(|row| row.part == part) {
                let label = classes.binary_search(&row.label).unwrap_or_default();
                let sample = Sample { path: path.join(&row.path), label };
                if walk.is_new_picture(&sample.path, sample.label)? {
                    samples.push(sample);
                }
            }
            samples.sort_by(|a, b| (a.label, &a.path).cmp(&(b.label, &b.path)));
            let name = part.map_or(ALL, Part::name).to_owned();
            let classes = classes.clone();
            folders.push(Folder { path: path.to_owned(), name, classes, samples });
        }
        Self::of(path, Layout::List, folders, walk.passed_over)
    }

    /// Checks the classes of `folders`, the first of which is the training pictures, and gives all
    /// of them the same labels.
    fn of(
        path: &Path,
        layout: Layout,
        folders: Vec<Folder>,
        passed_over: PassedOver,
    ) -> Result<Self> {
        let classes = folders.first().map_or(Vec::new(), |train| train.classes_with(true));
        let empty: BTreeSet<String> = folders
            .iter()
            .flat_map(|folder| folder.classes_with(false))
            .filter(|class| !classes.contains(class))
            .collect();
        let folders: Result<Vec<Folder>> =
            folders.into_iter().map(|folder| folder.with_classes(&classes, TRAIN)).collect();
        let (folders, empty) = (folders?, empty.into_iter().collect::<Vec<_>>());
        ensure_or!(
            DataSet,
            classes.len() >= 2,
            "expected pictures of at least two classes in {}, found {}{}; try one folder per class, such as cats and dogs",
            folders.first().map_or(path, |train| &train.path).display(),
            if classes.is_empty() { "none".to_owned() } else { format!("only {}", classes[0]) },
            if empty.is_empty() {
                String::new()
            } else {
                format!(", and no picture of {}", listed(&empty))
            },
        );
        Ok(Self { path: path.to_owned(), layout, classes, folders, empty, passed_over })
    }

    /// The pictures of `part`, if the data set is split into parts with that one.
    pub fn part(&self, part: Part) -> Option<&Folder> {
        self.folders.iter().find(|folder| folder.name == part.name())
    }

    /// Reads the pictures of the data set at `path` by name: those in a folder of that name, those
    /// of a part, or [`ALL`]. Also returns what was passed over.
    ///
    /// # Errors
    /// As [`DataSet::read`], unless there is a folder of that name; and if there is no such part.
    pub fn read_named(
        path: &Path,
        list: Option<&Path>,
        name: &str,
    ) -> Result<(Folder, PassedOver)> {
        let path = archive::unpacked(path)?;
        let found = if list.is_none() { Self::read_folder(&path, name)? } else { None };
        found.map_or_else(|| Self::read(&path, list)?.named(name), Ok)
    }

    /// Reads the folder `name`, or one with another name of the same part, in the data set's folder
    /// `path`; `None` if there is no such folder with class folders.
    ///
    /// # Errors
    /// As [`Folder::read`].
    pub fn read_folder(path: &Path, name: &str) -> Result<Option<(Folder, PassedOver)>> {
        if !path.is_dir() {
            return Ok(None);
        }
        let part = Part::named(name);
        for folder in Walk::default().entries(path)?.0 {
            let found = folder.file_name().unwrap_or_default().to_string_lossy();
            let is_named = found == name || (part.is_some() && Part::named(&found) == part);
            if is_named && !Walk::default().entries(&folder)?.0.is_empty() {
                let (folder, passed_over) = Folder::read(&folder)?;
                return Ok(Some((Folder { name: name.to_owned(), ..folder }, passed_over)));
            }
        }
        Ok(None)
    }

    /// Its pictures by name: a part's, or [`ALL`]. Also returns what was passed over.
    ///
    /// # Errors
    /// If the data set is not split, or has no such part.
    pub fn named(self, name: &str) -> Result<(Folder, PassedOver)> {
        if name == ALL {
            return Ok((self.all(), self.passed_over));
        }
        let known = |folder: &&Folder| {
            folder.name == name || Part::named(name).is_some_and(|part| folder.name == part.name())
        };
        if let Some(folder) = self.folders.iter().find(known) {
            return Ok((folder.clone(), self.passed_over));
        }
        let names: Vec<&str> = self.folders.iter().map(|folder| folder.name.as_str()).collect();
        let found =
            if names == [ALL] { "one that is not split".to_owned() } else { names.join(", ") };
        fault!(
            DataSet,
            "expected {name} pictures in the data set {}, found {found}; try `split` {ALL} for all of its pictures",
            self.path.display()
        )
    }

    /// [`named`](Self::named), for a data set read from `list` at a place where its pictures may
    /// not be.
    ///
    /// # Errors
    /// As [`named`](Self::named), and if none of the pictures exists.
    pub fn found(self, name: &str, list: &Path) -> Result<(Folder, PassedOver)> {
        let (folder, passed_over) = self.named(name)?;
        ensure_or!(
            DataSet,
            folder.samples.iter().any(|sample| sample.path.exists()),
            "expected the {name} pictures of {} in {}, found none of them; try `split` {ALL} for all pictures there",
            list.display(),
            folder.path.display()
        );
        Ok((folder, passed_over))
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

/// Reads the part in the folder `path`. Its classes must be among those of `train`, if given.
fn part_of(part: Part, path: &Path, train: Option<&Folder>) -> Result<(Folder, PassedOver)> {
    let (folder, passed_over) = class_folders(path)?;
    let folder = Folder { name: part.name().to_owned(), ..folder };
    let folder = match train {
        Some(train) => folder.with_classes(&train.classes_with(true), TRAIN)?,
        None => folder,
    };
    Ok((folder, passed_over))
}
