//! Picture files → pixels, as in Pillow's `Image.open(…).convert('RGB')` (or `'L'`): gray pictures get
//! three equal channels, transparency is dropped, and of 16 bits per sample the high byte is kept.
//! (Pillow does not scale 16-bit gray but clips it at 255.) Of several pages or frames, the first
//! counts.

use super::format::Format;
use super::orientation::{self, ExifOrientation};
use super::picture::{ColorMode, Picture};
use super::{bmp, gif, jpeg, png, tiff, webp};
use anyhow::Result;

/// Decodes a JPEG, PNG, WebP, BMP, TIFF or GIF file, recognized by its content.
///
/// # Errors
/// If the bytes are empty, of another format, truncated, larger than 178,956,970 pixels, or not
/// decodable. Like libjpeg, decodes as much as possible of a JPEG that is complete but damaged.
pub fn decode(
    bytes: &[u8],
    color_mode: ColorMode,
    exif_orientation: ExifOrientation,
) -> Result<Picture> {
    let mut picture = Picture::default();
    decode_into(bytes, color_mode, exif_orientation, &mut picture)?;
    Ok(picture)
}

/// [`decode`] into an existing picture, reusing its memory.
///
/// # Errors
/// As [`decode`]; the contents of `picture` are then unspecified.
pub fn decode_into(
    bytes: &[u8],
    color_mode: ColorMode,
    exif_orientation: ExifOrientation,
    picture: &mut Picture,
) -> Result<()> {
    let stored = match Format::decodable(bytes)? {
        Format::Jpeg => jpeg::decode_into(bytes, color_mode, picture)?,
        Format::Png => png::decode_into(bytes, color_mode, picture)?,
        Format::WebP => webp::decode_into(bytes, color_mode, picture)?,
        Format::Bmp => bmp::decode_into(bytes, color_mode, picture)?,
        Format::Gif => gif::decode_into(bytes, color_mode, picture)?,
        _ => tiff::decode_into(bytes, color_mode, picture)?,
    };
    if exif_orientation == ExifOrientation::Apply {
        orientation::apply(stored, picture);
    }
    Ok(())
}

/// Checks headers and completeness as [`decode`] does, without decoding, in a fraction of its time.
///
/// # Errors
/// As [`decode`], except for data that cannot be decoded.
pub fn check(bytes: &[u8]) -> Result<()> {
    match Format::decodable(bytes)? {
        Format::Jpeg => jpeg::check(bytes),
        Format::Png => png::check(bytes),
        Format::WebP => webp::check(bytes),
        Format::Bmp => bmp::check(bytes),
        Format::Gif => gif::check(bytes),
        _ => tiff::check(bytes),
    }
}
