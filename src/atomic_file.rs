//! Writes files atomically: under a temporary name in the same folder, then renamed.

use anyhow::{Context, Result};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file being written under a temporary name; removed if dropped before [`AtomicFile::rename`].
#[derive(Debug)]
pub struct AtomicFile {
    temporary: NamedTempFile,
    path: PathBuf,
}

impl AtomicFile {
    /// Creates an empty temporary file in the folder of `path`.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let suffix = path.extension().map(|e| format!(".{}", e.to_string_lossy()));
        let temporary = tempfile::Builder::new()
            .prefix(".petite-")
            .suffix(&suffix.unwrap_or_default())
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
            .tempfile_in(folder)
            .with_context(|| cannot_write(path))?;
        Ok(Self { temporary, path: path.to_owned() })
    }

    /// Syncs the file to disk and renames it to the path it was created for. An existing file there
    /// is kept until then.
    ///
    /// # Errors
    /// If the file cannot be written; it is removed then.
    pub fn rename(self) -> Result<()> {
        // Reopened by name, since a caller of `write` may have replaced the file.
        std::fs::File::open(self.temporary.path())
            .and_then(|file| file.sync_all())
            .with_context(|| cannot_write(&self.path))?;
        let temporary = self.temporary.into_temp_path();
        temporary.persist(&self.path).with_context(|| cannot_write(&self.path))
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

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

/// Calls `write` with a temporary path in the folder of `path`, syncs the file to disk and renames
/// it to `path`. An existing file at `path` is kept until the rename.
///
/// # Errors
/// If the folder cannot be written, or `write` fails; nothing is left behind then.
pub fn write(path: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let file = AtomicFile::create(path)?;
    write(file.temporary.path()).with_context(|| cannot_write(path))?;
    file.rename()
}

/// Writes `bytes` to `path` atomically; see [`write()`].
///
/// # Errors
/// As [`write()`].
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    write(path, |temporary| Ok(std::fs::write(temporary, bytes)?))
}
