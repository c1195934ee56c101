//! Decoded pictures.

use anyhow::{Context, Result, ensure};
use image::{ColorType, ImageFormat, write_buffer_with_format};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::io::Cursor;

/// Usual largest picture that is decoded, in pixels: Pillow raises `DecompressionBombError` above it.
/// A file of a few bytes can claim 65,535 × 65,535 pixels.
pub const MAX_PIXELS: u64 = 178_956_970;

/// Largest limit of pixels, so that sizes in bytes do not overflow.
pub(super) const LARGEST_LIMIT: u64 = u32::MAX as u64;

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

impl Picture {
    /// The picture as the bytes of a PNG file.
    ///
    /// # Errors
    /// If it has no pixels, or more than a PNG can have.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let color = if self.channels == 1 { ColorType::L8 } else { ColorType::Rgb8 };
        let (width, height) = (u32::try_from(self.width)?, u32::try_from(self.height)?);
        let mut bytes = Cursor::new(Vec::new());
        let format = ImageFormat::Png;
        write_buffer_with_format(&mut bytes, &self.pixels, width, height, color, format)
            .context("cannot write a PNG")?;
        Ok(bytes.into_inner())
    }
}

/// A part of a picture, in pixels from its top left corner. f32, as in Pillow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// Left edge.
    pub left: f32,
    /// Upper edge.
    pub top: f32,
    /// Right edge.
    pub right: f32,
    /// Lower edge.
    pub bottom: f32,
}

impl Area {
    /// The whole of a picture.
    pub fn of(picture: &Picture) -> Self {
        Self { left: 0.0, top: 0.0, right: picture.width as f32, bottom: picture.height as f32 }
    }
}

/// Checks the size that a file claims, in pixels.
pub(super) fn check_size(width: usize, height: usize, max_pixels: u64) -> Result<()> {
    let max_pixels = max_pixels.min(LARGEST_LIMIT);
    ensure!(width > 0 && height > 0, "expected at least 1×1 pixels, found {width}×{height}");
    ensure!(
        (width as u64).saturating_mul(height as u64) <= max_pixels,
        "expected at most {max_pixels} pixels, found {width}×{height} (`max_pixels` sets the limit)"
    );
    Ok(())
}

/// Pillow's RGB to L (`L24` in `Convert.c`): 0.299 R + 0.587 G + 0.114 B in 16-bit fixed point,
/// rounded.
pub(super) fn luma(red: u8, green: u8, blue: u8) -> u8 {
    let sum = u32::from(red) * 19595 + u32::from(green) * 38470 + u32::from(blue) * 7471 + 0x8000;
    (sum >> 16) as u8
}
