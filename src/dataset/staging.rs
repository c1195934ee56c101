//! Creates a folder atomically: filled under a temporary name next to its destination, then
//! renamed.

use crate::error::ensure_or;
use crate::files::atomic_file::{folder_of, sync_folder, sync_opened};
use crate::files::temporary;
use anyhow::{Context, Result};
use std::fs::File;
use std::io;
use std::path::Path;
use tempfile::TempDir;

/// A folder being filled under a temporary name; removed if dropped before the rename.
#[derive(Debug)]
pub struct Staging {
    folder: TempDir,
    /// The same folder, locked as long as it is open.
    opened: File,
}

impl Staging {
    /// A new temporary folder next to `to`, the value of the setting `to`. Creates the parents of
    /// `to` if necessary, and removes the temporary folders of dead processes there.
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
        let parent = folder_of(to);
        std::fs::create_dir_all(parent).with_context(|| {
            format!("cannot create {}; try another `{setting}`", parent.display())
        })?;
        temporary::sweep(parent);
        let (folder, opened) = temporary::folder_in(parent).with_context(|| {
            format!("cannot write in {}; try another `{setting}`", parent.display())
        })?;
        Ok(Self { folder, opened })
    }

    /// The folder to fill.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Syncs the folder's files to disk and renames it to `to`.
    ///
    /// # Errors
    /// If a file could not be written to disk or the rename fails; the folder is removed then.
    pub fn rename_to(self, to: &Path) -> Result<()> {
        let Self { folder, opened } = self;
        sync_all_below(&opened).and_then(|()| std::fs::rename(folder.path(), to)).with_context(
            || format!("cannot rename {} to {}", folder.path().display(), to.display()),
        )?;
        // Dropping the guard would try to remove the folder under its old name.
        let _ = folder.keep();
        sync_folder(folder_of(to)).with_context(|| format!("cannot write {}", to.display()))
    }
}

/// Syncs the file system of an open folder: one call instead of one for each of thousands of files.
fn sync_all_below(folder: &File) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(folder)?;
    sync_opened(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_the_folders_of_dead_processes_only() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join(".petite-0123456789ab");
        std::fs::create_dir_all(left.join("spots")).unwrap();
        std::fs::write(left.join("spots/spot.0.jpg"), "").unwrap();
        let first = Staging::beside(&folder.path().join("first")).unwrap();
        assert!(!left.exists());
        let second = Staging::beside(&folder.path().join("second")).unwrap();
        std::fs::write(first.path().join("a"), "a").unwrap();
        first.rename_to(&folder.path().join("first")).unwrap();
        drop(second);
        assert_eq!(std::fs::read(folder.path().join("first/a")).unwrap(), b"a");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
