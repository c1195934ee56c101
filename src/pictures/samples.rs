//! Decoded samples → pixels.

use super::picture::{ColorMode, Picture, check_size, luma};
use anyhow::{Context, Result};
use image::{ImageDecoder, Limits};

/// Fills `picture`, `width` by `height` pixels, from interleaved samples: of 1 or 2 channels, gray and
/// alpha, or of 3 or more, red, green, blue and others. `byte` takes 8 bits of a sample.
pub(super) fn fill<T: Copy>(
    picture: &mut Picture,
    (width, height): (usize, usize),
    samples: &[T],
    channels: usize,
    color_mode: ColorMode,
    byte: impl Fn(T) -> u8,
) {
    let texels = samples.chunks_exact(channels).take(width * height);
    let pixels = &mut picture.pixels;
    pixels.clear();
    match (channels, color_mode) {
        (1 | 2, ColorMode::Grayscale) => pixels.extend(texels.map(|texel| byte(texel[0]))),
        (1 | 2, ColorMode::Rgb) => pixels.extend(texels.flat_map(|texel| [byte(texel[0]); 3])),
        (_, ColorMode::Rgb) => {
            pixels.extend(texels.flat_map(|texel| [texel[0], texel[1], texel[2]].map(&byte)));
        }
        (_, ColorMode::Grayscale) => {
            pixels.extend(texels.map(|texel| luma(byte(texel[0]), byte(texel[1]), byte(texel[2]))))
        }
    }
    (picture.width, picture.height, picture.channels) = (width, height, color_mode.channels());
}

/// Memory that a decoder of the image crate may use beside the samples, in bytes.
const WORKING_MEMORY: u64 = 64 << 20;

/// Limits for the decoding of a picture of `pixels` pixels with at most 4 samples of 16 bits.
pub(super) fn limits(pixels: u64, max_pixels: u64) -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc =
        Some(pixels.min(max_pixels).saturating_mul(8).saturating_add(WORKING_MEMORY));
    limits
}

/// Checks the size of a picture of the image crate's decoders, and limits their memory.
pub(super) fn prepare(decoder: &mut impl ImageDecoder, max_pixels: u64) -> Result<(usize, usize)> {
    let (width, height) = decoder.dimensions();
    check_size(width as usize, height as usize, max_pixels)?;
    decoder.set_limits(limits(u64::from(width) * u64::from(height), max_pixels))?;
    Ok((width as usize, height as usize))
}

/// Decodes into `picture` what a decoder of the image crate has opened.
pub(super) fn decode_into(
    mut decoder: impl ImageDecoder,
    color_mode: ColorMode,
    max_pixels: u64,
    picture: &mut Picture,
) -> Result<()> {
    let size = prepare(&mut decoder, max_pixels)?;
    let color = decoder.color_type();
    let channels = usize::from(color.channel_count());
    let is_16_bit = color.bytes_per_pixel() == 2 * color.channel_count();
    let length = usize::try_from(decoder.total_bytes()).context("too many samples")?;
    if !is_16_bit && channels == color_mode.channels() {
        picture.pixels.clear();
        picture.pixels.resize(length, 0);
        decoder.read_image(&mut picture.pixels)?;
        (picture.width, picture.height, picture.channels) = (size.0, size.1, channels);
        return Ok(());
    }
    let mut samples = vec![0; length];
    decoder.read_image(&mut samples)?;
    if is_16_bit {
        let (samples, _) = samples.as_chunks::<2>();
        let high = |sample: [u8; 2]| (u16::from_ne_bytes(sample) >> 8) as u8;
        fill(picture, size, samples, channels, color_mode, high);
    } else {
        fill(picture, size, &samples, channels, color_mode, |sample| sample);
    }
    Ok(())
}
