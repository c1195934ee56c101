//! Reading text files.

use crate::files::input_file::{self, Foreign, START};
use anyhow::{Context, Result, bail, ensure};
use memchr::memchr;
use std::io::Read;
use std::path::Path;

/// The text of the file at `path`. One of more than `limit` bytes is no such file, and is not read
/// into memory.
///
/// # Errors
/// If the file cannot be read, is longer, or is not UTF-8; without the path.
pub fn read(path: &Path, limit: u64) -> Result<String> {
    let mut bytes = Vec::new();
    input_file::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    ensure!(bytes.len() as u64 <= limit, "expected at most {limit} bytes of text, found more");
    String::from_utf8(bytes).context("expected text in UTF-8, found other bytes")
}

/// The bytes of a text file that people made, which may be in any encoding that keeps ASCII as it is;
/// without a byte order mark.
///
/// # Errors
/// If it is not a file, cannot be read, is longer than `limit`, or is not such text; without the path.
pub fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let file = input_file::open(path)?;
    let length = file.metadata()?.len();
    ensure!(length <= limit, "expected at most {limit} bytes, found {length}; try several files");
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    if let Some(Foreign { name, remedy }) = Foreign::of(&bytes[..bytes.len().min(START)]) {
        bail!("expected text, found {name}; try {remedy}");
    }
    // What spreadsheets call Unicode text has a zero in every character of ASCII.
    let is_utf_16 = [b"\xFF\xFE", b"\xFE\xFF"].iter().any(|mark| bytes.starts_with(*mark));
    let zero = memchr(0, &bytes);
    ensure!(
        zero.is_none() && !is_utf_16,
        "expected text in UTF-8, found {}; try saving it as CSV UTF-8",
        if is_utf_16 || zero < Some(2) { "UTF-16" } else { "other data" }
    );
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        bytes.drain(..3);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_no_more_than_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        std::fs::write(&path, "äbc").unwrap();
        assert_eq!(read(&path, 4).unwrap(), "äbc");
        assert!(read(&path, 3).unwrap_err().to_string().contains("at most 3 bytes"));
        assert!(read(Path::new("/dev/zero"), 1000).is_err());
        std::fs::write(&path, b"\xFF").unwrap();
        assert!(read(&path, 4).unwrap_err().to_string().contains("UTF-8"));
        assert!(read(folder.path(), 4).is_err());
    }

    #[test]
    fn what_is_no_text_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        let utf_16 = |mark: &[u8], to_bytes: fn(u16) -> [u8; 2]| {
            let text = "a,b\nä,c\n".encode_utf16().flat_map(to_bytes);
            mark.iter().copied().chain(text).collect::<Vec<u8>>()
        };
        let refused = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            read_bytes(&path, 100).unwrap_err().to_string()
        };
        for bytes in [
            utf_16(b"\xFF\xFE", u16::to_le_bytes),
            utf_16(b"\xFE\xFF", u16::to_be_bytes),
            utf_16(b"", u16::to_le_bytes),
            utf_16(b"", u16::to_be_bytes),
        ] {
            assert!(refused(&bytes).contains("found UTF-16; try saving it as CSV UTF-8"));
        }
        assert!(refused(b"PK\x03\x04\0").contains("found other data"));
        assert!(refused(&[b'a'; 101]).contains("found 101"));
        std::fs::write(&path, b"\xEF\xBB\xBFa\xFF").unwrap();
        assert_eq!(read_bytes(&path, 100).unwrap(), b"a\xFF");
        assert!(read_bytes(folder.path(), 100).unwrap_err().to_string().contains("a folder"));
        let device = read_bytes(Path::new("/dev/zero"), 100).unwrap_err().to_string();
        assert!(device.contains("a pipe or device"), "{device}");
    }
}
