//! Reading picture files: no more of them than their pictures can need.

use super::claim;
use super::format::Format;
use super::picture::MAX_PIXELS;
use anyhow::{Context, Result, ensure};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Largest file that is read, in bytes.
const LARGEST_FILE: u64 = 2 << 30;

/// Bytes in which the format and the size of most pictures are found.
const START: u64 = 64 << 10;

/// Bytes in which the size of a JPEG with large profiles is found.
const LONGEST_START: u64 = 16 << 20;

/// Bytes of a file beside those of its pixels: metadata, profiles, further frames, appended videos.
const OTHER_DATA: u64 = 128 << 20;

/// More bytes than any format needs for a pixel: 8 if uncompressed, of four channels of 16 bits.
const BYTES_PER_PIXEL: u64 = 32;

/// Reads a picture file of at most [`MAX_PIXELS`] pixels into `bytes`, which it replaces. Of a file
/// that is no picture, or claims more, only the first bytes are read.
///
/// # Errors
/// If there is no such file, or it cannot be read.
pub fn read_file(path: &Path, bytes: &mut Vec<u8>) -> Result<()> {
    read_within(MAX_PIXELS, path, bytes)
}

/// Reads a picture file of at most `max_pixels` pixels into `bytes`, which it replaces. Of a file that
/// is no picture, or claims too many pixels, only the first bytes are read; what is behind the pixels
/// may be left out.
///
/// # Errors
/// If there is no file, it is not a regular one (opening a pipe would wait, and a device may never
/// end), it has more than 2 GiB, it is not a picture that is decoded, it is too large, or it cannot be
/// read.
pub fn read_within(max_pixels: u64, path: &Path, bytes: &mut Vec<u8>) -> Result<()> {
    bytes.clear();
    let found = path.metadata().context("cannot read the file")?;
    ensure!(
        found.is_file(),
        "expected a picture, found {}",
        if found.is_dir() { "a folder" } else { "a pipe or device" }
    );
    let length = found.len();
    ensure!(
        length <= LARGEST_FILE,
        "expected a file of at most {LARGEST_FILE} bytes, found {length}"
    );
    let mut file = File::open(path).context("cannot read the file")?;
    let read_up_to = |file: &mut File, end: u64, bytes: &mut Vec<u8>| {
        // At once for a small file, without asking for its length again.
        bytes.reserve_exact((end.min(length + 1) as usize).saturating_sub(bytes.len()));
        let rest = end.saturating_sub(bytes.len() as u64);
        file.by_ref().take(rest).read_to_end(bytes).context("cannot read the file").map(|_| ())
    };
    read_up_to(&mut file, START, bytes)?;
    if (bytes.len() as u64) < START {
        return Ok(());
    }
    let mut size = claim::size(bytes, max_pixels)?;
    let format = Format::of(bytes);
    if size.is_none() && format == Some(Format::Jpeg) {
        read_up_to(&mut file, LONGEST_START, bytes)?;
        size = claim::size(bytes, max_pixels)?;
    }
    ensure!(
        size.is_some() || format == Some(Format::Tiff),
        "expected a picture with its size in the first {} bytes, found none",
        bytes.len()
    );
    if format == Some(Format::Tiff) {
        let mut entries = [0; 8];
        let at = SeekFrom::Start(claim::first_directory(bytes).unwrap_or(0));
        file.seek(at).and_then(|_| file.read(&mut entries)).context("cannot read the file")?;
        ensure!(entries != [0; 8], "expected a TIFF with a page, found none");
        file.seek(SeekFrom::Start(bytes.len() as u64)).context("cannot read the file")?;
    }
    let pixels = size.map(|(width, height)| width as u64 * height as u64);
    let most = match (format, pixels) {
        // Any number of pages, in any order.
        (Some(Format::Tiff), _) | (_, None) => LARGEST_FILE,
        (_, Some(pixels)) => OTHER_DATA.saturating_add(pixels.saturating_mul(BYTES_PER_PIXEL)),
    };
    ensure!(
        length <= most || !matches!(format, Some(Format::Gif | Format::WebP)),
        "expected an animation of at most {most} bytes for its size, found {length}"
    );
    read_up_to(&mut file, most.min(LARGEST_FILE), bytes)
}
