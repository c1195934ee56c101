//! Where an archive is unpacked to.

use super::budget::Budget;
use super::inventory::Unpacked;
use super::unpack::damaged;
use crate::error::{ensure_or, fault};
use crate::files::disk::explained;
use crate::pictures::pixel_file::Stamp;
use crate::text::shown::shown;
use anyhow::{Context, Result};
use std::fs::File;
use std::hash::Hasher;
use std::io::{ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};
use twox_hash::XxHash3_64;

/// Deepest nesting of folders. Removing deeper ones may need more open files than a process may
/// have.
const DEPTH: usize = 64;

/// The files that an archive is unpacked to.
pub(super) struct Destination<'a> {
    /// Their folder.
    pub to: &'a Path,
    /// What they may still take.
    pub budget: Budget,
    /// Those that are there.
    pub written: Vec<Unpacked>,
}

impl Destination<'_> {
    /// Writes the file `name` of an archive, which is to have `size` bytes.
    ///
    /// # Errors
    /// If its name leads out of the archive, too deep or to another's file, it cannot be read or
    /// written, or it exceeds the budget.
    pub fn write(&mut self, name: &str, size: u64, from: &mut dyn Read) -> Result<()> {
        let parts = || Path::new(name).components();
        let is_inside =
            parts().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let inside: PathBuf = parts().filter(|part| *part != Component::CurDir).collect();
        ensure_or!(
            DataSet,
            is_inside && inside.file_name().is_some(),
            "expected names inside the archive, found {}; try packing it again",
            shown(Path::new(name))
        );
        let depth = inside.components().count();
        ensure_or!(
            DataSet,
            depth <= DEPTH,
            "expected folders nested at most {DEPTH} deep, found {depth}; try packing it again"
        );
        let path = self.to.join(&inside);
        let (mut new_folder, mut missing) = (path.parent(), 0);
        while let Some(folder) = new_folder.filter(|folder| *folder != self.to && !folder.exists())
        {
            (new_folder, missing) = (folder.parent(), missing + 1);
        }
        self.budget.take_files(missing + 1)?;
        let folder = path.parent().unwrap_or(self.to);
        let created = std::fs::create_dir_all(folder).and_then(|()| File::create_new(&path));
        let mut file = match created {
            Err(error)
                if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotADirectory) =>
            {
                fault!(
                    DataSet,
                    "expected one entry of each name, found two of {}; try unpacking it and its folder as the data set",
                    shown(Path::new(name))
                )
            }
            created => created
                .map_err(|error| explained(error, self.to))
                .with_context(|| format!("cannot unpack {}", shown(Path::new(name))))?,
        };
        // A byte more than allowed reveals that there are more.
        let allowed = self.budget.bytes.min(self.budget.disk).saturating_add(1);
        let (written, checksum) = copy(&mut from.take(allowed), &mut file)
            .with_context(|| format!("cannot unpack {}", shown(Path::new(name))))?;
        self.budget.take_bytes(written)?;
        if written != size {
            return Err(damaged(format_args!("{} has another size", shown(Path::new(name)))));
        }
        drop(file);
        self.written.push(Unpacked { stamp: Stamp::of(&path, self.to), checksum });
        Ok(())
    }
}

/// Copies everything. Returns the number of bytes and their XXH3.
fn copy(from: &mut impl Read, to: &mut File) -> Result<(u64, u64)> {
    let (mut written, mut hasher, mut bytes) = (0, XxHash3_64::new(), vec![0; 64 << 10]);
    loop {
        let count = match from.read(&mut bytes) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read.map_err(damaged)?,
        };
        if count == 0 {
            return Ok((written, hasher.finish()));
        }
        to.write_all(&bytes[..count])?;
        hasher.write(&bytes[..count]);
        written += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::disk::Space;
    use std::io;

    #[test]
    fn a_file_is_cut_where_the_budget_ends() {
        let folder = tempfile::tempdir().unwrap();
        let files = |bytes| {
            let budget = Budget { bytes, ..Budget::new(0, Space { bytes: u64::MAX, files: None }) };
            Destination { to: folder.path(), budget, written: Vec::new() }
        };
        let outcome = files(10).write("a/b.jpg", 1 << 40, &mut io::repeat(0));
        assert!(outcome.unwrap_err().to_string().contains("found more"));
        assert_eq!(folder.path().join("a/b.jpg").metadata().unwrap().len(), 11);
        let mut ample = files(u64::MAX);
        for (name, expected) in [
            (format!("{}b.jpg", "d/".repeat(DEPTH)), "nested at most 64 deep, found 65"),
            ("./a//b.jpg".to_owned(), "expected one entry of each name, found two of ./a//b.jpg"),
            ("a/b.jpg/c".to_owned(), "expected one entry of each name"),
            ("a".to_owned(), "expected one entry of each name"),
            ("../b.jpg".to_owned(), "expected names inside the archive"),
            ("/b.jpg".to_owned(), "expected names inside the archive"),
            (".".to_owned(), "expected names inside the archive"),
        ] {
            let error = ample.write(&name, 0, &mut io::empty()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
