//! Files to read: regular ones only, and what those of other kinds are, by their first bytes.

use crate::error::{ErrorKind, Fault};
use anyhow::{Context, Result};
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// Bytes by which a file is recognized.
pub const START: usize = 512;

/// Opens the file at `path` to read it. Opening a pipe would wait, and a device may never end: that is
/// an error instead.
///
/// # Errors
/// If there is no regular file, or it cannot be opened.
pub fn open(path: &Path) -> io::Result<File> {
    // Without effect on regular files.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let found = match file.metadata()? {
        found if found.is_file() => return Ok(file),
        found if found.is_dir() => "a folder",
        _ => "a pipe or device",
    };
    Err(io::Error::other(format!("expected a file, found {found}")))
}

/// Opens the file at `path`, which is to be `what`, such as `weights`.
///
/// # Errors
/// As [`open`], and one of the given kind if its first bytes are those of a [`Foreign`] file.
pub fn open_as(what: &str, kind: ErrorKind, path: &Path) -> Result<File> {
    let cannot_read = || format!("cannot read {}", path.display());
    let file = open(path).with_context(cannot_read)?;
    let mut start = [0; START];
    let length = file.read_at(&mut start, 0).with_context(cannot_read)?;
    match Foreign::of(&start[..length]) {
        None => Ok(file),
        Some(Foreign { name, remedy }) => {
            let path = path.display();
            let message = format!("expected {what} in {path}, found {name}; try {remedy}");
            Err(Fault { kind, message }.into())
        }
    }
}

/// The first [`START`] bytes of the file at `path`, or all of a shorter one.
///
/// # Errors
/// As [`open`], and if it cannot be read.
pub fn start_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(START);
    open(path)?.take(START as u64).read_to_end(&mut start)?;
    Ok(start)
}

/// A kind of file that people have in place of pictures, archives, lists or weights.
#[derive(Debug, PartialEq, Eq)]
pub struct Foreign {
    /// What it is.
    pub name: &'static str,
    /// What to try.
    pub remedy: &'static str,
}

/// Kinds by their first bytes.
const KINDS: [(&[u8], Foreign); 7] = [
    (
        b"version https://git-lfs.github.com/spec/",
        Foreign { name: "a Git LFS pointer", remedy: "git lfs pull" },
    ),
    (
        b"7z\xBC\xAF\x27\x1C",
        Foreign { name: "a 7-Zip archive", remedy: "unpacking it first (7z x)" },
    ),
    (b"Rar!\x1A\x07", Foreign { name: "a RAR archive", remedy: "unpacking it first (7z x)" }),
    (b"\xFD7zXZ\0", Foreign { name: "an xz archive", remedy: "unpacking it first (tar xf)" }),
    (b"BZh", Foreign { name: "a bzip2 archive", remedy: "unpacking it first (tar xf)" }),
    (
        b"\x28\xB5\x2F\xFD",
        Foreign { name: "a Zstandard archive", remedy: "unpacking it first (tar xf)" },
    ),
    (
        b"\x04\x22\x4D\x18",
        Foreign { name: "an LZ4 archive", remedy: "unpacking it first (lz4 -d)" },
    ),
];

/// What a login or an error page is saved as.
const WEB_PAGE: Foreign =
    Foreign { name: "a web page", remedy: "downloading it again, signed in if necessary" };

impl Foreign {
    /// The kind of a file that begins with `start`.
    pub fn of(start: &[u8]) -> Option<&'static Self> {
        let text = String::from_utf8_lossy(&start[..start.len().min(256)]).to_ascii_lowercase();
        let is_page = text.contains("<html") || text.contains("<!doctype html");
        let known = KINDS.iter().find(|(magic, _)| start.starts_with(magic));
        known.map(|(_, kind)| kind).or(is_page.then_some(&WEB_PAGE))
    }
}

/// What a file of an unknown kind that begins with `start` seems to be, and what to try if that is known.
pub fn describe(start: &[u8]) -> String {
    let first = &start[..start.len().min(256)];
    let is_text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    if let Some(Foreign { name, remedy }) = Foreign::of(start) {
        format!("{name}; try {remedy}")
    } else if first.is_empty() {
        "an empty file".to_owned()
    } else if first.iter().all(is_text) {
        "text".to_owned()
    } else {
        let bytes: Vec<String> = first.iter().take(4).map(|byte| format!("{byte:02X}")).collect();
        format!("an unknown format (it begins with {})", bytes.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_and_devices_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for (path, found) in [
            (&*pipe, "a pipe or device"),
            (Path::new("/dev/zero"), "a pipe or device"),
            (folder.path(), "a folder"),
        ] {
            assert!(open(path).unwrap_err().to_string().ends_with(found), "{}", path.display());
            assert!(
                open_as("weights", ErrorKind::Weights, path).is_err() && start_of(path).is_err()
            );
        }
        std::fs::write(folder.path().join("file"), [7; 1000]).unwrap();
        assert_eq!(start_of(&folder.path().join("file")).unwrap(), [7; START]);
    }

    #[test]
    fn other_kinds_are_named_with_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cats.zip");
        for (start, expected) in [
            (&b"version https://git-lfs.github.com/spec/v1\noid sha256:0"[..], "try git lfs pull"),
            (b"7z\xBC\xAF\x27\x1C\0\x04", "found a 7-Zip archive; try unpacking it first (7z x)"),
            (b"\xFD7zXZ\0\0\x04", "try unpacking it first (tar xf)"),
            (b"\n<!DOCTYPE HTML>\n<title>Sign in</title>", "found a web page; try downloading"),
        ] {
            std::fs::write(&path, start).unwrap();
            let error = open_as("a list", ErrorKind::DataSet, &path).unwrap_err().to_string();
            assert!(error.contains("cats.zip") && error.contains(expected), "{error}");
            assert!(describe(start).contains("; try"), "{}", describe(start));
        }
        assert_eq!(describe(b""), "an empty file");
        assert_eq!(describe(b"path,label\n"), "text");
        assert_eq!(describe(b"\0\x01\x02\x03"), "an unknown format (it begins with 00 01 02 03)");
    }
}
