//! Reads tars to their end.

use super::destination::Destination;
use super::unpack::{damaged, name_of, no_file};
use crate::error::ensure_or;
use anyhow::Result;
use std::cell::Cell;
use std::io::{self, Read};
use tar::{Archive, Entry};

/// Most bytes between the files of a tar, and after them: names, times, attributes, zeros.
const HEADERS: u64 = 1 << 20;

/// Everything in a tar is in blocks of this size.
const BLOCK: u64 = 512;

const CUT: &str = "expected two blocks of zeros at the end of a tar, found none: something may be missing; try downloading it again, or unpacking it and its folder as the data set";

/// Writes every file of a tar to `files`. Reads it to its end: two blocks of zeros, and nothing but zeros
/// after them.
///
/// # Errors
/// If the tar is damaged, cut or continues, has anything but files and folders, or a file cannot be written.
pub(super) fn read(file: impl Read, files: &mut Destination<'_>) -> Result<()> {
    let (left, position) = (Cell::new(HEADERS), Cell::new(0));
    let mut archive = Archive::new(Metered { file, left: &left, position: &position });
    let mut end = 0;
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        check_attributes(&mut entry)?;
        let name = name_of(&entry.path_bytes())?.to_owned();
        let size = entry.size();
        end = entry.raw_file_position().saturating_add(size.div_ceil(BLOCK).saturating_mul(BLOCK));
        // Before folders had a type of their own, their names ended with a slash.
        let kind = entry.header().entry_type();
        let is_folder = kind.is_dir() || kind.is_file() && name.ends_with('/');
        if kind.is_contiguous() || kind.is_file() && !is_folder {
            left.set(u64::MAX);
            files.write(&name, size, &mut entry)?;
            left.set(HEADERS);
        } else if !(kind.is_pax_global_extensions() || is_folder && size == 0) {
            return Err(no_file(&name));
        }
    }
    // What ended the loop, after the padding of the last file.
    ensure_or!(DataSet, position.get() == end.saturating_add(BLOCK), "{CUT}");
    let mut rest = archive.into_inner();
    let (mut zeros, mut bytes) = (0, [0; BLOCK as usize]);
    loop {
        let count = rest.read(&mut bytes).map_err(damaged)?;
        if count == 0 {
            break;
        }
        let is_end = bytes[..count].iter().all(|&byte| byte == 0);
        ensure_or!(
            DataSet,
            is_end,
            "expected nothing after the end of a tar, found more; try unpacking it (tar xf, with -i for several tars in one) and its folder as the data set"
        );
        zeros += count as u64;
    }
    ensure_or!(DataSet, zeros >= BLOCK, "{CUT}");
    Ok(())
}

/// Checks that the attributes in front of an entry, which may replace those of its header, are read
/// here as by other programs.
///
/// # Errors
/// If they are not.
fn check_attributes(entry: &mut Entry<impl Read>) -> Result<()> {
    let is_global = entry.header().entry_type().is_pax_global_extensions();
    let (name, size) = (entry.path_bytes().into_owned(), entry.size());
    let Some(attributes) = entry.pax_extensions().map_err(damaged)? else { return Ok(()) };
    for attribute in attributes {
        let attribute = attribute.map_err(damaged)?;
        let is_known = match attribute.key_bytes() {
            b"path" => !is_global && attribute.value_bytes() == name,
            b"size" => !is_global && attribute.value_bytes() == size.to_string().as_bytes(),
            // The contents of a sparse file are a list of its parts, and then these.
            key => !key.starts_with(b"GNU.sparse."),
        };
        if !is_known {
            return Err(no_file(&String::from_utf8_lossy(&name)));
        }
    }
    Ok(())
}

/// Counts bytes, and fails after `left` of them: the crate reads names into memory, however long the
/// archive says they are.
struct Metered<'a, R> {
    file: R,
    left: &'a Cell<u64>,
    position: &'a Cell<u64>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(bytes)?;
        let left = self.left.get().checked_sub(count as u64).ok_or_else(|| {
            io::Error::other(format!("expected at most {HEADERS} bytes between files, found more"))
        })?;
        self.left.set(left);
        self.position.set(self.position.get() + count as u64);
        Ok(count)
    }
}
