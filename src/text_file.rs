//! Reading small text files.

use crate::input_file;
use anyhow::{Context, Result, ensure};
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
}
