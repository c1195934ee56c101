//! Finds the picture files in a folder and its subfolders.

use super::format;
use super::identity::{Identities, Identity, real};
use super::output::is_output;
use super::passed_over::{PassedOver, Why};
use crate::error::fault;
use crate::text::shown::shown;
use anyhow::{Context, Result};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes by which a file without a known extension is recognized as a picture.
const START: usize = 64;

/// Folders that operating systems and archive programs leave beside people's files.
const SYSTEM_FOLDERS: [&str; 5] =
    ["__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"];

/// Walks folders. One walk returns each file and each folder once, whatever links lead to it.
#[derive(Debug, Default)]
pub struct Walk {
    /// The folders walked so far, and those that a link must not lead back to, without links.
    folders: HashSet<PathBuf>,
    /// The files returned so far, with their labels.
    files: HashMap<Identity, (PathBuf, usize)>,
    identities: Identities,
    /// What was found and not returned.
    pub passed_over: PassedOver,
}

impl Walk {
    /// Excludes `folder` and the folders above it from being reached through a link.
    pub fn reserve(&mut self, folder: &Path) {
        self.folders.extend(real(folder).ancestors().map(Path::to_owned));
    }

    /// The subfolders and the other entries of `folder`, both sorted by name, without hidden ones,
    /// those of the operating system and folders that petite wrote.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn entries(&mut self, folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
        let cannot_read = || format!("cannot read the folder {}", folder.display());
        let (mut folders, mut others) = (Vec::new(), Vec::new());
        for entry in std::fs::read_dir(folder).with_context(cannot_read)? {
            let entry = entry.with_context(cannot_read)?;
            let (name, path) = (entry.file_name(), entry.path());
            let is_folder = match entry.file_type().with_context(cannot_read)? {
                kind if kind.is_symlink() => path.is_dir(),
                kind => kind.is_dir(),
            };
            let is_hidden = name.as_encoded_bytes().starts_with(b".")
                || SYSTEM_FOLDERS.iter().any(|known| name == *known);
            if is_hidden {
                self.passed_over.add(path, Why::Hidden);
            } else if is_folder && is_output(&path) {
                self.passed_over.add(path, Why::Output);
            } else if is_folder {
                folders.push(path);
            } else {
                others.push(path);
            }
        }
        folders.sort();
        others.sort();
        Ok((folders, others))
    }

    /// The pictures in `folder` and its subfolders, sorted by path. `label` is their class's.
    ///
    /// # Errors
    /// If a folder cannot be read, or a file was already found with another label.
    pub fn pictures(&mut self, folder: &Path, label: usize) -> Result<Vec<PathBuf>> {
        self.reserve(folder);
        let mut found = Vec::new();
        self.collect(folder, label, &mut found)?;
        found.sort();
        Ok(found)
    }

    fn collect(&mut self, folder: &Path, label: usize, found: &mut Vec<PathBuf>) -> Result<()> {
        let (folders, files) = self.entries(folder)?;
        for path in files {
            if self.is_new_picture(&path, label)? {
                found.push(path);
            }
        }
        for folder in folders {
            if self.folders.insert(real(&folder)) {
                self.collect(&folder, label, found)?;
            } else {
                self.passed_over.add(folder, Why::Repeated);
            }
        }
        Ok(())
    }

    /// Whether `path` is a picture and not yet found.
    ///
    /// # Errors
    /// If it was already found with another label.
    pub fn is_new_picture(&mut self, path: &Path, label: usize) -> Result<bool> {
        // A link to a missing file is a bad picture if its name is a picture's.
        let metadata = path.metadata().ok();
        let why = match &metadata {
            Some(metadata) if !metadata.is_file() => Some(Why::Special),
            _ => (!is_picture(path)).then_some(Why::NoPicture),
        };
        if let Some(why) = why {
            self.passed_over.add(path.to_owned(), why);
            return Ok(false);
        }
        let Some(metadata) = metadata else { return Ok(true) };
        let identity = self.identities.of(path, Some(&metadata));
        let (first, of) = self.files.entry(identity).or_insert_with(|| (path.to_owned(), label));
        if first == path {
            return Ok(true);
        }
        if *of != label {
            fault!(
                DataSet,
                "expected every picture in one class, found {} and {} to be the same file; try removing one",
                shown(first),
                shown(path)
            );
        }
        self.passed_over.add(path.to_owned(), Why::Repeated);
        Ok(false)
    }
}

/// Whether a file is to be used as a picture: by its extension, otherwise by its first bytes.
fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let known = |found: &str| format::EXTENSIONS.iter().any(|e| e.eq_ignore_ascii_case(found));
    if extension.is_some_and(known) {
        return true;
    }
    let mut start = Vec::with_capacity(START);
    let read = File::open(path).and_then(|file| file.take(START as u64).read_to_end(&mut start));
    read.is_ok() && format::is_picture(&start)
}
