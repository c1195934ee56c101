//! PNG → pixels. Of an animated PNG, the default picture counts.

use super::orientation::{self, Orientation};
use super::picture::{Picture, check_size};
use super::samples;
use super::target::Target;
use super::traits::Traits;
use anyhow::{Result, ensure};
use image::codecs::png::PngDecoder;
use std::io::Cursor;

/// Decodes a file into an existing picture and returns its orientation, and what was noticed.
pub(super) fn decode_into(
    bytes: &[u8],
    target: &Target,
    picture: &mut Picture,
) -> Result<(Orientation, Traits)> {
    let chunks = read_chunks(bytes, target.max_pixels)?;
    let limits = samples::limits(chunks.width as u64 * chunks.height as u64, target.max_pixels);
    let traits = PngDecoder::with_limits(Cursor::new(bytes), limits)
        .map_err(anyhow::Error::from)
        .and_then(|decoder| samples::decode_into(decoder, target, picture))?;
    Ok((orientation::read(chunks.exif, chunks.xmp), traits))
}

/// Checks the header and that all chunks are present.
pub(super) fn check(bytes: &[u8], max_pixels: u64) -> Result<()> {
    read_chunks(bytes, max_pixels).map(|_| ())
}

#[derive(Default)]
struct Chunks<'a> {
    width: usize,
    height: usize,
    /// Bits per pixel.
    bits: usize,
    /// Bytes of compressed pixels.
    data: usize,
    exif: Option<&'a [u8]>,
    xmp: Option<&'a [u8]>,
}

/// Most bytes that a byte of Deflate's can stand for: 258, in two bits.
const MOST_COMPRESSED: usize = 1032;

/// Reads the chunks up to the end marker.
fn read_chunks(bytes: &[u8], max_pixels: u64) -> Result<Chunks<'_>> {
    let mut chunks = Chunks::default();
    let mut at = 8;
    loop {
        let header = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>);
        let data = header.and_then(|&[a, b, c, d, ..]| {
            let length = u32::from_be_bytes([a, b, c, d]) as usize;
            bytes.get(at + 8..at + 8 + length + 4).map(|data| &data[..length])
        });
        let (Some(header), Some(data)) = (header, data) else {
            anyhow::bail!("expected a complete PNG, found a truncated one");
        };
        match &header[4..] {
            b"IHDR" => {
                let side =
                    |at: usize| data.get(at..)?.first_chunk().map(|&side| u32::from_be_bytes(side));
                chunks.width = side(0).unwrap_or(0) as usize;
                chunks.height = side(4).unwrap_or(0) as usize;
                let samples = match data.get(9) {
                    Some(2) => 3,
                    Some(4) => 2,
                    Some(6) => 4,
                    _ => 1,
                };
                chunks.bits = data.get(8).map_or(1, |&bits| usize::from(bits) * samples);
            }
            b"PLTE" => ensure!(
                data.len().is_multiple_of(3),
                "expected a palette of whole colors in the PNG, found {} bytes",
                data.len()
            ),
            b"IDAT" => chunks.data += data.len(),
            b"eXIf" => chunks.exif = chunks.exif.or(Some(data)),
            b"iTXt" if data.starts_with(b"XML:com.adobe.xmp\0") => chunks.xmp = Some(data),
            b"IEND" => break,
            _ => {}
        }
        at += 8 + data.len() + 4;
    }
    ensure!(bytes.get(12..16) == Some(b"IHDR"), "expected a PNG with a header, found none");
    check_size(chunks.width, chunks.height, max_pixels)?;
    let least = (chunks.width * chunks.height * chunks.bits / 8).div_ceil(MOST_COMPRESSED);
    ensure!(
        chunks.data >= least,
        "expected at least {least} bytes of data for {}×{} pixels in the PNG, found {}",
        chunks.width,
        chunks.height,
        chunks.data
    );
    Ok(chunks)
}
