//! Recognizes what a data set's folder contains.

use super::labels;
use super::part::Part;
use crate::error::{ensure_or, fault};
use crate::numbers::with_thousands;
use crate::pictures::folder::Folder;
use crate::pictures::passed_over::PassedOver;
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

/// The folders of `path` that are parts of a data set, in the order of [`Part::ALL`]; none if it
/// has only class folders. A folder with a part's name and pictures of its own is a class's, unless
/// another is a part.
///
/// # Errors
/// If `path` cannot be read, two folders are the same part, or there is no training folder.
pub fn part_folders(path: &Path) -> Result<Vec<(Part, PathBuf)>> {
    ensure_or!(
        DataSet,
        path.is_dir(),
        "expected a data set at {}, found {}",
        path.display(),
        if path.exists() { "a file" } else { "nothing" }
    );
    let (folders, _) = Walk::default().entries(path)?;
    let part_of = |folder: &Path| Part::named(&folder.file_name()?.to_string_lossy());
    let others = folders.iter().filter(|folder| part_of(folder).is_none()).count();
    let mut parts: Vec<(Part, PathBuf)> = Vec::new();
    let mut has_class_folders = false;
    for folder in folders {
        let Some(part) = part_of(&folder) else { continue };
        has_class_folders |= !Walk::default().entries(&folder)?.0.is_empty();
        if let Some((_, other)) = parts.iter().find(|(known, _)| *known == part) {
            fault!(
                DataSet,
                "expected one folder of {} pictures in {}, found {} and {}; try renaming one",
                part.name(),
                path.display(),
                other.display(),
                folder.display()
            );
        }
        parts.push((part, folder));
    }
    // Folders of pictures are classes, unless all have names of parts, as Kaggle's.
    if !has_class_folders && others > 0 {
        return Ok(Vec::new());
    }
    parts.sort();
    if let Some((first, folder)) = parts.first() {
        ensure_or!(
            DataSet,
            *first == Part::Train,
            "expected a folder train beside {}, found none",
            folder.display()
        );
    }
    Ok(parts)
}

/// Reads the class folders in `path`; see [`Folder::read`].
///
/// # Errors
/// As [`Folder::read`]. The error about missing class folders says what there is instead.
pub fn class_folders(path: &Path) -> Result<(Folder, PassedOver)> {
    let (folders, files) = Walk::default().entries(path)?;
    let unlabeled = if folders.is_empty() { count_pictures(&files)? } else { 0 };
    ensure_or!(DataSet, unlabeled == 0, "{}", no_labels(path, unlabeled));
    Folder::read(path)
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
