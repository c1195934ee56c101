//! Archives of pictures, unpacked into the user's cache.

use super::staging::Staging;
use super::unpack::Kind;
use crate::error::fault;
use crate::pictures::walk::Walk;
use crate::temporary::{self, Lock};
use crate::user_folders;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use twox_hash::XxHash3_64;

/// Attempts to keep a copy before another process removes it.
const TRIES: usize = 10;

/// `path` itself if it is a folder; if it is an archive, the folder in the cache that it is
/// unpacked to. An archive that is unchanged since an earlier call is not unpacked again. A single
/// folder at the top of an archive is entered. No other process removes the folder while this one
/// lives.
///
/// # Errors
/// If there is nothing at `path`, it is neither a folder nor an archive, or it cannot be unpacked.
pub fn unpacked(path: &Path) -> Result<PathBuf> {
    if !path.is_file() {
        return Ok(path.to_owned());
    }
    let Some(kind) = Kind::of(path) else {
        fault!(
            DataSet,
            "expected a folder or an archive (.zip, .tar, .tar.gz, .tgz) at {}, found another file; try `labels` for a CSV",
            path.display()
        );
    };
    let cannot_read = || format!("cannot read {}", path.display());
    let absolute = path.canonicalize().with_context(cannot_read)?;
    let found = absolute.metadata().with_context(cannot_read)?;
    let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()];
    let state = format!("{} {times:?}", found.size());
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let hash = |bytes: &[u8]| format!("{:016x}", XxHash3_64::oneshot(bytes));
    let prefix = format!("{stem}-{}", hash(absolute.as_os_str().as_encoded_bytes()));
    let folder = user_folders::cache().join("archives");
    let to = folder.join(format!("{prefix}-{}", hash(state.as_bytes())));
    for _ in 0..TRIES {
        if keep(&to) {
            break;
        }
        let staging = Staging::beside(&to)?;
        kind.unpack(&absolute, staging.path())
            .with_context(|| format!("cannot unpack {}", path.display()))?;
        match staging.rename_to(&to) {
            // Another process may have unpacked it meanwhile.
            Err(error) if !to.is_dir() => return Err(error),
            _ => remove_older(&folder, &prefix, &to),
        }
    }
    single_folder(to)
}

/// Locks an unpacked archive against removal as long as this process lives. `false` if there is none
/// at `path`. Does nothing on a file system without locks.
fn keep(path: &Path) -> bool {
    static KEPT: Mutex<BTreeMap<PathBuf, File>> = Mutex::new(BTreeMap::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if !kept.contains_key(path) {
        let Ok(folder) = File::open(path) else { return false };
        // Waits while another process unpacks or removes it.
        let _ = folder.lock_shared();
        kept.insert(path.to_owned(), folder);
    }
    let is_linked = |folder: &File| folder.metadata().is_ok_and(|found| found.nlink() > 0);
    let is_there = kept.get(path).is_some_and(is_linked) && path.is_dir();
    if !is_there {
        kept.remove(path);
    }
    is_there
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
        if Lock::exclusive(&opened) == Lock::Taken
            && let Ok((temporary, _lock)) = temporary::folder_in(folder)
        {
            // Renamed, so that half of it is not taken for the whole should this process be killed.
            let _ = std::fs::rename(entry.path(), temporary.path());
        }
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
