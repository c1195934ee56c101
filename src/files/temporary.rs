//! Files and folders being written: their names, their locks, and the removal of those that dead
//! processes left behind.

use crate::files::disk::explained;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;
use tempfile::{NamedTempFile, TempDir};

pub(crate) const PREFIX: &str = ".petite-";
/// Random characters after the prefix. Enough that [`sweep`] does not take a user's `.petite-…`
/// for one.
const RANDOM: usize = 12;
/// Random characters in file names before version 0.2.
const RANDOM_BEFORE: usize = 6;
/// Age at which a temporary file counts as left behind if its file system has no locks.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// What an attempt to lock a file or folder found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lock {
    /// It is locked now, until `file` and its duplicates are closed.
    Taken,
    /// Another open file holds a lock.
    Held,
    /// The file system has no locks.
    Unsupported,
}

impl Lock {
    /// Tries to lock `file` exclusively.
    pub fn exclusive(file: &File) -> Self {
        Self::of(file.try_lock())
    }

    fn of(outcome: Result<(), TryLockError>) -> Self {
        match outcome {
            Ok(()) => Self::Taken,
            Err(TryLockError::WouldBlock) => Self::Held,
            Err(TryLockError::Error(_)) => Self::Unsupported,
        }
    }
}

/// A new temporary file in `folder`, locked, readable for everyone the umask allows.
///
/// # Errors
/// If the folder cannot be written.
pub(crate) fn file_in(folder: &Path, suffix: &str) -> io::Result<NamedTempFile> {
    loop {
        let file = tempfile::Builder::new()
            .prefix(PREFIX)
            .rand_bytes(RANDOM)
            .suffix(suffix)
            .permissions(PermissionsExt::from_mode(0o666))
            .tempfile_in(folder)
            .map_err(|error| explained(error, folder))?;
        if is_ours(file.as_file(), file.path()) {
            return Ok(file);
        }
    }
}

/// Renames a temporary file to `to`, and returns it, still locked.
///
/// # Errors
/// If the rename fails; the file is removed then.
pub(crate) fn persist(file: NamedTempFile, to: &Path) -> io::Result<File> {
    let (file, path) = file.into_parts();
    std::fs::rename(&path, to)?;
    // Dropping it would try to remove the old name.
    let _ = path.keep();
    Ok(file)
}

/// A new temporary folder in `folder`, and the open folder that keeps it locked.
///
/// # Errors
/// If `folder` cannot be written.
pub(crate) fn folder_in(folder: &Path) -> io::Result<(TempDir, File)> {
    loop {
        let temporary = tempfile::Builder::new()
            .prefix(PREFIX)
            .rand_bytes(RANDOM)
            .permissions(PermissionsExt::from_mode(0o755))
            .tempdir_in(folder)
            .map_err(|error| explained(error, folder))?;
        let opened = match File::open(temporary.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened?,
        };
        if is_ours(&opened, temporary.path()) {
            return Ok((temporary, opened));
        }
    }
}

/// Locks what was just created at `path`. `false` if another process swept it before that.
fn is_ours(file: &File, path: &Path) -> bool {
    Lock::exclusive(file) != Lock::Held && path.symlink_metadata().is_ok()
}

/// Removes the temporary files and folders in `folder` that no live process writes: those whose
/// lock is free or, on a file system without locks, that are older than a day. Failures are
/// ignored.
pub fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if !(kind.is_dir() || kind.is_file()) || !is_temporary(&entry.file_name(), kind.is_dir()) {
            continue;
        }
        let path = entry.path();
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let Ok(file) = OpenOptions::new().read(true).custom_flags(flags).open(&path) else {
            continue;
        };
        let is_left = match Lock::exclusive(&file) {
            Lock::Taken => true,
            Lock::Held => false,
            Lock::Unsupported => is_old(&file),
        };
        // A file renamed since it was opened is no longer at `path`.
        if is_left && kind.is_dir() {
            let _ = std::fs::remove_dir_all(path);
        } else if is_left {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn is_temporary(name: &OsStr, is_dir: bool) -> bool {
    let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
        return false;
    };
    let random = if is_dir { rest } else { rest.split('.').next().unwrap_or_default() };
    let is_length = random.len() == RANDOM || (!is_dir && random.len() == RANDOM_BEFORE);
    is_length && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_old(file: &File) -> bool {
    let age = file.metadata().and_then(|found| found.modified()).map(|time| time.elapsed());
    matches!(age, Ok(Ok(age)) if age > KEPT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn sweeps_what_nobody_holds_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        // As killed processes leave them.
        fs::write(at(".petite-0123456789ab.png"), "").unwrap();
        fs::write(at(".petite-0123456789ac"), "").unwrap();
        fs::write(at(".petite-abcdef.ot"), "").unwrap();
        fs::create_dir_all(at(".petite-0123456789ad/inside")).unwrap();
        // Of the user, or of no known form.
        let others = [".petite-notes.txt", "petite-0123456789ab", "last.ot"];
        others.iter().for_each(|name| fs::write(at(name), "").unwrap());
        fs::create_dir(at(".petite-config")).unwrap();
        std::os::unix::fs::symlink(at("last.ot"), at(".petite-0123456789ae")).unwrap();

        let file = file_in(folder.path(), ".csv").unwrap();
        let (staging, _lock) = folder_in(folder.path()).unwrap();
        sweep(folder.path());
        assert!(file.path().exists() && staging.path().exists());
        let mut left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path != file.path() && path != staging.path())
            .collect();
        left.sort();
        let mut expected: Vec<_> = others
            .iter()
            .chain(&[".petite-config", ".petite-0123456789ae"])
            .map(|name| at(name))
            .collect();
        expected.sort();
        assert_eq!(left, expected);
    }

    #[test]
    fn creating_and_sweeping_at_once_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            let create = || {
                for _ in 0..200 {
                    assert!(file_in(folder.path(), "").unwrap().path().exists());
                    assert!(folder_in(folder.path()).unwrap().0.path().exists());
                }
            };
            let creators = [(); 2].map(|()| scope.spawn(create));
            while !creators.iter().all(|creator| creator.is_finished()) {
                sweep(folder.path());
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
