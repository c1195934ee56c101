//! Class folders, and how to tell that folders are not classes.

use super::folder_name::{self, Content};
use super::part::Part;
use crate::error::{ensure_or, fault};
use crate::pictures::folder::Folder;
use crate::pictures::passed_over::{PassedOver, Why};
use crate::pictures::walk::Walk;
use crate::text::numbers::{listed, with_thousands};
use crate::text::shown::shown;
use anyhow::Result;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The class folders in a folder.
#[derive(Debug)]
pub struct ClassFolders {
    /// The classes and their pictures.
    pub folder: Folder,
    /// Entries that are not used.
    pub passed_over: PassedOver,
    /// What may be right but is odd, one sentence each.
    pub odd: Vec<String>,
}

impl ClassFolders {
    /// Reads the class folders in `path`; see [`Folder::read`]. A folder that has those beside it once
    /// more is passed over.
    ///
    /// # Errors
    /// As [`Folder::read`]; the error about missing class folders says what there is instead. If the
    /// folders are parts, pieces or copies of a data set, or pictures and annotations.
    pub fn read(path: &Path) -> Result<Self> {
        let (folders, files) = Walk::default().entries(path)?;
        let unlabeled = if folders.is_empty() { count_pictures(&files)? } else { 0 };
        ensure_or!(DataSet, unlabeled == 0, "{}", no_labels(path, unlabeled));
        let (folder, passed_over) = Folder::read(path)?;
        let mut found = Self { folder, passed_over, odd: Vec::new() };
        found.drop_nested();
        found.check()?;
        Ok(found)
    }

    /// Leaves out folders that have several of the folders beside them in them.
    fn drop_nested(&mut self) {
        let inner = inner_folders(&self.folder);
        let classes = self.folder.classes_with(true);
        let repeats = |class: &String, inner: &BTreeSet<String>| {
            classes.iter().filter(|other| *other != class && inner.contains(*other)).count() > 1
        };
        let nested: Vec<bool> = self
            .folder
            .classes
            .iter()
            .zip(&inner)
            .map(|(class, inner)| repeats(class, inner))
            .collect();
        if !nested.contains(&true) {
            return;
        }
        let Folder { path, name, classes, samples } = self.folder.clone();
        let mut labels = Vec::with_capacity(classes.len());
        let mut kept = Vec::new();
        for (class, nested) in classes.into_iter().zip(&nested) {
            labels.push(kept.len());
            match nested {
                true => self.passed_over.add(path.join(class), Why::Nested),
                false => kept.push(class),
            }
        }
        let samples = samples
            .into_iter()
            .filter(|sample| !nested[sample.label])
            .map(|mut sample| {
                sample.label = labels[sample.label];
                sample
            })
            .collect();
        self.folder = Folder { path, name, classes: kept, samples };
    }

    fn check(&mut self) -> Result<()> {
        let Folder { path, classes, .. } = &self.folder;
        let inner = classes.iter().zip(inner_folders(&self.folder));
        let used: Vec<(&String, BTreeSet<String>)> = inner
            .zip(self.folder.counts())
            .filter_map(|(class, count)| (count > 0).then_some(class))
            .collect();
        check_parts(path, &used)?;
        check_contents(path, classes)?;
        let names: Vec<String> = used.iter().map(|(class, _)| (*class).clone()).collect();
        ensure_or!(
            DataSet,
            !folder_name::are_pieces(&names),
            "expected one folder per class in {}, found {}, named like pieces of one set; try `labels` with a CSV, or other names if they are classes",
            path.display(),
            listed(&names)
        );
        let odd = same_folders(path, &used)?;
        self.odd.extend(odd);
        Ok(())
    }
}

/// # Errors
/// If there is a data set in one of the `classes` of `path`, or they seem to be parts of one.
fn check_parts(path: &Path, classes: &[(&String, BTreeSet<String>)]) -> Result<()> {
    let are_parts = |names: &mut dyn Iterator<Item = &String>| {
        let parts: BTreeSet<Part> = names.filter_map(|name| folder_name::part(name)).collect();
        parts.len() > 1 && parts.contains(&Part::Train)
    };
    if let Some((class, inner)) = classes.iter().find(|(_, inner)| are_parts(&mut inner.iter())) {
        fault!(
            DataSet,
            "expected class folders in {}, found a data set of its own in {} ({}); try `data` {}, or folders train, validation and test with the class folders in them",
            path.display(),
            shown(Path::new(class)),
            listed(&inner.iter().cloned().collect::<Vec<_>>()),
            shown(&path.join(class))
        );
    }
    let holding =
        classes.iter().find(|(class, inner)| folder_name::part(class).is_some() && inner.len() > 1);
    let of = holding.map_or(String::new(), |(class, _)| {
        format!(", `data` {} for one of them", shown(&path.join(class)))
    });
    let names = || classes.iter().map(|(class, _)| *class);
    ensure_or!(
        DataSet,
        holding.is_none() && !are_parts(&mut names()),
        "expected class folders in {}, found {}, named like the parts of a data set; try naming its parts train, validation and test{of}, or other names if they are classes",
        path.display(),
        listed(&names().cloned().collect::<Vec<_>>())
    );
    Ok(())
}

/// # Errors
/// If the folders in `path` are those of pictures and of annotations.
fn check_contents(path: &Path, folders: &[String]) -> Result<()> {
    let contents: Vec<_> = folders.iter().map(|name| folder_name::content(name)).collect();
    let all = [Content::Pictures, Content::Annotations];
    ensure_or!(
        DataSet,
        contents.contains(&None) || !all.iter().all(|content| contents.contains(&Some(*content))),
        "expected one folder per class in {}, found pictures and annotations in {}; try `labels` with a CSV of a class for each picture",
        path.display(),
        listed(folders)
    );
    Ok(())
}

/// What is odd about `classes` that have the same folders in them.
///
/// # Errors
/// If all have.
fn same_folders(path: &Path, classes: &[(&String, BTreeSet<String>)]) -> Result<Option<String>> {
    let Some((_, inner)) = classes.iter().find(|(_, inner)| inner.len() > 1) else {
        return Ok(None);
    };
    let same = classes.iter().filter(|(_, other)| other == inner);
    let same: Vec<String> = same.map(|(class, _)| (*class).clone()).collect();
    if same.len() == 1 {
        return Ok(None);
    }
    let text = format!(
        "expected one folder per class in {}, found the same folders in {}: {}; try `data` {} if these are the classes, or `labels` with a CSV",
        path.display(),
        listed(&same),
        listed(&inner.iter().cloned().collect::<Vec<_>>()),
        shown(&path.join(&same[0]))
    );
    ensure_or!(DataSet, same.len() < classes.len(), "{text}");
    Ok(Some(text))
}

/// The names of the folders in each class folder that have pictures, where necessary below a single
/// folder.
fn inner_folders(folder: &Folder) -> Vec<BTreeSet<String>> {
    let mut parents: Vec<BTreeSet<&Path>> = vec![BTreeSet::new(); folder.classes.len()];
    for sample in &folder.samples {
        let class = folder.path.join(&folder.classes[sample.label]);
        let inner = sample.path.parent().and_then(|parent| parent.strip_prefix(class).ok());
        parents[sample.label].extend(inner);
    }
    let names = |parents: BTreeSet<&Path>| {
        let mut parents: Vec<Vec<_>> =
            parents.into_iter().map(|parent| parent.iter().collect()).collect();
        loop {
            let names: BTreeSet<String> = parents
                .iter()
                .filter_map(|parent| Some(parent.first()?.to_string_lossy().into_owned()))
                .collect();
            let is_single = names.len() == 1 && parents.iter().all(|parent| !parent.is_empty());
            if !is_single {
                return names;
            }
            for parent in &mut parents {
                parent.remove(0);
            }
        }
    };
    parents.into_iter().map(names).collect()
}

fn count_pictures(files: &[PathBuf]) -> Result<usize> {
    let mut walk = Walk::default();
    let mut count = 0;
    for file in files {
        count += usize::from(walk.is_new_picture(file, 0)?);
    }
    Ok(count)
}

fn no_labels(folder: &Path, pictures: usize) -> String {
    format!(
        "expected class folders in {}, found {} pictures without labels; try one folder per class, `labels` with a CSV, or petite prepare for names like Kaggle's (cat.0.jpg)",
        folder.display(),
        with_thousands(pictures as i64)
    )
}
