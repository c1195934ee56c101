//! Reads zips of pictures, all of them.

use super::destination::Destination;
use super::unpack::{damaged, name_of, no_file};
use crate::error::{ErrorKind, Fault, ensure_or};
use anyhow::{Error, Result};
use std::fmt::Display;
use std::io::{Read, Seek, SeekFrom};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

/// The record at the end of a zip, without its comment: how it begins, and its length.
const END_OF_ZIP: (&[u8], i64) = (b"PK\x05\x06", 22);

/// Writes every file of a zip to `files`.
///
/// # Errors
/// If the zip is damaged, cut or continues, has a password, links or files that its directory does not
/// list once, or a file cannot be written.
pub(super) fn read(file: impl Read + Seek, files: &mut Destination<'_>) -> Result<()> {
    let mut archive = ZipArchive::new(file).map_err(zip_error)?;
    for index in 0..archive.len() {
        let entry = archive.by_index_data(index).map_err(zip_error)?;
        match entry.compression() {
            _ if entry.encrypted() => return Err(unsupported("a password")),
            CompressionMethod::Stored | CompressionMethod::Deflated => {}
            other => return Err(unsupported(other)),
        }
    }
    // Otherwise the last of several files of one name would win, and one that is not listed be lost.
    archive.validate_header_consistency().map_err(zip_error)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(zip_error)?;
        // Some Windows programs write backslashes.
        let name = name_of(entry.name_raw())?.replace('\\', "/");
        let size = entry.size();
        if entry.is_symlink() || entry.is_dir() && size > 0 {
            return Err(no_file(&name));
        }
        if !entry.is_dir() {
            files.write(&name, size, &mut entry)?;
        }
    }
    let (signature, length) = END_OF_ZIP;
    let end = length + archive.comment().len() as i64;
    let (mut file, mut found) = (archive.into_inner(), [0; 4]);
    file.seek(SeekFrom::End(-end)).and_then(|_| file.read_exact(&mut found)).map_err(damaged)?;
    ensure_or!(
        DataSet,
        found == signature,
        "expected nothing after the end of the zip, found more; try unpacking it first (7z x) and its folder as the data set"
    );
    Ok(())
}

fn zip_error(error: ZipError) -> Error {
    match error {
        ZipError::UnsupportedArchive(found) => unsupported(found),
        error => damaged(error),
    }
}

fn unsupported(found: impl Display) -> Error {
    let message = format!(
        "expected a zip without a password, packed by Deflate or not at all, found {found}; try unpacking it first (7z x) and its folder as the data set"
    );
    Fault { kind: ErrorKind::DataSet, message }.into()
}
