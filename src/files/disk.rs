//! Free disk space.

use crate::text::numbers::with_thousands;
use std::io::{Error, ErrorKind, Result};
use std::path::Path;

/// What is free for this process on the file system of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes.
    pub bytes: u64,
    /// Files that can still be created; `None` if the file system sets no number.
    pub files: Option<u64>,
}

impl Space {
    /// The free space at `path`, which must exist.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn at(path: &Path) -> Result<Self> {
        let found = rustix::fs::statvfs(path)?;
        let bytes = found.f_bavail.saturating_mul(found.f_frsize);
        Ok(Self { bytes, files: (found.f_files > 0).then_some(found.f_favail) })
    }

    /// The free space where `path` is or would be created: at its nearest folder that exists.
    ///
    /// # Errors
    /// As [`Space::at`].
    pub fn near(path: &Path) -> Result<Self> {
        let existing = path.ancestors().find(|path| path.exists());
        Self::at(existing.filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    }
}

/// `error` of creating a file in `folder`. A disk may have room for bytes but for no more files, which
/// the system does not tell apart.
pub(crate) fn explained(error: Error, folder: &Path) -> Error {
    explained_by(error, Space::near(folder).ok())
}

fn explained_by(error: Error, space: Option<Space>) -> Error {
    let is_full = error.kind() == ErrorKind::StorageFull;
    match space {
        Some(Space { files: Some(0), bytes }) if is_full && bytes > 0 => Error::other(format!(
            "expected room for another file, found no free inodes, though {} bytes are free; try removing files",
            with_thousands(bytes as i64)
        )),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_free_near_a_path() {
        let folder = tempfile::tempdir().unwrap();
        let space = Space::at(folder.path()).unwrap();
        assert!(space.bytes > 0 && space.files != Some(0));
        assert!(Space::at(&folder.path().join("missing")).is_err());
        assert!(Space::near(&folder.path().join("missing/below")).is_ok());
        assert!(Space::near(Path::new("missing")).is_ok());
    }

    #[test]
    fn no_room_for_another_file_is_told_from_no_room_for_bytes() {
        let told = |code, bytes, files| {
            let error = Error::from_raw_os_error(code);
            explained_by(error, Some(Space { bytes, files })).to_string()
        };
        let inodes = told(libc::ENOSPC, 5000, Some(0));
        assert!(inodes.contains("no free inodes, though 5,000 bytes are free; try"), "{inodes}");
        for (code, bytes, files) in [
            (libc::ENOSPC, 5000, Some(1)),
            (libc::ENOSPC, 5000, None),
            (libc::ENOSPC, 0, Some(0)),
            (libc::EACCES, 5000, Some(0)),
        ] {
            let error = Error::from_raw_os_error(code).to_string();
            assert_eq!(told(code, bytes, files), error);
        }
    }
}
