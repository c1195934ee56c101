//! Decoded samples → pixels.

use super::picture::{ColorMode, Picture, check_size, luma};
use super::target::Target;
use super::traits::{Traits, is_clear, is_transparent};
use anyhow::{Context, Result};
use image::{ImageDecoder, Limits};

/// Where the opacity is among the samples of a pixel, and how to take 8 bits of it.
pub(super) type Alpha<T> = (usize, fn(T) -> u8);

/// Fills `picture`, `width` by `height` pixels, from interleaved samples: of 1 or 2 channels, gray and
/// alpha, or of 3 or more, red, green, blue and others. `byte` takes 8 bits of a color sample. Returns
/// whether the transparency that was dropped matters.
pub(super) fn fill<T: Copy>(
    picture: &mut Picture,
    (width, height): (usize, usize),
    (samples, channels): (&[T], usize),
    target: &Target,
    byte: impl Fn(T) -> u8,
    alpha: Option<Alpha<T>>,
) -> bool {
    let color_mode = target.color_mode;
    (picture.width, picture.height, picture.channels) = (width, height, color_mode.channels());
    let texels = samples.chunks_exact(channels).take(width * height);
    let pixels = &mut picture.pixels;
    pixels.clear();
    if let (Some(background), Some((at, opacity))) = (target.background, alpha) {
        for texel in texels {
            let color =
                [0, 1, 2].map(|channel| byte(texel[if channels < 3 { 0 } else { channel }]));
            let [red, green, blue] = background.under(color, opacity(texel[at]));
            match color_mode {
                ColorMode::Rgb => pixels.extend([red, green, blue]),
                ColorMode::Grayscale => pixels.push(luma(red, green, blue)),
            }
        }
        return false;
    }
    let clear = alpha.map_or(0, |(at, opacity)| {
        texels.clone().filter(|texel| is_clear(opacity(texel[at]))).count()
    });
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
    is_transparent(clear, width * height)
}

/// The lowest and the highest of `samples`.
pub(super) fn range(samples: impl Iterator<Item = u16>) -> Option<(u16, u16)> {
    samples.fold(None, |range, sample| match range {
        None => Some((sample, sample)),
        Some((low, high)) => Some((sample.min(low), sample.max(high))),
    })
}

/// The high byte of a sample.
pub(super) fn high(sample: u16) -> u8 {
    (sample >> 8) as u8
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
    target: &Target,
    picture: &mut Picture,
) -> Result<Traits> {
    let size = prepare(&mut decoder, target.max_pixels)?;
    let color = decoder.color_type();
    let channels = usize::from(color.channel_count());
    let is_16_bit = color.bytes_per_pixel() == 2 * color.channel_count();
    let length = usize::try_from(decoder.total_bytes()).context("too many samples")?;
    let mut traits = Traits::default();
    if !is_16_bit && channels == target.color_mode.channels() {
        picture.pixels.clear();
        picture.pixels.resize(length, 0);
        decoder.read_image(&mut picture.pixels)?;
        (picture.width, picture.height, picture.channels) = (size.0, size.1, channels);
        return Ok(traits);
    }
    let mut samples = vec![0; length];
    decoder.read_image(&mut samples)?;
    // Gray and alpha, or RGB and alpha.
    let alpha = color.has_alpha().then(|| channels - 1);
    if is_16_bit {
        let (samples, _) = samples.as_chunks::<2>();
        let colors = alpha.unwrap_or(channels);
        let pixels = samples.chunks_exact(channels);
        traits.range = range(pixels.flat_map(|p| &p[..colors]).map(|&b| u16::from_ne_bytes(b)));
        let (samples, size) = ((samples, channels), size);
        let alpha = alpha.map(|at| (at, (|sample| high(u16::from_ne_bytes(sample))) as fn(_) -> _));
        traits.is_transparent = match target.depth {
            None => fill(picture, size, samples, target, |s| high(u16::from_ne_bytes(s)), alpha),
            Some(levels) => {
                let byte = |sample| levels.byte(u16::from_ne_bytes(sample));
                fill(picture, size, samples, target, byte, alpha)
            }
        };
    } else {
        let alpha = alpha.map(|at| (at, (|sample| sample) as fn(u8) -> u8));
        let samples = (&samples[..], channels);
        traits.is_transparent = fill(picture, size, samples, target, |sample| sample, alpha);
    }
    Ok(traits)
}
