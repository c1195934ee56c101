//! Picture files → pixels, as in Pillow's `Image.open(…).convert('RGB')` (or `'L'`): gray pictures get
//! three equal channels, transparency is dropped, and of 16 bits per sample the high byte is kept.
//! (Pillow does not scale 16-bit gray but clips it at 255.) Of several pages or frames, the first
//! counts.

use super::format::Format;
use super::orientation::{self, ExifOrientation};
use super::{bmp, gif, jpeg, png, tiff, webp};
use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Largest picture that is decoded, in pixels: Pillow raises `DecompressionBombError` above it. A
/// file of a few bytes can claim 65,535 × 65,535 pixels.
pub(super) const MAX_PIXELS: u64 = 178_956_970;

/// Channels of a decoded picture: Keras's `color_mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ColorMode {
    /// Three channels: red, green, blue.
    Rgb,
    /// One channel: ITU-R 601-2 luma, as in Pillow's `convert('L')`.
    Grayscale,
}

impl ColorMode {
    /// Channels, and bytes, per pixel: 3 or 1.
    pub fn channels(self) -> usize {
        match self {
            Self::Rgb => 3,
            Self::Grayscale => 1,
        }
    }
}

/// Decoded pixels, `[height, width, channels]` u8 in row-major order, top row first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picture {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// 1 or 3.
    pub channels: usize,
    /// `height · width · channels` values in 0..=255.
    pub pixels: Vec<u8>,
}

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

/// Checks the size that a file claims, in pixels.
pub(super) fn check_size(width: usize, height: usize) -> Result<()> {
    ensure!(width > 0 && height > 0, "expected at least 1×1 pixels, found {width}×{height}");
    ensure!(
        (width as u64).saturating_mul(height as u64) <= MAX_PIXELS,
        "expected at most {MAX_PIXELS} pixels, found {width}×{height}"
    );
    Ok(())
}

/// Pillow's RGB to L (`L24` in `Convert.c`): 0.299 R + 0.587 G + 0.114 B in 16-bit fixed point,
/// rounded.
pub(super) fn luma(red: u8, green: u8, blue: u8) -> u8 {
    let sum = u32::from(red) * 19595 + u32::from(green) * 38470 + u32::from(blue) * 7471 + 0x8000;
    (sum >> 16) as u8
}
