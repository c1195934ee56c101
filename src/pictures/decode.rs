//! JPEG bytes → pixels, as in Pillow's `Image.open(…).convert('RGB')` (or `'L'`): grayscale
//! pictures get three equal channels, CMYK is converted to RGB, and EXIF rotation is not applied.

use anyhow::{Result, bail, ensure};
use image::ImageFormat;
use memchr::memchr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};

/// Largest picture that is decoded, in pixels: Pillow raises `DecompressionBombError` above it. A
/// file of a few bytes can claim 65,535 × 65,535 pixels.
const MAX_PIXELS: u64 = 178_956_970;

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

/// Decodes a JPEG file.
///
/// # Errors
/// If the bytes are empty, not a JPEG, truncated, larger than 178,956,970 pixels, or not decodable.
/// Like libjpeg, decodes as much as possible of a file that is complete but damaged.
pub fn decode(bytes: &[u8], color_mode: ColorMode) -> Result<Picture> {
    let mut picture = Picture::default();
    decode_into(bytes, color_mode, &mut picture)?;
    Ok(picture)
}

/// [`decode`] into an existing picture, reusing its memory.
///
/// # Errors
/// As [`decode`]; the contents of `picture` are then unspecified.
pub fn decode_into(bytes: &[u8], color_mode: ColorMode, picture: &mut Picture) -> Result<()> {
    let (mut decoder, found) = read_headers(bytes)?;
    let Headers { width, height, channels } = found;
    let pixels = &mut picture.pixels;
    // Zeroed, since the decoder may leave a part unwritten if the data is damaged.
    pixels.clear();
    pixels.resize(width * height * channels, 0);
    decoder.decode_into(pixels)?;
    match (channels, color_mode) {
        (3, ColorMode::Rgb) | (1, ColorMode::Grayscale) => {}
        (1, ColorMode::Rgb) => *pixels = pixels.iter().flat_map(|&gray| [gray; 3]).collect(),
        (_, ColorMode::Grayscale) => {
            *pixels = pixels.chunks_exact(3).map(|rgb| luma(rgb[0], rgb[1], rgb[2])).collect();
        }
        (channels, _) => bail!("expected 1 or 3 channels, found {channels}"),
    }
    (picture.width, picture.height, picture.channels) = (width, height, color_mode.channels());
    Ok(())
}

/// Checks headers and end marker as [`decode`] does, without decoding, in a fraction of its time.
///
/// # Errors
/// As [`decode`], except for data that cannot be decoded.
pub fn check(bytes: &[u8]) -> Result<()> {
    read_headers(bytes).map(|_| ())
}

/// A file's size in pixels, and the channels it is decoded to: 1 or 3.
struct Headers {
    width: usize,
    height: usize,
    channels: usize,
}

fn read_headers(bytes: &[u8]) -> Result<(JpegDecoder<ZCursor<&[u8]>>, Headers)> {
    ensure!(!bytes.is_empty(), "expected a JPEG, found an empty file");
    if !bytes.starts_with(&[0xFF, 0xD8]) {
        match image::guess_format(bytes) {
            Ok(format) => bail!("expected a JPEG, found {}", name_of(format)),
            Err(_) => {
                bail!("expected a JPEG, found an unknown format (it does not begin with FF D8)")
            }
        }
    }
    // The decoder silently fills missing data with gray; Pillow rejects such a file.
    ensure!(ends_with_end_of_image(bytes), "expected a complete JPEG, found a truncated one");

    // Like libjpeg, and so Pillow, continue after errors that are not fatal.
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers()?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    ensure!(width > 0 && height > 0, "expected at least 1×1 pixels, found {width}×{height}");
    ensure!(
        width as u64 * height as u64 <= MAX_PIXELS,
        "expected at most {MAX_PIXELS} pixels, found {width}×{height}"
    );
    let (color_space, channels) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (ColorSpace::Luma, 1),
        _ => (ColorSpace::RGB, 3),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(color_space));
    Ok((decoder, Headers { width, height, channels }))
}

/// Pillow's RGB to L (`L24` in `Convert.c`): 0.299 R + 0.587 G + 0.114 B in 16-bit fixed point,
/// rounded.
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    let sum = u32::from(red) * 19595 + u32::from(green) * 38470 + u32::from(blue) * 7471 + 0x8000;
    (sum >> 16) as u8
}

/// Whether the JPEG's segments lead to an end-of-image marker. Walks the segments, since a search
/// would find the end marker of an embedded thumbnail.
fn ends_with_end_of_image(bytes: &[u8]) -> bool {
    let mut at = 2;
    // Skips scan data and stray bytes between segments, as libjpeg does.
    while let Some(offset) = bytes.get(at..).and_then(|rest| memchr(0xFF, rest)) {
        at += offset + 1;
        match bytes.get(at..) {
            Some([0xD9, ..]) => return true,
            // A fill byte: the next FF begins the marker.
            Some([0xFF, ..]) => {}
            // An escaped FF in scan data, and the markers without a length.
            Some([0x00 | 0x01 | 0xD0..=0xD8, ..]) => at += 1,
            Some([_, high, low, ..]) => at += 1 + usize::from(u16::from_be_bytes([*high, *low])),
            _ => return false,
        }
    }
    false
}

fn name_of(format: ImageFormat) -> String {
    let extension = format.extensions_str().first().unwrap_or(&"another format");
    format!("a picture in {} format", extension.to_uppercase())
}
