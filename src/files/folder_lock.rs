//! Locks a folder for the process that writes it.

use crate::error::fault;
use crate::files::temporary::Lock;
use anyhow::{Context, Result};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The name of the lock file.
pub const NAME: &str = ".lock";

/// Attempts to lock the file before another process removes it.
const TRIES: usize = 100;

/// The lock on a folder, until it is dropped or the process ends in any way.
#[derive(Debug)]
pub struct FolderLock {
    file: File,
    path: PathBuf,
    odd: Option<String>,
}

impl FolderLock {
    /// Locks `folder`, the value of the setting `out`, with the file [`NAME`] in it. A file that a
    /// dead process left there does not count. Where the file system has no locks, the folder
    /// stays unlocked, and [`FolderLock::odd`] says so.
    ///
    /// # Errors
    /// [`ErrorKind::Run`](crate::ErrorKind::Run) if another process, or this one, holds the lock;
    /// or if the lock file cannot be written.
    pub fn take(folder: &Path) -> Result<Self> {
        Self::take_with(folder, Lock::exclusive)
    }

    fn take_with(folder: &Path, lock: fn(&File) -> Lock) -> Result<Self> {
        let path = folder.join(NAME);
        let mut tries = 0;
        loop {
            tries += 1;
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .with_context(|| format!("cannot write {}", path.display()))?;
            let found = lock(&file);
            let holder = holder(&mut file);
            if found == Lock::Held {
                fault!(
                    Run,
                    "expected `out` {} to be free, found another petite{} training in it; try another `out`, or wait",
                    folder.display(),
                    holder
                );
            }
            // The holder removes the file before it frees the lock. On some network file systems an
            // open file never has the same number as its path.
            if is_at(&file, &path) || tries == TRIES {
                // Only for the message above.
                let _ = file
                    .set_len(0)
                    .and_then(|()| file.rewind())
                    .and_then(|()| write!(file, "{}", std::process::id()));
                let odd = (found == Lock::Unsupported).then(|| {
                    let last = match holder.is_empty() {
                        true => String::new(),
                        false => format!("; the last that wrote there{holder} may still do so"),
                    };
                    format!(
                        "expected locks on the file system of {}, found none, so a second petite there would not be noticed{last}; try one process for each `out`",
                        folder.display()
                    )
                });
                return Ok(Self { file, path, odd });
            }
        }
    }
}

impl FolderLock {
    /// A sentence about a file system without locks, where other processes are not kept away.
    pub fn odd(&self) -> Option<&str> {
        self.odd.as_deref()
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        if is_at(&self.file, &self.path) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// ` (process 123)`, if the holder wrote its number.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.read_to_string(&mut text).is_ok();
    match text.trim().parse::<u32>() {
        Ok(process) if read => format!(" (process {process})"),
        _ => String::new(),
    }
}

/// Whether `path` leads to the open `file`.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(file), Ok(found)) => (file.dev(), file.ino()) == (found.dev(), found.ino()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, ErrorKind};

    #[test]
    fn a_locked_folder_is_refused_and_a_left_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(NAME);
        // As a killed process leaves it, with a longer number than this process's.
        std::fs::write(&file, "99999999999999999").unwrap();
        let lock = FolderLock::take(folder.path()).unwrap();
        let error = Error::from(FolderLock::take(folder.path()).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Run);
        let expected = format!("found another petite (process {})", std::process::id());
        assert!(error.to_string().contains(&expected), "{error}");
        assert!(file.exists());
        drop(lock);
        assert!(!file.exists());
        drop(FolderLock::take(folder.path()).unwrap());
    }

    #[test]
    fn a_file_system_without_locks_is_named_and_who_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let take = || FolderLock::take_with(folder.path(), |_| Lock::Unsupported).unwrap();
        let first = take();
        let odd = first.odd().unwrap();
        assert!(
            odd.contains("found none, so a second petite there would not be noticed; try"),
            "{odd}"
        );
        let second = take();
        let holder = format!("there (process {}) may still do so", std::process::id());
        assert!(second.odd().unwrap().contains(&holder), "{:?}", second.odd());
        drop((first, second));
        assert!(FolderLock::take(folder.path()).unwrap().odd().is_none());
    }

    #[test]
    fn one_of_many_at_a_time() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let folder = tempfile::tempdir().unwrap();
        let (inside, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let Ok(lock) = FolderLock::take(folder.path()) else { continue };
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        taken.fetch_add(1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert!(taken.into_inner() > 0);
    }

    #[test]
    fn a_folder_that_is_missing_is_named() {
        let error = FolderLock::take(Path::new("/nowhere")).unwrap_err();
        assert!(format!("{error:#}").contains("cannot write /nowhere/.lock"), "{error:#}");
    }
}
