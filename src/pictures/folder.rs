//! A folder of class folders, read as samples: which files are pictures, and of which class.

use crate::error::{ensure_or, fault};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Endings by which a file counts as a picture, the ones Keras's `flow_from_directory` takes and
/// two more. Only JPEGs can be decoded; the others are named as bad pictures rather than dropped.
const PICTURE_EXTENSIONS: [&str; 10] =
    ["jpg", "jpeg", "jpe", "png", "bmp", "ppm", "tif", "tiff", "gif", "webp"];

/// One picture file and the index of its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    pub path: PathBuf,
    /// Index into [`Folder::classes`].
    pub label: usize,
}

/// The pictures of one split: class names sorted, and samples sorted by class, then path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    pub path: PathBuf,
    /// Sorted names of the class folders; a class's index is its label (cats 0, dogs 1).
    pub classes: Vec<String>,
    pub samples: Vec<Sample>,
}

impl Folder {
    /// Reads `path/<class>/…/*.jpg`, going into sub-folders as Keras does. Hidden files and files
    /// that do not look like pictures are passed over.
    ///
    /// # Errors
    /// If the folder is missing or unreadable, holds fewer than two class folders, or one of them
    /// has no picture.
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
                let name = entry.file_name().and_then(|name| name.to_str());
                let name = name.with_context(|| {
                    format!("expected a class name in UTF-8, found {}", entry.display())
                })?;
                classes.push(name.to_owned());
            }
        }
        ensure_or!(
            DataSet,
            classes.len() >= 2,
            "expected at least two class folders in {}, found {}; try one folder a class, such as cats and dogs",
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

    /// Reads the split `split` of the data set `data` and checks that it has the classes `classes`.
    ///
    /// # Errors
    /// As [`Folder::read`], and if the class names differ.
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

/// Adds the pictures below `folder` to `samples`, sorted by path, with the label `label`.
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

/// The entries of a folder that are not hidden, sorted by name.
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
