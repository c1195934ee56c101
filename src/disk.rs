//! Free disk space.

use std::ffi::CString;
use std::io::{Error, Result};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
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
        let path = CString::new(path.as_os_str().as_bytes())?;
        let mut found = MaybeUninit::<libc::statvfs>::uninit();
        // SAFETY: `path` ends with a null byte, and `found` is as large as statvfs expects.
        let outcome = unsafe { libc::statvfs(path.as_ptr(), found.as_mut_ptr()) };
        if outcome != 0 {
            return Err(Error::last_os_error());
        }
        // SAFETY: statvfs returned 0, so it has filled `found`.
        let found = unsafe { found.assume_init() };
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
}
