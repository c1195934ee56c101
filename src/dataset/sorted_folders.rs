//! A new folder that pictures are sorted into.

use super::staging::Staging;
use crate::error::ensure_or;
use crate::files::disk::explained;
use crate::pictures::output;
use anyhow::{Context, Result};
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How pictures get into the folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Link {
    /// A copy, as in the book.
    #[default]
    Copy,
    /// A hard link, which requires the same file system.
    Hard,
    /// A symbolic link to the original's absolute path.
    Symbolic,
}

/// A folder being filled with pictures under a temporary name; removed if dropped before
/// [`SortedFolders::finish`].
#[derive(Debug)]
pub struct SortedFolders {
    staging: Staging,
    to: PathBuf,
    link: Link,
    /// The number to try next for a name that is taken, by its path.
    numbers: HashMap<PathBuf, usize>,
}

impl SortedFolders {
    /// A new temporary folder next to `to`, the value of `setting`, with folders for `classes`.
    ///
    /// # Errors
    /// If the name of a class cannot be a folder's, `to` is a file or not empty, or the folder
    /// cannot be created.
    pub fn new(setting: &str, to: &Path, classes: &[String], link: Link) -> Result<Self> {
        for class in classes {
            ensure_or!(
                Setting,
                !class.is_empty() && !class.contains(['/', '\0']) && class != "." && class != "..",
                "expected class names that can be the names of folders with `{setting}`, found {class:?}"
            );
        }
        let staging = Staging::for_setting(setting, to)?;
        Ok(Self { staging, to: to.to_owned(), link, numbers: HashMap::new() })
    }

    /// The same folder, to be passed over in a data set around it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn as_output(self) -> Result<Self> {
        output::mark(self.staging.path())?;
        Ok(self)
    }

    /// Copies or links the file at `picture` into `folder`, a relative path, which is created if
    /// necessary. If `a.jpg` is taken there, the file's name becomes `a-2.jpg`.
    ///
    /// # Errors
    /// If the file cannot be copied or linked.
    pub fn add(&mut self, picture: &Path, folder: impl AsRef<Path>) -> Result<()> {
        let folder = self.create(folder)?;
        copy_or_link(picture, &self.free(picture, &folder)?, self.link)
    }

    /// Creates `folder`, a relative path, if necessary. Returns where it is now.
    ///
    /// # Errors
    /// If that fails.
    pub fn create(&self, folder: impl AsRef<Path>) -> Result<PathBuf> {
        let folder = self.staging.path().join(folder);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(folder)
    }

    /// Writes `png`, a picture made from the one at `picture`, to a file of its name with the extension
    /// png; a name that is taken is numbered as in [`SortedFolders::add`].
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_png(&mut self, picture: &Path, png: &[u8]) -> Result<()> {
        let folder = self.staging.path().to_owned();
        let destination = self.free(&picture.with_extension("png"), &folder)?;
        std::fs::write(&destination, png)
            .with_context(|| format!("cannot write {}", destination.display()))
    }

    /// The path in `folder` of the name of `picture`, or of its first number that is free.
    fn free(&mut self, picture: &Path, folder: &Path) -> Result<PathBuf> {
        let mut destination = folder.join(picture.file_name().context("expected a file name")?);
        if destination.symlink_metadata().is_ok() {
            let number = self.numbers.entry(destination).or_insert(2);
            loop {
                destination = folder.join(numbered(picture, *number));
                *number += 1;
                if destination.symlink_metadata().is_err() {
                    break;
                }
            }
        }
        Ok(destination)
    }

    /// Renames the folder to its final name.
    ///
    /// # Errors
    /// If the rename fails; the folder is removed then.
    pub fn finish(self) -> Result<()> {
        self.staging.rename_to(&self.to)
    }
}

/// Puts a copy of the file `original`, or a link to it, at `destination`.
///
/// # Errors
/// If that fails; a hard link also if the two are on different file systems.
fn copy_or_link(original: &Path, destination: &Path, link: Link) -> Result<()> {
    let done = match link {
        Link::Copy => std::fs::copy(original, destination).map(drop),
        Link::Hard => std::fs::hard_link(original, destination),
        Link::Symbolic => original
            .canonicalize()
            .and_then(|absolute| std::os::unix::fs::symlink(absolute, destination)),
    };
    let folder = destination.parent().unwrap_or(destination);
    done.map_err(|error| explained(error, folder)).with_context(|| {
        let hint = if link == Link::Hard { "; try `link` copy" } else { "" };
        let verb = if link == Link::Copy { "copy" } else { "link" };
        format!("cannot {verb} {} to {}{hint}", original.display(), destination.display())
    })
}

/// `a.jpg` → `a-2.jpg`.
fn numbered(picture: &Path, number: usize) -> OsString {
    let mut name = picture.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    if let Some(extension) = picture.extension() {
        name.push(".");
        name.push(extension);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_gets_a_name_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mut sorted = SortedFolders::new("to", &at("sorted"), &[], Link::Copy).unwrap();
        let files = ["x/a.jpg", "y/a.jpg", "x/a-2.jpg", "z/a.jpg", "x/b", "y/b"];
        for name in files {
            std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            std::fs::write(at(name), name).unwrap();
            sorted.add(&at(name), "dogs").unwrap();
        }
        // Pictures made from others have their names.
        let made = ["x/cat.1.jpg", "y/cat.1.jpg", "x/cat.1.png", "b"];
        made.iter().for_each(|name| sorted.write_png(name.as_ref(), name.as_bytes()).unwrap());
        assert!(!at("sorted").exists());
        sorted.finish().unwrap();
        let names = ["a.jpg", "a-2.jpg", "a-2-2.jpg", "a-3.jpg", "b", "b-2"];
        let copies = names.map(|name| format!("dogs/{name}"));
        let pngs = ["cat.1.png", "cat.1-2.png", "cat.1-3.png", "b.png"].map(str::to_owned);
        for (name, original) in copies.iter().zip(files).chain(pngs.iter().zip(made)) {
            assert_eq!(std::fs::read_to_string(at("sorted").join(name)).unwrap(), original);
        }
    }

    #[test]
    fn only_folder_names_and_new_folders_will_do() {
        let folder = tempfile::tempdir().unwrap();
        let new = |to: &str, class: &str| {
            SortedFolders::new("into", &folder.path().join(to), &[class.to_owned()], Link::Copy)
        };
        for class in ["a/b", ".", "..", ""] {
            let error = new("sorted", class).unwrap_err().to_string();
            assert!(error.contains(&format!("found {class:?}")), "{error}");
        }
        std::fs::create_dir(folder.path().join("used")).unwrap();
        assert!(new("used", "cats").is_ok());
        std::fs::write(folder.path().join("used/file"), b"").unwrap();
        assert!(new("used", "cats").unwrap_err().to_string().contains("try another `into`"));
    }
}
