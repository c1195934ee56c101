//! Creates a folder atomically: filled under a temporary name next to its destination, then
//! renamed.

use crate::error::ensure_or;
use anyhow::{Context, Result};
use std::path::Path;

/// A folder being filled under a temporary name; removed if dropped before the rename.
#[derive(Debug)]
pub struct Staging(tempfile::TempDir);

impl Staging {
    /// A new temporary folder next to `to`, the value of the setting `to`. Creates the parents of
    /// `to` if necessary.
    ///
    /// # Errors
    /// If `to` is a file or not empty, or a folder cannot be created.
    pub fn beside(to: &Path) -> Result<Self> {
        Self::for_setting("to", to)
    }

    /// As [`Staging::beside`], for a path `to` that is the value of `setting`.
    ///
    /// # Errors
    /// As [`Staging::beside`].
    pub fn for_setting(setting: &str, to: &Path) -> Result<Self> {
        if to.exists() {
            let free = to.is_dir()
                && to
                    .read_dir()
                    .with_context(|| format!("cannot read {}", to.display()))?
                    .next()
                    .is_none();
            ensure_or!(
                Setting,
                free,
                "expected {} to be new or empty, found {} there; try another `{setting}`, or remove it",
                to.display(),
                if to.is_dir() { "files" } else { "a file" }
            );
        }
        let parent = match to.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(parent).with_context(|| {
            format!("cannot create {}; try another `{setting}`", parent.display())
        })?;
        let staging = tempfile::Builder::new()
            .prefix(".petite-")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .tempdir_in(parent)
            .with_context(|| {
                format!("cannot write in {}; try another `{setting}`", parent.display())
            })?;
        Ok(Self(staging))
    }

    /// The folder to fill.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Renames the folder to `to`.
    ///
    /// # Errors
    /// If the rename fails; the folder is removed then.
    pub fn rename_to(self, to: &Path) -> Result<()> {
        std::fs::rename(self.path(), to).with_context(|| {
            format!("cannot rename {} to {}", self.path().display(), to.display())
        })?;
        // Dropping the guard would try to remove the folder under its old name.
        let _ = self.0.keep();
        Ok(())
    }
}
