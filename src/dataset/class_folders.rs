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
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The names of the folders in each class folder, by class.
type Inner = BTreeMap<String, BTreeSet<String>>;

/// The class folders in a folder.
#[derive(Debug)]
pub struct ClassFolders {
    /// The classes and their pictures.
    pub folder: Folder,
    /// Entries that are not used.
    pub passed_over: PassedOver,
    /// What may be right but is odd, in a sentence.
    pub odd: Option<String>,
}

impl ClassFolders {
    /// Reads the class folders in `path`; see [`Folder::read`]. A folder that has several of those beside
    /// it once more is passed over.
    ///
    /// # Errors
    /// As [`Folder::read`]; the error about missing class folders says what there is instead. If the
    /// folders are parts, pieces or copies of a data set, or pictures and annotations.
    pub fn read(path: &Path) -> Result<Self> {
        let (folders, files) = Walk::default().entries(path)?;
        let unlabeled = if folders.is_empty() { count_pictures(&files)? } else { 0 };
        ensure_or!(
            DataSet,
            unlabeled == 0,
            "expected class folders in {}, found {} pictures without labels; try one folder per class, `labels` with a CSV, or petite prepare for names like Kaggle's (cat.0.jpg)",
            path.display(),
            with_thousands(unlabeled as i64)
        );
        let (mut folder, mut passed_over) = Folder::read(path)?;
        let mut classes = inner_folders(&folder);
        let is_nested = |(class, inner): &(&String, &BTreeSet<String>)| {
            classes.keys().filter(|other| other != class && inner.contains(*other)).count() > 1
        };
        let nested: Vec<String> =
            classes.iter().filter(is_nested).map(|(c, _)| c.clone()).collect();
        if !nested.is_empty() {
            let is_kept = |class: &String| !nested.contains(class);
            let samples = folder.samples.iter().filter(|one| is_kept(&folder.classes[one.label]));
            let kept: Vec<String> = folder.classes.iter().filter(|c| is_kept(c)).cloned().collect();
            folder = folder.with_samples(samples.cloned().collect()).with_classes(&kept, "all")?;
            classes.retain(|class, _| is_kept(class));
            nested.iter().for_each(|class| passed_over.add(path.join(class), Why::Nested));
        }
        check_parts(path, &classes)?;
        check_contents(path, &folder.classes)?;
        let names: Vec<String> = classes.keys().cloned().collect();
        ensure_or!(
            DataSet,
            !folder_name::are_pieces(&names),
            "expected one folder per class in {}, found {}, named like pieces of one set; try `labels` with a CSV, or other names if they are classes",
            path.display(),
            listed(&names)
        );
        Ok(Self { folder, passed_over, odd: same_folders(path, &classes)? })
    }
}

/// # Errors
/// If there is a data set in one of the `classes` of `path`, or they seem to be parts of one.
fn check_parts(path: &Path, classes: &Inner) -> Result<()> {
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
    ensure_or!(
        DataSet,
        holding.is_none() && !are_parts(&mut classes.keys()),
        "expected class folders in {}, found {}, named like the parts of a data set; try naming its parts train, validation and test{of}, or other names if they are classes",
        path.display(),
        listed(&classes.keys().cloned().collect::<Vec<_>>())
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
fn same_folders(path: &Path, classes: &Inner) -> Result<Option<String>> {
    let Some(inner) = classes.values().find(|inner| inner.len() > 1) else { return Ok(None) };
    let same = classes.iter().filter(|(_, other)| *other == inner);
    let same: Vec<String> = same.map(|(class, _)| class.clone()).collect();
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
/// folder. Classes without pictures are left out.
fn inner_folders(folder: &Folder) -> Inner {
    let mut parents: BTreeMap<&String, BTreeSet<&Path>> = BTreeMap::new();
    for sample in &folder.samples {
        let class = &folder.classes[sample.label];
        let inner = sample.path.parent().and_then(|p| p.strip_prefix(folder.path.join(class)).ok());
        parents.entry(class).or_default().extend(inner);
    }
    let names = |parents: BTreeSet<&Path>| {
        let mut parents: Vec<Vec<_>> = parents.into_iter().map(|p| p.iter().collect()).collect();
        loop {
            let first = parents.iter().filter_map(|parent| parent.first());
            let names: BTreeSet<String> =
                first.map(|name| name.to_string_lossy().into_owned()).collect();
            if names.len() != 1 || parents.iter().any(Vec::is_empty) {
                return names;
            }
            for parent in &mut parents {
                parent.remove(0);
            }
        }
    };
    parents.into_iter().map(|(class, parents)| (class.clone(), names(parents))).collect()
}

/// Number of pictures among `files`.
///
/// # Errors
/// If one of them is there twice, with another label.
pub(super) fn count_pictures(files: &[PathBuf]) -> Result<usize> {
    let mut walk = Walk::default();
    files.iter().try_fold(0, |count, file| Ok(count + usize::from(walk.is_new_picture(file, 0)?)))
}
