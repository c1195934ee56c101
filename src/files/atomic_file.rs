//! Writes files atomically: under a temporary name in the same folder, then renamed.

pub use crate::files::temporary::sweep;

use crate::files::temporary;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::NamedTempFile;

/// A file being written under a temporary name, which is locked so that [`sweep`] keeps it; removed
/// if dropped before [`AtomicFile::rename`].
#[derive(Debug)]
pub struct AtomicFile {
    temporary: NamedTempFile,
    path: PathBuf,
}

impl AtomicFile {
    /// Creates an empty temporary file in the folder of `path`. The process's first file there
    /// removes the leftovers of dead processes; see [`sweep`].
    ///
    /// # Errors
    /// If the folder cannot be written, or `path` is a folder, a device or a pipe, which a rename
    /// would replace.
    pub fn create(path: &Path) -> Result<Self> {
        ensure!(
            path.metadata().map_or(true, |found| found.is_file()),
            "expected a file or nothing at {}, found something else; try another path",
            path.display()
        );
        sweep_once(folder_of(path));
        let suffix = path.extension().map(|e| format!(".{}", e.to_string_lossy()));
        let temporary = temporary::file_in(folder_of(path), &suffix.unwrap_or_default())
            .with_context(|| cannot_write(path))?;
        Ok(Self { temporary, path: path.to_owned() })
    }

    /// Syncs the file to disk, renames it to the path it was created for, and syncs the folder. An
    /// existing file there is kept until the rename.
    ///
    /// # Errors
    /// If the file cannot be written; it is removed then. If only the last step fails, the file is
    /// in place but may be lost by a power cut.
    pub fn rename(self) -> Result<()> {
        let Self { temporary, path } = self;
        temporary
            .as_file()
            .sync_all()
            .and_then(|()| temporary::persist(temporary, &path).map(drop))
            .and_then(|()| sync_folder(folder_of(&path)))
            .with_context(|| cannot_write(&path))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.temporary.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temporary.flush()
    }
}

impl Seek for AtomicFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.temporary.seek(to)
    }
}

/// Sweeps a folder, unless this process already has.
fn sweep_once(folder: &Path) {
    static SWEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    if SWEPT.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned()) {
        sweep(folder);
    }
}

/// The folder that has the entry `path`.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

/// Syncs the entries of a folder to disk, after a rename in it. Does nothing where folders cannot
/// be synced, or only be written.
///
/// # Errors
/// If the disk reports one.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    let opened = match File::open(folder) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
        opened => opened?,
    };
    sync_opened(&opened)
}

/// As [`sync_folder`], for an open folder.
///
/// # Errors
/// As [`sync_folder`].
pub(crate) fn sync_opened(folder: &File) -> io::Result<()> {
    match folder.sync_all() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        outcome => outcome,
    }
}

/// Calls `write` with a temporary file in the folder of `path`, syncs the file to disk, renames it to
/// `path` and syncs the folder. An existing file at `path` is kept until then.
///
/// # Errors
/// If the folder cannot be written, or `write` fails; nothing is left behind then.
pub fn write(path: &Path, write: impl FnOnce(&mut AtomicFile) -> Result<()>) -> Result<()> {
    let mut file = AtomicFile::create(path)?;
    write(&mut file).with_context(|| cannot_write(path))?;
    file.rename()
}

/// Writes `bytes` to `path` atomically; see [`write()`].
///
/// # Errors
/// As [`write()`].
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, |file| Ok(file.write_all(bytes)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_keeps_the_old_file_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.csv");
        write_bytes(&path, b"old").unwrap();
        let failed = write(&path, |file| {
            file.write_all(b"new")?;
            anyhow::bail!("the source broke off")
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        write(&path, |file| Ok(file.write_all(b"newer")?)).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"newer");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn devices_and_folders_are_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        for path in [Path::new("/dev/full"), folder.path()] {
            let error = write_bytes(path, b"text").unwrap_err().to_string();
            assert!(error.contains("expected a file or nothing at"), "{error}");
        }
    }

    #[test]
    fn the_first_file_in_a_folder_sweeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join(".petite-0123456789ab.csv");
        std::fs::write(&left, "").unwrap();
        write_bytes(&folder.path().join("history.csv"), b"").unwrap();
        assert!(!left.exists());
    }

    #[test]
    fn a_file_being_written_is_not_swept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("last.ot");
        let mut file = AtomicFile::create(&path).unwrap();
        sweep(folder.path());
        file.write_all(b"whole").unwrap();
        sweep(folder.path());
        file.rename().unwrap();
        sweep(folder.path());
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
    }
}
