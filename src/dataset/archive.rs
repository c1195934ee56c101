//! Archives of pictures, unpacked into the user's cache.

use super::inventory;
use super::staging::Staging;
use super::unpack::Kind;
use crate::error::fault;
use crate::files::temporary::{self, Lock};
use crate::files::user_folders;
use crate::pictures::walk::Walk;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use twox_hash::XxHash3_64;

/// Attempts to keep a copy before another process removes it.
const TRIES: usize = 10;

/// In what an archive is unpacked to: the folder of its files, and the list of them.
const FILES: &str = "files";
const LIST: &str = "files.json";

/// `path` itself if it is a folder; if it is an archive, the folder in the cache that it is
/// unpacked to. An archive that is unchanged since an earlier call is not unpacked again, unless the
/// files have changed. A single folder at the top of an archive is entered. No other process removes
/// the folder while this one lives.
///
/// # Errors
/// If there is nothing at `path`, it is neither a folder nor an archive, or it cannot be unpacked.
pub fn unpacked(path: &Path) -> Result<PathBuf> {
    unpacked_in(&user_folders::cache().join("archives"), path)
}

/// As [`unpacked`], in a folder of one's own for what archives are unpacked to.
///
/// # Errors
/// As [`unpacked`].
pub fn unpacked_in(folder: &Path, path: &Path) -> Result<PathBuf> {
    if !path.is_file() {
        return Ok(path.to_owned());
    }
    let kind = Kind::of(path)?;
    let cannot_read = || format!("cannot read {}", path.display());
    let absolute = path.canonicalize().with_context(cannot_read)?;
    let found = absolute.metadata().with_context(cannot_read)?;
    let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()];
    let state = format!("{} {times:?}", found.size());
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let hash = |bytes: &[u8]| format!("{:016x}", XxHash3_64::oneshot(bytes));
    let prefix = format!("{stem}-{}", hash(absolute.as_os_str().as_encoded_bytes()));
    let to = folder.join(format!("{prefix}-{}", hash(state.as_bytes())));
    let is_intact = || inventory::is_intact(&to.join(LIST), &to.join(FILES));
    for _ in 0..TRIES {
        if keep(&to) && is_intact() {
            return single_folder(to.join(FILES));
        }
        let staging = Staging::beside(&folder.join(&prefix))?;
        let files = staging.path().join(FILES);
        std::fs::create_dir(&files).with_context(|| format!("cannot write {}", files.display()))?;
        let list = kind
            .unpack(&absolute, &files)
            .with_context(|| format!("cannot unpack {}", path.display()))?;
        inventory::write(&staging.path().join(LIST), list)?;
        // Another process may have unpacked it meanwhile.
        if to.exists() && !is_intact() {
            remove(&to, folder);
        }
        match staging.rename_to(&to) {
            Err(error) if !to.is_dir() => return Err(error),
            _ => remove_older(folder, &prefix, &to),
        }
    }
    fault!(
        DataSet,
        "expected {} to stay as it was unpacked, found it changed; try another PETITE_CACHE",
        to.display()
    )
}

/// Locks an unpacked archive against removal as long as this process lives. `false` if there is none
/// at `path`. Does nothing on a file system without locks.
fn keep(path: &Path) -> bool {
    static KEPT: Mutex<BTreeMap<PathBuf, File>> = Mutex::new(BTreeMap::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let id = |found: Metadata| (found.dev(), found.ino());
    let is_there = |folder: &File| {
        let (kept, now) = (folder.metadata().map(id), path.metadata().map(id));
        kept.is_ok_and(|kept| now.is_ok_and(|now| kept == now))
    };
    if !kept.get(path).is_some_and(is_there) {
        kept.remove(path);
        let Ok(folder) = File::open(path) else { return false };
        // Waits while another process unpacks or removes it.
        let _ = folder.lock_shared();
        kept.insert(path.to_owned(), folder);
    }
    kept.get(path).is_some_and(is_there)
}

/// Removes what an archive of other contents at the same path was unpacked to, unless a process
/// uses it.
fn remove_older(folder: &Path, prefix: &str, newest: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_older = entry.file_name().to_string_lossy().starts_with(prefix);
        if !is_older || entry.path() == newest {
            continue;
        }
        let Ok(opened) = File::open(entry.path()) else { continue };
        if Lock::exclusive(&opened) == Lock::Taken {
            remove(&entry.path(), folder);
        }
    }
}

/// Removes what an archive was unpacked to. Failures are ignored.
fn remove(path: &Path, folder: &Path) {
    if let Ok((temporary, _lock)) = temporary::folder_in(folder) {
        // Renamed, so that it is gone at once, whenever this process should be killed.
        let _ = std::fs::rename(path, temporary.path());
    }
}

/// Enters `folder` as long as it has nothing but one folder, hidden entries aside.
fn single_folder(folder: PathBuf) -> Result<PathBuf> {
    let mut folder = folder;
    loop {
        let (folders, files) = Walk::default().entries(&folder)?;
        match &folders[..] {
            [only] if files.is_empty() => folder = only.clone(),
            _ => return Ok(folder),
        }
    }
}
