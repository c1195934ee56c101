//! JPEG → pixels, as in Pillow: grayscale pictures get three equal channels, and CMYK is converted to
//! RGB.
//!
//! A file is parsed as by libjpeg ([`file`]), which decides on colors and on what is missing, and its
//! parts are handed to the decoder as a plain file ([`plain`]). What libjpeg decodes with a warning
//! because data are damaged or missing is refused: the decoder would fill in other pixels.

mod file;
mod frame;
mod huffman;
mod interleave;
mod plain;
mod progress;
mod scan;
mod segments;

use super::orientation::{self, Orientation};
use super::picture::{ColorMode, Picture, luma};
use anyhow::{Result, bail};
use file::File;
use frame::Color;
use plain::Plain;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};

/// Decodes a file of at most `max_pixels` pixels into an existing picture and returns its
/// orientation.
pub(super) fn decode_into(
    bytes: &[u8],
    color_mode: ColorMode,
    max_pixels: u64,
    picture: &mut Picture,
) -> Result<Orientation> {
    let file = File::read(bytes, max_pixels)?;
    let plain = match file.frame.is_progressive || file.scans.len() == 1 {
        true => Plain::of(&file),
        false => interleave::of(&file)?,
    };
    let (width, height) = (file.frame.width, file.frame.height);
    let (color_space, channels) = match file.color {
        Color::Gray => (ColorSpace::Luma, 1),
        _ => (ColorSpace::RGB, 3),
    };
    let count = width * height;
    let pixels = &mut picture.pixels;
    pixels.clear();
    pixels.resize(count * channels.max(color_mode.channels()), 0);
    // Gray pixels go to the end, from where they are spread.
    let start = pixels.len() - count * channels;
    decode_plain(&plain, color_space, &mut pixels[start..])?;
    match (channels, color_mode) {
        (1, ColorMode::Rgb) => {
            for at in 0..count {
                let gray = pixels[start + at];
                pixels[3 * at..][..3].fill(gray);
            }
        }
        (3, ColorMode::Grayscale) => {
            *pixels = pixels.as_chunks::<3>().0.iter().map(|&[r, g, b]| luma(r, g, b)).collect();
        }
        _ => {}
    }
    (picture.width, picture.height, picture.channels) = (width, height, color_mode.channels());
    Ok(orientation::read(file.exif, file.xmp))
}

fn decode_plain(plain: &[u8], color_space: ColorSpace, pixels: &mut [u8]) -> Result<()> {
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX)
        .jpeg_set_max_scans(usize::MAX)
        .jpeg_set_out_colorspace(color_space);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(plain), options);
    if decoder.decode_into(pixels).is_err() {
        bail!("expected a JPEG with whole scan data, found damaged or missing data");
    }
    Ok(())
}

/// Checks headers and that all scans and the end of the image are there.
pub(super) fn check(bytes: &[u8], max_pixels: u64) -> Result<()> {
    File::read(bytes, max_pixels).map(|_| ())
}

/// Width and height in the first bytes of a file, as far as they go.
pub(super) fn size(start: &[u8], max_pixels: u64) -> Result<Option<(usize, usize)>> {
    file::size(start, max_pixels)
}
