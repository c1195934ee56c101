//! Picture files → pixels, as in Pillow's `Image.open(…).convert('RGB')` (or `'L'`): gray pictures get
//! three equal channels, transparency is dropped, and of 16 bits per sample the high byte is kept,
//! unless a [`Target`] says otherwise.
//! (Pillow does not scale 16-bit gray but clips it at 255.) Of several pages or frames, the first
//! counts.

use super::damage::explained;
use super::format::Format;
use super::orientation::{self, ExifOrientation};
use super::picture::{ColorMode, MAX_PIXELS, Picture};
use super::target::Target;
use super::traits::Traits;
use super::{bmp, budget, claim, gif, jpeg, png, tiff, webp};
use anyhow::{Result, anyhow};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Decodes a JPEG, PNG, WebP, BMP, TIFF or GIF file, recognized by its content.
///
/// # Errors
/// If the bytes are empty, of another format, truncated, damaged, larger than [`MAX_PIXELS`], or not
/// decodable.
pub fn decode(
    bytes: &[u8],
    color_mode: ColorMode,
    exif_orientation: ExifOrientation,
) -> Result<Picture> {
    let mut picture = Picture::default();
    let target = Target { color_mode, orientation: exif_orientation, ..Target::rgb(0, 0) };
    decode_to(bytes, &target, &mut picture)?;
    Ok(picture)
}

/// [`decode`] into an existing picture, reusing its memory, to the colors of `target`, with its limit of pixels, up to `u32::MAX`, which the claimed
/// size is held against before memory is allocated. The picture keeps its size. Returns what may make it
/// look other than meant.
///
/// # Errors
/// As [`decode`]; the contents of `picture` are then unspecified.
pub fn decode_to(bytes: &[u8], target: &Target, picture: &mut Picture) -> Result<Traits> {
    let max_pixels = target.max_pixels;
    let format = Format::decodable(bytes)?;
    let claimed = claim::size(bytes, max_pixels)?;
    let _share =
        budget::wait_for(claimed.map_or(0, |(width, height)| width as u64 * height as u64));
    // The decoders are not petite's own: a file on which one of them panics is as bad as any other.
    let decoded = catch_unwind(AssertUnwindSafe(|| match format {
        Format::Jpeg => jpeg::decode_into(bytes, target.color_mode, max_pixels, picture)
            .map(|stored| (stored, Traits::default())),
        Format::Png => png::decode_into(bytes, target, picture),
        Format::WebP => webp::decode_into(bytes, target, picture),
        Format::Bmp => bmp::decode_into(bytes, target, picture),
        Format::Gif => gif::decode_into(bytes, target, picture),
        _ => tiff::decode_into(bytes, target, picture),
    }));
    let decoded = decoded.unwrap_or_else(|_| Err(anyhow!("the decoder has failed")));
    let (stored, traits) = decoded.map_err(|error| explained(error, format))?;
    if target.orientation == ExifOrientation::Apply {
        orientation::apply(stored, picture);
    }
    Ok(traits)
}

/// Checks headers and completeness as [`decode`] does, without decoding, in a fraction of its time.
///
/// # Errors
/// As [`decode`], except for data that cannot be decoded.
pub fn check(bytes: &[u8]) -> Result<()> {
    check_within(MAX_PIXELS, bytes)
}

/// [`check`] with another limit of pixels.
///
/// # Errors
/// As [`check`].
pub fn check_within(max_pixels: u64, bytes: &[u8]) -> Result<()> {
    let format = Format::decodable(bytes)?;
    claim::size(bytes, max_pixels)?;
    let checked = match format {
        Format::Jpeg => jpeg::check(bytes, max_pixels),
        Format::Png => png::check(bytes, max_pixels),
        Format::WebP => webp::check(bytes, max_pixels),
        Format::Bmp => bmp::check(bytes, max_pixels),
        Format::Gif => gif::check(bytes, max_pixels),
        _ => tiff::check(bytes, max_pixels),
    };
    checked.map_err(|error| explained(error, format))
}
