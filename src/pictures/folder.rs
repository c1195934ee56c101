//! Lists the samples of a split: picture files and their classes, from a folder of class folders.

use crate::error::{ensure_or, fault};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Extensions of picture files: those of Keras's `flow_from_directory`, and more. Only JPEGs can be
/// decoded; the others are reported as bad pictures rather than silently skipped.
const PICTURE_EXTENSIONS: [&str; 10] =
    ["jpg", "jpeg", "jpe", "png", "bmp", "ppm", "tif", "tiff", "gif", "webp"];

/// A picture file and its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The file.
    pub path: PathBuf,
    /// Index into [`Folder::classes`].
    pub label: usize,
}

/// The picture files of a split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// The folder, which has one folder per class.
    pub path: PathBuf,
    /// Sorted names of the class folders; a class's index is its label (cats 0, dogs 1).
    pub classes: Vec<String>,
    /// Sorted by label, then path.
    pub samples: Vec<Sample>,
}

impl Folder {
    /// Reads `path/<class>/…/*.jpg`, including subfolders as Keras does. Hidden files and files
    /// without a picture's extension are skipped.
    ///
    /// # Errors
    /// If the folder is missing or unreadable or has fewer than two class folders, or if a class
    /// folder has no pictures or a name that is not UTF-8.
    pub fn read(path: &Path) -> Result<Self> {
        ensure_or!(
            DataSet,
            path.is_dir(),
            "expected a folder of class folders at {}, found {}",
            path.display(),
            if path.exists() { "a file" } else { "nothing" }
        );
        let mut classes = Vec::new();
        for entry in sorted_entries(path)? {
            if entry.is_dir() {
                match entry.file_name().and_then(|name| name.to_str()) {
                    Some(name) => classes.push(name.to_owned()),
                    None => fault!(
                        DataSet,
                        "expected a class name in UTF-8, found {}; try renaming it",
                        entry.display()
                    ),
                }
            }
        }
        ensure_or!(
            DataSet,
            classes.len() >= 2,
            "expected at least two class folders in {}, found {}; try one folder per class, such as cats and dogs",
            path.display(),
            if classes.is_empty() { "none".to_owned() } else { format!("only {}", classes[0]) }
        );
        let mut samples = Vec::new();
        for (label, class) in classes.iter().enumerate() {
            let before = samples.len();
            collect_pictures(&path.join(class), label, &mut samples)?;
            ensure_or!(
                DataSet,
                samples.len() > before,
                "expected pictures in {}, found none; try adding JPEGs, or removing the folder",
                path.join(class).display()
            );
        }
        Ok(Self { path: path.to_owned(), classes, samples })
    }

    /// Reads the folder `data/split`. If `classes` is given, the split must have these classes.
    ///
    /// # Errors
    /// As [`Folder::read`], and if the classes differ.
    pub fn read_split(data: &Path, split: &str, classes: Option<&[String]>) -> Result<Self> {
        let folder = Self::read(&data.join(split))?;
        if let Some(classes) = classes
            && folder.classes != classes
        {
            fault!(
                DataSet,
                "expected the classes {} in {}, found {}; try giving every split the same class folders",
                classes.join(", "),
                folder.path.display(),
                folder.classes.join(", ")
            );
        }
        Ok(folder)
    }
}

/// Appends the pictures in `folder` and its subfolders to `samples`, sorted by path and with the
/// label `label`.
///
/// # Errors
/// If a folder cannot be read.
pub fn collect_pictures(folder: &Path, label: usize, samples: &mut Vec<Sample>) -> Result<()> {
    for path in sorted_entries(folder)? {
        if path.is_dir() {
            collect_pictures(&path, label, samples)?;
        } else if is_picture(&path) {
            samples.push(Sample { path, label });
        }
    }
    Ok(())
}

/// The paths in a folder that are not hidden, sorted by name.
fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let cannot_read = || format!("cannot read the folder {}", folder.display());
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(cannot_read)? {
        let entry = entry.with_context(cannot_read)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            entries.push(entry.path());
        }
    }
    entries.sort();
    Ok(entries)
}

fn is_picture(path: &Path) -> bool {
    path.extension().and_then(|extension| extension.to_str()).is_some_and(|found| {
        PICTURE_EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(found))
    })
}
