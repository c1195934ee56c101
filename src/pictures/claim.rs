//! The size that a file claims in its first bytes, so that nothing is read or allocated for a picture
//! that is too large.

use super::directory::Directories;
use super::format::Format;
use super::jpeg;
use super::picture::check_size;
use anyhow::{Result, ensure};

/// Width and height of a file that begins with `start`, as far as these bytes say.
///
/// # Errors
/// If the file is not a picture that is decoded, or has more than `max_pixels` pixels.
pub(super) fn size(start: &[u8], max_pixels: u64) -> Result<Option<(usize, usize)>> {
    let little = |at: usize, bytes: usize| {
        let bytes = start.get(at..at + bytes)?;
        Some(bytes.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte)))
    };
    let big = |at: usize| start.get(at..)?.first_chunk().map(|&side| u32::from_be_bytes(side));
    let both = |width, height| Some((width?, height?));
    let size = match Format::decodable(start)? {
        Format::Jpeg => return jpeg::size(start, max_pixels),
        Format::Png if start.get(12..16) != Some(b"IHDR") => None,
        Format::Png => both(big(16).map(|side| side as usize), big(20).map(|side| side as usize)),
        Format::Gif => both(little(6, 2), little(8, 2)),
        Format::Bmp if little(14, 4) == Some(12) => both(little(18, 2), little(20, 2)),
        Format::Bmp => {
            // Rows from the top are a negative height.
            let side = |at| little(at, 4).map(|side| (side as u32 as i32).unsigned_abs() as usize);
            both(side(18), side(22))
        }
        Format::WebP => match start.get(12..16) {
            Some(b"VP8X") => {
                both(little(24, 3).map(|side| side + 1), little(27, 3).map(|side| side + 1))
            }
            Some(b"VP8L") => {
                let sides = little(21, 4);
                let side = |shift: usize| sides.map(|sides| (sides >> shift & 0x3FFF) + 1);
                both(side(0), side(14))
            }
            Some(b"VP8 ") => both(
                little(26, 2).map(|side| side & 0x3FFF),
                little(28, 2).map(|side| side & 0x3FFF),
            ),
            _ => None,
        },
        _ => tiff_size(start)?,
    };
    // A GIF's first frame may be larger than its screen, which may be empty.
    if let Some((width, height)) = size.filter(|size| *size != (0, 0)) {
        check_size(width.max(1), height.max(1), max_pixels)?;
    }
    Ok(size)
}

/// Offset of a TIFF's first directory.
pub(super) fn first_directory(start: &[u8]) -> Option<u64> {
    Directories::new(start)?.first()
}

fn tiff_size(start: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(directories) = Directories::new(start) else { return Ok(None) };
    let first = directories.first();
    ensure!(first != Some(0), "expected a TIFF with a page, found none");
    let Some(directory) = first.and_then(|first| directories.read(first)) else { return Ok(None) };
    let side = |tag| directory.number(tag).and_then(|side| usize::try_from(side).ok());
    if directory.next().is_none() {
        return Ok(None); // The directory goes on behind these bytes.
    }
    let size = side(256).zip(side(257));
    ensure!(size.is_some(), "expected a TIFF page with a width and a height, found one without");
    Ok(size)
}
