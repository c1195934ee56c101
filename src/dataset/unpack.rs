//! Unpacks archives, within bounds.

use super::budget::Budget;
use crate::disk::Space;
use crate::error::ensure_or;
use crate::shown::shown;
use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};

/// The formats that can be unpacked.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// `.zip`
    Zip,
    /// `.tar`
    Tar,
    /// `.tar.gz` and `.tgz`
    TarGz,
}

/// Deepest nesting of folders. Removing deeper ones may need more open files than a process may
/// have.
const DEPTH: usize = 64;

/// Most bytes between the files of a tar: names, times, attributes.
const HEADERS: u64 = 1 << 20;

impl Kind {
    /// The format for the name of `path`.
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        match name {
            name if name.ends_with(".zip") => Some(Self::Zip),
            name if name.ends_with(".tar") => Some(Self::Tar),
            name if name.ends_with(".tar.gz") || name.ends_with(".tgz") => Some(Self::TarGz),
            _ => None,
        }
    }

    /// Unpacks the files of `archive` below the folder `to`.
    ///
    /// # Errors
    /// If the archive is damaged, has links or names that lead out of it, unpacks to much more than
    /// pictures do or than the disk has free, or if a file cannot be written.
    pub fn unpack(self, archive: &Path, to: &Path) -> Result<()> {
        self.unpack_within(archive, to, Budget::new(archive.metadata()?.len(), Space::at(to)?))
    }

    fn unpack_within(self, archive: &Path, to: &Path, mut budget: Budget) -> Result<()> {
        let file = BufReader::new(File::open(archive)?);
        match self {
            Self::Zip => unpack_zip(file, to, &mut budget),
            Self::Tar => unpack_tar(file, to, &mut budget),
            Self::TarGz => unpack_tar(GzDecoder::new(file), to, &mut budget),
        }
    }
}

fn unpack_zip(file: BufReader<File>, to: &Path, budget: &mut Budget) -> Result<()> {
    let mut archive = zip::ZipArchive::new(file)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        if entry.is_dir() {
            continue;
        }
        // Some Windows programs write backslashes.
        let name = PathBuf::from(entry.name()?.replace('\\', "/"));
        ensure_or!(DataSet, !entry.is_symlink(), "{}", no_links(&name));
        write(&mut entry, &name, to, budget)?;
    }
    Ok(())
}

fn unpack_tar(file: impl Read, to: &Path, budget: &mut Budget) -> Result<()> {
    let left = Cell::new(HEADERS);
    let mut archive = tar::Archive::new(Metered { file, left: &left });
    for entry in archive.entries()? {
        let mut entry = entry?;
        let (kind, name) = (entry.header().entry_type(), entry.path()?.into_owned());
        ensure_or!(DataSet, !kind.is_symlink() && !kind.is_hard_link(), "{}", no_links(&name));
        left.set(u64::MAX);
        if kind.is_file() {
            write(&mut entry, &name, to, budget)?;
        } else {
            budget.take_bytes(io::copy(
                &mut (&mut entry).take(budget.bytes.saturating_add(1)),
                &mut io::sink(),
            )?)?;
        }
        left.set(HEADERS);
    }
    Ok(())
}

/// Fails after `left` bytes: the crate reads names into memory, however long the archive says they
/// are.
struct Metered<'a, R> {
    file: R,
    left: &'a Cell<u64>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(bytes)?;
        let left = self.left.get().checked_sub(count as u64).ok_or_else(|| {
            io::Error::other(format!("expected at most {HEADERS} bytes between files, found more"))
        })?;
        self.left.set(left);
        Ok(count)
    }
}

fn no_links(name: &Path) -> String {
    format!(
        "expected files and folders, found the link {}; try unpacking it and its folder as the data set",
        shown(name)
    )
}

/// Writes a file of an archive below `to`.
///
/// # Errors
/// If its name leads out of `to` or too deep, it cannot be read or written, or it exceeds the
/// budget.
fn write(from: &mut impl Read, name: &Path, to: &Path, budget: &mut Budget) -> Result<()> {
    let inside =
        name.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    ensure_or!(
        DataSet,
        inside,
        "expected names inside the archive, found {}; try packing it again",
        shown(name)
    );
    let depth = name.components().count();
    ensure_or!(
        DataSet,
        depth <= DEPTH,
        "expected folders nested at most {DEPTH} deep, found {depth}; try packing it again"
    );
    let path = to.join(name);
    let (mut new_folder, mut missing) = (path.parent(), 0);
    while let Some(folder) = new_folder.filter(|folder| *folder != to && !folder.exists()) {
        (new_folder, missing) = (folder.parent(), missing + 1);
    }
    budget.take_files(missing + 1)?;
    let allowed = budget.bytes.min(budget.disk);
    let mut write = || -> io::Result<u64> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        // A byte more than allowed reveals that there are more.
        io::copy(&mut from.take(allowed.saturating_add(1)), &mut File::create(&path)?)
    };
    let written = write().with_context(|| format!("cannot unpack {}", shown(name)))?;
    budget.take_bytes(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn ample() -> Budget {
        Budget::new(0, Space { bytes: u64::MAX, files: None })
    }

    /// A tar of a file `a/0.bmp` of `size` zeros.
    fn tar_of(size: u64, name: &str) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, io::repeat(0).take(size)).unwrap();
        tar.into_inner().unwrap()
    }

    #[test]
    fn archives_are_unpacked_within_the_budget_only() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("a.tar"), tar_of(MIB, "a/0.bmp")).unwrap();
        let gz = |bytes: &[u8]| {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            io::Write::write_all(&mut gz, bytes).unwrap();
            gz.finish().unwrap()
        };
        std::fs::write(at("a.tar.gz"), gz(&tar_of(MIB, "a/0.bmp"))).unwrap();
        let mut zip = zip::ZipWriter::new(File::create(at("a.zip")).unwrap());
        zip.start_file("a/0.bmp", zip::write::SimpleFileOptions::default()).unwrap();
        io::copy(&mut io::repeat(0).take(MIB), &mut zip).unwrap();
        zip.finish().unwrap();
        for name in ["a.tar", "a.tar.gz", "a.zip"] {
            let kind = Kind::of(Path::new(name)).unwrap();
            let unpack = |bytes, to: &str| {
                std::fs::create_dir(at(to)).unwrap();
                let ample = ample();
                kind.unpack_within(&at(name), &at(to), Budget { bytes, ..ample })
            };
            unpack(MIB, &format!("{name}-whole")).unwrap();
            let whole = at(&format!("{name}-whole/a/0.bmp"));
            assert_eq!(whole.metadata().unwrap().len(), MIB);
            let error = unpack(MIB - 1, &format!("{name}-bomb")).unwrap_err().to_string();
            assert!(error.contains("found more; try unpacking it"), "{error}");
        }

        // A name of 3 MiB, which 3 kB hold.
        std::fs::write(at("name.tgz"), gz(&tar_of(1, &"a/".repeat(3 << 19)))).unwrap();
        let error = Kind::TarGz.unpack(&at("name.tgz"), folder.path()).unwrap_err();
        assert!(format!("{error:#}").contains("between files, found more"), "{error:#}");
    }

    #[test]
    fn a_file_is_cut_where_the_budget_ends() {
        let folder = tempfile::tempdir().unwrap();
        let name = Path::new("a/b.jpg");
        let mut tight = Budget { bytes: 10, ..ample() };
        let outcome = write(&mut io::repeat(0), name, folder.path(), &mut tight);
        assert!(outcome.unwrap_err().to_string().contains("found more"));
        assert_eq!(folder.path().join(name).metadata().unwrap().len(), 11);
        let deep = PathBuf::from("d/".repeat(DEPTH)).join("b.jpg");
        let mut ample = ample();
        let error = write(&mut io::empty(), &deep, folder.path(), &mut ample).unwrap_err();
        assert!(error.to_string().contains("nested at most 64 deep, found 65"), "{error}");
    }
}
