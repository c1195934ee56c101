//! Zip archives of tensors, checked before and while they are read.

use anyhow::{Context, Result, ensure};
use std::io::{Read, Seek, SeekFrom};
use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config, ZipFile};

/// Length in bytes of a file's headers and padding; torch.save pads to 64 bytes or to a page.
const MAX_GAP: u64 = 64 << 10;

/// An archive whose headers agree. Every file in it has one entry in the directory with the same
/// name, size and checksum as in front of its contents, names are unique, and no two files overlap.
pub(super) struct Archive<R> {
    zip: ZipArchive<R>,
    /// Size of the archive in bytes.
    pub length: u64,
}

impl<R: Read + Seek> Archive<R> {
    /// # Errors
    /// If `reader` is not a zip, or the headers disagree.
    pub fn open(mut reader: R) -> Result<Self> {
        let length = reader.seek(SeekFrom::End(0))?;
        // Nothing is in front of the archive, so the file need not be searched for its parts.
        let config = Config { archive_offset: ArchiveOffset::Known(0) };
        let mut zip = ZipArchive::with_config(config, reader)?;
        check_gaps(&mut zip)?;
        zip.validate_header_consistency()?;
        Ok(Self { zip, length })
    }

    /// Names of the files, in the order of the directory.
    ///
    /// # Errors
    /// If a name is not text.
    pub fn names(&self) -> Result<Vec<String>> {
        self.zip.file_names().map(|name| Ok(name?.into_owned())).collect()
    }

    /// The file `name`.
    ///
    /// # Errors
    /// If there is none, or it is encrypted or compressed with another method than Deflate.
    pub fn file(&mut self, name: &str) -> Result<ZipFile<'_, R>> {
        self.zip.by_name(name).with_context(|| format!("expected {name:?} in the archive"))
    }
}

/// Rejects archives with long gaps between their files, which would be searched for other files. A
/// sparse file can have a gap of terabytes.
fn check_gaps(zip: &mut ZipArchive<impl Read + Seek>) -> Result<()> {
    let mut files = 0u64;
    for index in 0..zip.len() {
        files = files.saturating_add(zip.by_index_raw(index)?.compressed_size());
    }
    let gaps = zip.central_directory_start().saturating_sub(files);
    let limit = MAX_GAP.saturating_mul(zip.len() as u64 + 1);
    ensure!(gaps <= limit, "expected at most {limit} bytes between files, found {gaps}");
    Ok(())
}

/// Reads the end of a file, where its checksum is verified.
///
/// # Errors
/// If the file continues, or its checksum differs.
pub(super) fn finish(file: &mut impl Read) -> Result<()> {
    ensure!(file.read(&mut [0])? == 0, "expected the end of the file, found more");
    Ok(())
}
