//! Unpacks archives: everything in them, checked to their ends, and within bounds.

use super::budget::Budget;
use super::destination::Destination;
use super::inventory::Unpacked;
use super::{tar_file, zip_file};
use crate::error::{ErrorKind, Fault, ensure_or, fault};
use crate::files::disk::Space;
use crate::files::input_file::{Foreign, describe, start_of};
use crate::text::shown::shown;
use anyhow::{Context, Error, Result};
use flate2::bufread::MultiGzDecoder;
use std::ffi::OsStr;
use std::fmt::Display;
use std::fs::File;
use std::io::BufReader;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

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

impl Kind {
    /// The format of the file at `path`: by its first bytes, since people rename archives.
    ///
    /// # Errors
    /// If it is not such an archive; the error says what it is.
    pub fn of(path: &Path) -> Result<Self> {
        let start = start_of(path).with_context(|| format!("cannot read {}", path.display()))?;
        // The oldest tars have no magic.
        let has_name = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("tar"));
        let is_tar = |start: &[u8]| start.get(257..262) == Some(b"ustar") || has_name;
        Ok(match &start[..] {
            [b'P', b'K', 3 | 5 | 7, 4 | 6 | 8, ..] => Self::Zip,
            [0x1F, 0x8B, ..] => Self::TarGz,
            start if Foreign::of(start).is_none() && !start.is_empty() && is_tar(start) => {
                Self::Tar
            }
            start => {
                let found = describe(start);
                let hint = if found.contains("; try") { "" } else { "; try `labels` for a CSV" };
                fault!(
                    DataSet,
                    "expected a folder or an archive (.zip, .tar, .tar.gz, .tgz) at {}, found {found}{hint}",
                    path.display()
                )
            }
        })
    }

    /// Unpacks the files of `archive` below the folder `to`. Returns them.
    ///
    /// # Errors
    /// If the archive is damaged, cut or continues, has links, two files of one name, names that lead
    /// out of it or are not UTF-8, unpacks to much more than pictures do or than the disk has free, or
    /// if a file cannot be written.
    pub(super) fn unpack(self, archive: &Path, to: &Path) -> Result<Vec<Unpacked>> {
        self.unpack_within(archive, to, Budget::new(archive.metadata()?.len(), Space::at(to)?))
    }

    fn unpack_within(self, archive: &Path, to: &Path, budget: Budget) -> Result<Vec<Unpacked>> {
        let file = BufReader::new(File::open(archive)?);
        let mut files = Destination { to, budget, written: Vec::new() };
        match self {
            Self::Zip => zip_file::read(file, &mut files)?,
            Self::Tar => tar_file::read(file, &mut files)?,
            Self::TarGz => tar_file::read(MultiGzDecoder::new(file), &mut files)?,
        }
        ensure_or!(
            DataSet,
            !files.written.is_empty(),
            "expected files in the archive, found none; try packing it again"
        );
        Ok(files.written)
    }
}

/// The error that an archive is damaged, as `cause` shows.
pub(super) fn damaged(cause: impl Display) -> Error {
    let message = format!(
        "expected a whole archive, found damage ({cause}); try downloading it again, or unpacking it and its folder as the data set"
    );
    Fault { kind: ErrorKind::DataSet, message }.into()
}

/// The error that an entry is neither a file nor a folder.
pub(super) fn no_file(name: &str) -> Error {
    let message = format!(
        "expected files and folders, found {}, a link or special entry; try unpacking it and its folder as the data set",
        shown(Path::new(name))
    );
    Fault { kind: ErrorKind::DataSet, message }.into()
}

/// The name of an entry.
///
/// # Errors
/// If it is not in UTF-8: which characters the bytes stand for depends on the computer it was packed on.
pub(super) fn name_of(bytes: &[u8]) -> Result<&str> {
    match std::str::from_utf8(bytes) {
        Ok(name) if !name.contains('\0') => Ok(name),
        _ => fault!(
            DataSet,
            "expected names in UTF-8, found {}; try unpacking it by hand, a zip with its code page (unzip -O CP850), and its folder as the data set",
            shown(Path::new(OsStr::from_bytes(bytes)))
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Read};

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
            let kind = Kind::of(&at(name)).unwrap();
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
}
