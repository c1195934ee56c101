//! What an archive was unpacked to: a list of the files, by which later uses check them.

use crate::files::input_file;
use crate::pictures::pixel_file::Stamp;
use crate::{files::atomic_file, files::text_file};
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use twox_hash::XxHash3_64;

/// Longest list in bytes, some million files.
const LONGEST: u64 = 1 << 30;

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unpacked {
    /// Its path in the folder, its size and times.
    pub stamp: Stamp,
    /// XXH3 of its contents.
    pub checksum: u64,
}

/// Writes the list of `files` to `list`.
///
/// # Errors
/// If it cannot be written.
pub(super) fn write(list: &Path, mut files: Vec<Unpacked>) -> Result<()> {
    files.sort_by(|a, b| a.stamp.path.cmp(&b.stamp.path));
    atomic_file::write_bytes(list, &serde_json::to_vec(&files)?)
}

/// Whether the files in `folder` are those of `list`: no others, with the same sizes, and the same times
/// or else contents.
pub(super) fn is_intact(list: &Path, folder: &Path) -> bool {
    let listed = text_file::read(list, LONGEST).ok();
    let listed: Option<Vec<Unpacked>> = listed.and_then(|text| serde_json::from_str(&text).ok());
    let (Some(mut files), Ok(mut found)) = (listed, files_in(folder)) else { return false };
    found.sort();
    if !found.iter().eq(files.iter().map(|file| &file.stamp.path)) {
        return false;
    }
    let mut is_anew = false;
    for file in &mut files {
        let path = folder.join(&file.stamp.path);
        let stamp = Stamp::of(&path, folder);
        if stamp != file.stamp {
            // A link to it changes the times of a file, too.
            if stamp.size != file.stamp.size || checksum(&path).ok() != Some(file.checksum) {
                return false;
            }
            (file.stamp, is_anew) = (stamp, true);
        }
    }
    if is_anew {
        // Otherwise the contents are read again at the next use.
        let _ = write(list, files);
    }
    true
}

/// The paths of the files below `folder`, relative to it.
///
/// # Errors
/// If it cannot be read, or has anything but files and folders.
fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(inside) = folders.pop() {
        for entry in std::fs::read_dir(folder.join(&inside))? {
            let entry = entry?;
            let (kind, path) = (entry.file_type()?, inside.join(entry.file_name()));
            match kind {
                kind if kind.is_dir() => folders.push(path),
                kind if kind.is_file() => found.push(path),
                _ => return Err(io::Error::other("expected files and folders")),
            }
        }
    }
    Ok(found)
}

fn checksum(path: &Path) -> io::Result<u64> {
    let (mut file, mut hasher) = (input_file::open(path)?, XxHash3_64::new());
    let mut bytes = vec![0; 64 << 10];
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(std::hash::Hasher::finish(&hasher)),
            count => std::hash::Hasher::write(&mut hasher, &bytes[..count]),
        }
    }
}
