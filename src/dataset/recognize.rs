//! Recognizes what a data set's folder contains.

use super::class_folders::count_pictures;
use super::folder_name::{self, Content};
use super::labels;
use super::part::Part;
use crate::error::{ensure_or, fault};
use crate::pictures::passed_over::{PassedOver, Why};
use crate::pictures::walk::Walk;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// The list of labels in the folder `path`, if it is the only CSV there.
///
/// # Errors
/// If the folder cannot be read.
pub fn own_list(path: &Path) -> Result<Option<PathBuf>> {
    let (_, mut files) = Walk::default().entries(path)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "csv"));
    Ok(files.pop().filter(|file| files.is_empty() && labels::is_list(file)))
}

/// Where a data set's class folders are.
#[derive(Debug, Default)]
pub struct Root {
    /// The folder of the class folders, or of the parts' folders: the data set's, or one inside it.
    pub path: PathBuf,
    /// The folders of class folders of its parts, in the order of [`Part::ALL`]; none if it has only
    /// class folders.
    pub parts: Vec<(Part, PathBuf)>,
    /// What lies beside them.
    pub passed_over: PassedOver,
}

impl Root {
    /// Looks for the parts or the class folders in `path`. A folder with a single folder in it is
    /// entered, and so is the folder of pictures beside one of annotations.
    ///
    /// # Errors
    /// If a folder cannot be read, or two folders are the same part.
    pub fn open(path: &Path) -> Result<Self> {
        ensure_or!(
            DataSet,
            path.is_dir(),
            "expected a data set at {}, found {}",
            path.display(),
            if path.exists() { "a file" } else { "nothing" }
        );
        let mut root = Self { path: path.to_owned(), ..Self::default() };
        loop {
            let mut walk = Walk::default();
            let (folders, files) = walk.entries(&root.path)?;
            let parts = part_folders(&root.path, &folders)?;
            if parts.is_empty() {
                let Some(inner) = inner(&folders, &files)? else { return Ok(root) };
                root.pass_over(walk, folders, files, &|path| *path == inner);
                root.path = inner;
                continue;
            }
            root.pass_over(walk, folders, files, &|path| {
                parts.iter().any(|(_, part)| part == path)
            });
            let mut classes = Vec::new();
            for (part, folder) in parts {
                let folder = root.enter(folder, &classes)?;
                if part == Part::Train {
                    classes = Walk::default().entries(&folder)?.0;
                }
                root.parts.push((part, folder));
            }
            return Ok(root);
        }
    }

    /// The folder of class folders in that of a part, which are called like the training pictures'
    /// `classes`.
    fn enter(&mut self, mut folder: PathBuf, classes: &[PathBuf]) -> Result<PathBuf> {
        loop {
            let mut walk = Walk::default();
            let (folders, files) = walk.entries(&folder)?;
            let is_class =
                |inner: &Path| classes.iter().any(|c| c.file_name() == inner.file_name());
            let Some(inner) = inner(&folders, &files)?.filter(|inner| !is_class(inner)) else {
                return Ok(folder);
            };
            self.pass_over(walk, folders, files, &|path| *path == inner);
            folder = inner;
        }
    }

    fn pass_over(
        &mut self,
        walk: Walk,
        folders: Vec<PathBuf>,
        files: Vec<PathBuf>,
        is_used: &dyn Fn(&PathBuf) -> bool,
    ) {
        self.passed_over.append(walk.passed_over);
        let beside = folders.into_iter().chain(files).filter(|path| !is_used(path));
        beside.for_each(|path| self.passed_over.add(path, Why::Beside));
    }
}

/// Those of the `folders` in `path` that are parts of a data set, in the order of [`Part::ALL`]; none if
/// they are classes. Folders called exactly like parts are, if one of them has folders in it or there
/// are no others. Of those that are called similarly, it must be certain: there are training pictures
/// and others, and no further folder has classes in it, or no further folder.
///
/// # Errors
/// If a folder cannot be read, or two folders are called exactly like one part.
fn part_folders(path: &Path, folders: &[PathBuf]) -> Result<Vec<(Part, PathBuf)>> {
    let mut exact: Vec<(Part, PathBuf)> = Vec::new();
    for folder in folders {
        let Some(part) = Part::named(&name(folder)) else { continue };
        if let Some((_, other)) = exact.iter().find(|(known, _)| *known == part) {
            fault!(
                DataSet,
                "expected one folder of {} pictures in {}, found {} and {}; try renaming one",
                part.name(),
                path.display(),
                other.display(),
                folder.display()
            );
        }
        exact.push((part, folder.clone()));
    }
    let is_split = any(exact.iter().map(|(_, folder)| folder), has_folders)?
        || (!exact.is_empty() && exact.len() == folders.len());
    let mut parts = exact;
    for part in Part::ALL {
        let mut similar: Vec<&PathBuf> = Vec::new();
        for folder in folders.iter().filter(|_| parts.iter().all(|(known, _)| *known != part)) {
            let is_part = folder_name::part(&name(folder)) == Some(part);
            if is_part && (!is_split || has_folders(folder)?) {
                similar.push(folder);
            }
        }
        if let [only] = similar[..] {
            parts.push((part, only.clone()));
        }
    }
    parts.sort();
    let train = parts.first().filter(|(part, _)| *part == Part::Train);
    let certain = match train {
        _ if is_split => true,
        Some((_, train)) if parts.len() > 1 => {
            let others = folders.iter().filter(|&f| parts.iter().all(|(_, part)| part != f));
            match has_folders(train)? {
                true => !any(others, has_classes)?,
                false => parts.len() == folders.len(),
            }
        }
        _ => false,
    };
    Ok(if certain { parts } else { Vec::new() })
}

/// The folder to enter in a folder with these `folders` and `files`: the only one, or the one beside
/// annotations, if it has folders in it.
fn inner(folders: &[PathBuf], files: &[PathBuf]) -> Result<Option<PathBuf>> {
    let content = |folder: &&PathBuf| folder_name::content(&name(folder));
    let (beside, others): (Vec<&PathBuf>, Vec<&PathBuf>) =
        folders.iter().partition(|f| folders.len() > 1 && content(f) == Some(Content::Annotations));
    let [only] = others[..] else { return Ok(None) };
    if !has_folders(only)? || count_pictures(files)? > 0 {
        return Ok(None);
    }
    let is_certain = content(&only) == Some(Content::Pictures)
        || !any(beside.into_iter(), |f| Ok(!Walk::default().pictures(f, 0)?.is_empty()))?;
    Ok(is_certain.then(|| only.clone()))
}

fn has_folders(folder: &Path) -> Result<bool> {
    Ok(!Walk::default().entries(folder)?.0.is_empty())
}

/// Whether there are several folders in `folder`, or in the single one in it.
fn has_classes(folder: &Path) -> Result<bool> {
    let (folders, _) = Walk::default().entries(folder)?;
    match &folders[..] {
        [] => Ok(false),
        [only] => has_classes(only),
        _ => Ok(true),
    }
}

fn any<'a>(
    mut folders: impl Iterator<Item = &'a PathBuf>,
    mut is: impl FnMut(&'a Path) -> Result<bool>,
) -> Result<bool> {
    folders.try_fold(false, |found, folder| Ok(found || is(folder)?))
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
