//! Data sets as people have them: split folders, class folders, lists of labels, archives.

use super::class_folders::ClassFolders;
use super::labels::Labeled;
use super::listed_files::ListedFiles;
use super::part::Part;
use super::recognize::{Root, own_list};
use super::{archive, labels};
use crate::error::{ensure_or, fault};
use crate::pictures::folder::{Folder, Sample};
use crate::pictures::passed_over::{PassedOver, Why};
use crate::pictures::walk::Walk;
use crate::text::shown::shown;
use anyhow::Result;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The name of the folder of a data set that is not split, and of all pictures of any data set.
pub const ALL: &str = "all";

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

/// The pictures of a data set as they are found, each part with its own classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The folder of the pictures: that of an unpacked archive, or the one that a list's paths are
    /// relative to.
    pub path: PathBuf,
    /// How the data set is laid out.
    pub layout: Layout,
    /// Its parts, in the order of [`Part::ALL`], or [`ALL`] pictures if it is not split.
    pub folders: Vec<Folder>,
    /// Entries of the folders that are not used.
    pub passed_over: PassedOver,
    /// What may be right but is odd, one sentence each: `expected X, found Y; try Z`.
    pub odd: Vec<String>,
}

impl Parts {
    /// Reads the data set at `path`: a folder or an archive (`.zip`, `.tar`, `.tar.gz`) with
    /// `train`, `validation` and `test` folders of class folders, or with class folders only. With
    /// `list`, a CSV of `path,label[,split]`, the pictures are those of the list, relative to
    /// `path`. An archive may have its list at its top. Rows without a file are an error, or, with
    /// `skip_bad`, bad pictures.
    ///
    /// # Errors
    /// If there is no such data set, or a folder or the list cannot be read; [`BadRows`] if rows of
    /// the list name no file.
    ///
    /// [`BadRows`]: crate::error::BadRows
    pub fn read(path: &Path, list: Option<&Path>, skip_bad: bool) -> Result<Self> {
        let is_archive = path.is_file();
        let path = archive::unpacked(path)?;
        let own = if is_archive && list.is_none() { own_list(&path)? } else { None };
        if let Some(list) = list.or(own.as_deref()) {
            return Self::read_list(&path, list, skip_bad);
        }
        let Root { path: root, parts, mut passed_over } = Root::open(&path)?;
        if let Some((first, folder)) = parts.first() {
            ensure_or!(
                DataSet,
                *first == Part::Train,
                "expected a folder train beside {}, found none; try naming that of the training pictures train, or `data` with the folder that has it",
                folder.display()
            );
        }
        let (mut folders, mut odd) = (Vec::new(), Vec::new());
        let (layout, parts) = match parts.is_empty() {
            true => (Layout::ClassFolders, vec![(None, root)]),
            false => {
                let parts = parts.into_iter().map(|(part, folder)| (Some(part), folder));
                (Layout::PartFolders, parts.collect())
            }
        };
        for (part, path) in parts {
            match ClassFolders::read(&path) {
                Ok(found) => {
                    passed_over.append(found.passed_over);
                    odd.extend(found.odd);
                    folders.push(Folder { name: name_of(part), ..found.folder });
                }
                // Training needs no test pictures; evaluating on them gives the error.
                Err(_) if part == Some(Part::Test) => passed_over.add(path, Why::NoTest),
                Err(error) => return Err(error),
            }
        }
        Ok(Self { path, layout, folders, passed_over, odd })
    }

    fn read_list(path: &Path, list: &Path, skip_bad: bool) -> Result<Self> {
        let read = labels::read(list)?;
        check_splits(list, &read.rows)?;
        let odd = read.odd.clone();
        let ListedFiles { rows, passed_over, bad } = ListedFiles::find(path, list, read)?;
        if !bad.rows.is_empty() && !skip_bad {
            return Err(bad.into());
        }
        Ok(Self { passed_over, odd, ..Self::of_rows(path, Layout::List, &rows) })
    }

    /// Reads the pictures that `list`, the `split.csv` of a run, names, relative to `path`: all of them,
    /// also those that are gone.
    ///
    /// # Errors
    /// As [`labels::read_own`].
    pub fn read_run_list(path: &Path, list: &Path) -> Result<Self> {
        let read = labels::read_own(list)?;
        check_splits(list, &read.rows)?;
        let rows: Vec<Labeled> = read.rows.into_iter().map(|(_, row)| row).collect();
        Ok(Self::of_rows(path, Layout::RunList, &rows))
    }

    /// The pictures of `rows`, whose paths are relative to `path`, by part, with the classes of all.
    fn of_rows(path: &Path, layout: Layout, rows: &[Labeled]) -> Self {
        let classes: BTreeSet<&String> = rows.iter().map(|row| &row.label).collect();
        let classes: Vec<String> = classes.into_iter().cloned().collect();
        let parts: BTreeSet<Option<Part>> = rows.iter().map(|row| row.part).collect();
        let folder = |part: Option<Part>| {
            let sample = |row: &Labeled| {
                let label = classes.binary_search(&row.label).unwrap_or_default();
                Sample { path: path.join(&row.path), label }
            };
            let mut samples: Vec<Sample> =
                rows.iter().filter(|row| row.part == part).map(sample).collect();
            samples.sort_by(|a, b| (a.label, &a.path).cmp(&(b.label, &b.path)));
            Folder { path: path.to_owned(), name: name_of(part), classes: classes.clone(), samples }
        };
        Self {
            path: path.to_owned(),
            layout,
            folders: parts.into_iter().map(folder).collect(),
            passed_over: PassedOver::default(),
            odd: Vec::new(),
        }
    }

    /// Reads the pictures of the data set at `path` by name: those in a folder of that name, those
    /// of a part, or [`ALL`]. Also returns what was passed over.
    ///
    /// # Errors
    /// As [`Parts::read`], unless there is a folder of that name; and if there is no such part.
    pub fn read_named(
        path: &Path,
        list: Option<&Path>,
        name: &str,
        skip_bad: bool,
    ) -> Result<(Folder, PassedOver)> {
        let found = match list {
            None => Self::read_folder(&archive::unpacked(path)?, name)?,
            Some(_) => None,
        };
        found.map_or_else(|| Self::read(path, list, skip_bad)?.named(name), Ok)
    }

    /// Reads the folder `name`, or that of the part, in the data set's folder `path`; `None` if there is
    /// no such folder with class folders.
    ///
    /// # Errors
    /// As [`Folder::read`].
    pub fn read_folder(path: &Path, name: &str) -> Result<Option<(Folder, PassedOver)>> {
        if !path.is_dir() {
            return Ok(None);
        }
        let root = Root::open(path)?;
        let part = root.parts.into_iter().find(|(part, _)| Part::named(name) == Some(*part));
        let folders = Walk::default().entries(&root.path)?.0.into_iter();
        let mut folders =
            part.map(|(_, folder)| folder).into_iter().chain(folders.filter(|f| f.ends_with(name)));
        let Some(folder) = folders.next() else { return Ok(None) };
        if Walk::default().entries(&folder)?.0.is_empty() {
            return Ok(None);
        }
        let ClassFolders { folder, passed_over, .. } = ClassFolders::read(&folder)?;
        Ok(Some((Folder { name: name.to_owned(), ..folder }, passed_over)))
    }

    /// The pictures of a part, or [`ALL`], by name. Also returns what was passed over.
    ///
    /// # Errors
    /// If the data set is not split, or has no such part.
    pub fn named(self, name: &str) -> Result<(Folder, PassedOver)> {
        if name == ALL {
            return Ok((self.all()?, self.passed_over));
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

    /// All pictures, with the classes of all parts.
    fn all(&self) -> Result<Folder> {
        let classes: BTreeSet<&String> = self.folders.iter().flat_map(|f| &f.classes).collect();
        let classes: Vec<String> = classes.into_iter().cloned().collect();
        let mut samples = Vec::new();
        for folder in &self.folders {
            samples.extend(folder.clone().with_classes(&classes, "all pictures")?.samples);
        }
        samples.sort_by(|a, b| (a.label, &a.path).cmp(&(b.label, &b.path)));
        Ok(Folder { path: self.path.clone(), name: ALL.to_owned(), classes, samples })
    }
}

/// Checks that all rows of `list` have a split, or none.
fn check_splits(list: &Path, rows: &[(u64, Labeled)]) -> Result<()> {
    let without = rows.iter().find(|(_, row)| row.part.is_none());
    let (Some((line, _)), Some(_)) = (without, rows.iter().find(|(_, row)| row.part.is_some()))
    else {
        return Ok(());
    };
    fault!(
        DataSet,
        "expected a split in every line of {} or in none, found none in line {line}; try completing the column",
        shown(list)
    )
}

/// The name of a part's folder, or of the one of all pictures.
fn name_of(part: Option<Part>) -> String {
    part.map_or(ALL, Part::name).to_owned()
}
