//! JPEG → pixels, as in Pillow: grayscale pictures get three equal channels, and CMYK is converted to
//! RGB.

use super::orientation::{self, Orientation};
use super::picture::{ColorMode, Picture, check_size, luma};
use anyhow::{Result, bail, ensure};
use memchr::memchr;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};

/// Decodes a file into an existing picture and returns its orientation.
pub(super) fn decode_into(
    bytes: &[u8],
    color_mode: ColorMode,
    picture: &mut Picture,
) -> Result<Orientation> {
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
    let (exif, xmp) = (decoder.exif(), decoder.xmp());
    Ok(orientation::read(exif.map(Vec::as_slice), xmp.map(Vec::as_slice)))
}

/// Checks headers and end marker.
pub(super) fn check(bytes: &[u8]) -> Result<()> {
    read_headers(bytes).map(|_| ())
}

/// A file's size in pixels, and the channels it is decoded to: 1 or 3.
struct Headers {
    width: usize,
    height: usize,
    channels: usize,
}

fn read_headers(bytes: &[u8]) -> Result<(JpegDecoder<ZCursor<&[u8]>>, Headers)> {
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
    check_size(width, height)?;
    let (color_space, channels) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (ColorSpace::Luma, 1),
        _ => (ColorSpace::RGB, 3),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(color_space));
    Ok((decoder, Headers { width, height, channels }))
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
