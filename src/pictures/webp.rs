//! WebP → pixels, lossy or lossless. Of an animation, the first frame counts.

use super::orientation::{self, Orientation};
use super::picture::Picture;
use super::samples;
use super::target::Target;
use super::traits::Traits;
use anyhow::{Result, ensure};
use image::ImageDecoder;
use image::codecs::webp::WebPDecoder;
use std::io::Cursor;

/// Decodes a file into an existing picture and returns its orientation, and what was noticed.
pub(super) fn decode_into(
    bytes: &[u8],
    target: &Target,
    picture: &mut Picture,
) -> Result<(Orientation, Traits)> {
    let mut decoder = open(bytes)?;
    let exif = decoder.exif_metadata().ok().flatten();
    let xmp = decoder.xmp_metadata().ok().flatten();
    let traits = samples::decode_into(decoder, target, picture)?;
    Ok((orientation::read(exif.as_deref(), xmp.as_deref()), traits))
}

/// Checks the headers and the file's length.
pub(super) fn check(bytes: &[u8], max_pixels: u64) -> Result<()> {
    samples::prepare(&mut open(bytes)?, max_pixels).map(|_| ())
}

fn open(bytes: &[u8]) -> Result<WebPDecoder<Cursor<&[u8]>>> {
    let length = bytes.get(4..).and_then(<[u8]>::first_chunk).map(|&size| u32::from_le_bytes(size));
    ensure!(
        length.is_some_and(|length| length as usize + 8 <= bytes.len()),
        "expected a complete WebP, found a truncated one"
    );
    Ok(WebPDecoder::new(Cursor::new(bytes))?)
}
