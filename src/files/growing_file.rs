//! Files that grow by a record at a time.

use crate::files::atomic_file;
use anyhow::{Context, Result};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A file open for appending. Every record is synced to disk.
#[derive(Debug)]
pub struct GrowingFile {
    file: File,
    path: PathBuf,
}

impl GrowingFile {
    /// Starts a file at `path` with `bytes`, in place of one that is there.
    ///
    /// # Errors
    /// If the file cannot be written; one that is there is kept then.
    pub fn start(path: &Path, bytes: &[u8]) -> Result<Self> {
        atomic_file::write_bytes(path, bytes)?;
        let file = OpenOptions::new().append(true).open(path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Appends a record.
    ///
    /// # Errors
    /// If the file cannot be written; it keeps its former records then.
    pub fn append(&mut self, record: &[u8]) -> Result<()> {
        let cannot_write = || format!("cannot write {}", self.path.display());
        let length = self.file.metadata().with_context(cannot_write)?.len();
        let written = self.file.write_all(record).and_then(|()| self.file.sync_data());
        if written.is_err() {
            // A full disk may take the first part of a record.
            let _ = self.file.set_len(length);
        }
        written.with_context(cannot_write)
    }
}
