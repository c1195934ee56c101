//! JPEG bytes → pixels, as Pillow's `Image.open(…).convert('RGB')` (or `'L'`) gives them: grey
//! pictures get three equal channels, CMYK is converted, the EXIF rotation is not applied.

use anyhow::{Result, bail, ensure};
use clap::ValueEnum;
use image::{ImageDecoder, ImageFormat, codecs::jpeg::JpegDecoder};
use serde::{Deserialize, Serialize};
use std::io::Cursor;

/// Largest picture that is decoded, in pixels: the size above which Pillow raises its
/// `DecompressionBombError`. A file of a few bytes can claim 65,535 × 65,535.
const MAX_PIXELS: u64 = 178_956_970;

/// Keras's `color_mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColorMode {
    /// Three channels: red, green, blue.
    Rgb,
    /// One channel: ITU-R 601-2 luma, as Pillow's `convert('L')`.
    Grayscale,
}

impl ColorMode {
    /// Bytes a pixel.
    pub fn channels(self) -> usize {
        match self {
            Self::Rgb => 3,
            Self::Grayscale => 1,
        }
    }
}

/// Decoded pixels, rows from the top, channels interleaved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    /// `height · width · channels` values 0..=255.
    pub pixels: Vec<u8>,
}

/// Decodes a whole JPEG file.
///
/// # Errors
/// If the bytes are empty, no JPEG, cut short, or not decodable. A picture whose data is damaged
/// but complete is decoded as far as it goes, as libjpeg does.
pub fn decode(bytes: &[u8], color_mode: ColorMode) -> Result<Picture> {
    ensure!(!bytes.is_empty(), "expected a JPEG, found an empty file");
    if !bytes.starts_with(&[0xFF, 0xD8]) {
        match image::guess_format(bytes) {
            Ok(format) => bail!("expected a JPEG, found {}", name_of(format)),
            Err(_) => bail!("expected a JPEG, found something else (it does not begin with FF D8)"),
        }
    }
    // The decoder fills what is missing with grey and says nothing; Pillow refuses such a file.
    ensure!(ends_with_end_of_image(bytes), "expected a whole JPEG, found one that is cut short");

    let decoder = JpegDecoder::new(Cursor::new(bytes))?;
    let (width, height) = decoder.dimensions();
    ensure!(width > 0 && height > 0, "expected a picture, found {width}×{height} pixels");
    ensure!(
        u64::from(width) * u64::from(height) <= MAX_PIXELS,
        "expected at most {MAX_PIXELS} pixels, found {width}×{height}"
    );
    let (width, height) = (width as usize, height as usize);
    let found_channels = usize::from(decoder.color_type().channel_count());
    let mut pixels = vec![0; width * height * found_channels];
    decoder.read_image(&mut pixels)?;

    let pixels = match (found_channels, color_mode) {
        (3, ColorMode::Rgb) | (1, ColorMode::Grayscale) => pixels,
        (1, ColorMode::Rgb) => pixels.iter().flat_map(|&grey| [grey; 3]).collect(),
        (3, ColorMode::Grayscale) => {
            pixels.chunks_exact(3).map(|rgb| luma(rgb[0], rgb[1], rgb[2])).collect()
        }
        (channels, _) => bail!("expected 1 or 3 channels, found {channels}"),
    };
    Ok(Picture { width, height, channels: color_mode.channels(), pixels })
}

/// Pillow's `L` from `RGB`: 0.299 R + 0.587 G + 0.114 B in 16-bit fixed point, rounded.
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    let sum = u32::from(red) * 19595 + u32::from(green) * 38470 + u32::from(blue) * 7471 + 0x8000;
    (sum >> 16) as u8
}

/// Whether the JPEG's segments lead to an end-of-image marker. Walks marker by marker, since a
/// thumbnail inside a segment has an end marker of its own.
fn ends_with_end_of_image(bytes: &[u8]) -> bool {
    let mut at = 2;
    // Scan data and stray bytes between segments are passed over, as libjpeg does.
    while let Some(offset) = bytes.get(at..).and_then(|rest| rest.iter().position(|&b| b == 0xFF)) {
        at += offset + 1;
        match bytes.get(at..) {
            Some([0xD9, ..]) => return true,
            // A fill byte: the next FF begins the marker.
            Some([0xFF, ..]) => {}
            // A data byte FF inside a scan, and the markers without a length.
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
