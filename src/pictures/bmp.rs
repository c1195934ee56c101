//! BMP → pixels.

use super::orientation::Orientation;
use super::picture::{ColorMode, Picture};
use super::samples::{self, Alpha};
use super::target::Target;
use super::traits::Traits;
use anyhow::{Result, ensure};
use image::ImageDecoder;
use image::codecs::bmp::BmpDecoder;
use std::io::Cursor;

/// Decodes a file into an existing picture and returns its orientation, which is always upright, and
/// what was noticed.
pub(super) fn decode_into(
    bytes: &[u8],
    target: &Target,
    picture: &mut Picture,
) -> Result<(Orientation, Traits)> {
    let decoder = open(bytes)?;
    if number(bytes, 14, 4) == Some(12) || number(bytes, 28, 2) != Some(16) {
        let traits = samples::decode_into(decoder, target, picture)?;
        return Ok((Orientation::NoTransforms, traits));
    }
    // The fourth bit of these is no transparency for Pillow.
    let rgb = Target { color_mode: ColorMode::Rgb, background: None, ..*target };
    samples::decode_into(decoder, &rgb, picture)?;
    // Pillow scales 5 or 6 bits to 8 by rounding down, the decoder to the nearest.
    let green = if number(bytes, 30, 4) == Some(3) { number(bytes, 58, 4) } else { Some(0x3E0) };
    let bits = match green {
        Some(0x3E0) => [5; 3],
        Some(0x7E0) => [5, 6, 5],
        _ => [8; 3],
    };
    for pixel in picture.pixels.as_chunks_mut::<3>().0 {
        for (value, bits) in pixel.iter_mut().zip(bits) {
            let largest = (1 << bits) - 1;
            *value = ((u32::from(*value) >> (8 - bits)) * 255 / largest) as u8;
        }
    }
    if target.color_mode == ColorMode::Grayscale {
        let pixels = std::mem::take(&mut picture.pixels);
        let size = (picture.width, picture.height);
        samples::fill(picture, size, (&pixels, 3), target, |sample| sample, None::<Alpha<u8>>);
    }
    Ok((Orientation::NoTransforms, Traits::default()))
}

/// Checks the headers and the file's length.
pub(super) fn check(bytes: &[u8], max_pixels: u64) -> Result<()> {
    samples::prepare(&mut open(bytes)?, max_pixels).map(|_| ())
}

fn open(bytes: &[u8]) -> Result<BmpDecoder<Cursor<&[u8]>>> {
    let decoder = BmpDecoder::new(Cursor::new(bytes))?;
    let (width, height) = decoder.dimensions();
    let length = data_length(bytes, u64::from(width), u64::from(height)).unwrap_or(u64::MAX);
    let start = number(bytes, 10, 4).unwrap_or(u64::MAX);
    ensure!(
        start.saturating_add(length) <= bytes.len() as u64,
        "expected a complete BMP, found a truncated one"
    );
    Ok(decoder)
}

/// Bytes of the pixels: run-length encoded ones as the header says, otherwise rows of whole words.
fn data_length(bytes: &[u8], width: u64, height: u64) -> Option<u64> {
    let is_core = number(bytes, 14, 4)? == 12;
    let (bits, compression) = match is_core {
        true => (number(bytes, 24, 2)?, 0),
        false => (number(bytes, 28, 2)?, number(bytes, 30, 4)?),
    };
    match compression {
        1 | 2 => number(bytes, 34, 4),
        _ => Some((width * bits).div_ceil(32) * 4 * height),
    }
}

/// The unsigned integer of `size` bytes at an offset, little-endian.
fn number(bytes: &[u8], at: usize, size: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + size)?;
    Some(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}
