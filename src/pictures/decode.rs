//! JPEG bytes → pixels, as Pillow's `Image.open(…).convert('RGB')` (or `'L'`) gives them: grey
//! pictures get three equal channels, CMYK is converted, the EXIF rotation is not applied.

use anyhow::{Result, bail, ensure};
use image::ImageFormat;
use memchr::memchr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};

/// Largest picture that is decoded, in pixels: the size above which Pillow raises its
/// `DecompressionBombError`. A file of a few bytes can claim 65,535 × 65,535.
const MAX_PIXELS: u64 = 178_956_970;

/// Keras's `color_mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    let mut picture = Picture::default();
    decode_into(bytes, color_mode, &mut picture)?;
    Ok(picture)
}

/// [`decode`] into a picture whose memory is used again.
///
/// # Errors
/// As [`decode`]; `picture` then holds anything.
pub fn decode_into(bytes: &[u8], color_mode: ColorMode, picture: &mut Picture) -> Result<()> {
    let (mut decoder, found) = read_headers(bytes)?;
    let Headers { width, height, channels } = found;
    let pixels = &mut picture.pixels;
    // Cleared, since damaged data may leave a part unwritten.
    pixels.clear();
    pixels.resize(width * height * channels, 0);
    decoder.decode_into(pixels)?;
    match (channels, color_mode) {
        (3, ColorMode::Rgb) | (1, ColorMode::Grayscale) => {}
        (1, ColorMode::Rgb) => *pixels = pixels.iter().flat_map(|&grey| [grey; 3]).collect(),
        (_, ColorMode::Grayscale) => {
            *pixels = pixels.chunks_exact(3).map(|rgb| luma(rgb[0], rgb[1], rgb[2])).collect();
        }
        (channels, _) => bail!("expected 1 or 3 channels, found {channels}"),
    }
    (picture.width, picture.height, picture.channels) = (width, height, color_mode.channels());
    Ok(())
}

/// Looks for all that [`decode`] finds wrong before it decodes: a fraction of its time.
///
/// # Errors
/// As [`decode`], but for data that cannot be decoded.
pub fn check(bytes: &[u8]) -> Result<()> {
    read_headers(bytes).map(|_| ())
}

/// What a file says of itself. Channels are those it is decoded to: 1 or 3.
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
            Err(_) => bail!("expected a JPEG, found something else (it does not begin with FF D8)"),
        }
    }
    // The decoder fills what is missing with grey and says nothing; Pillow refuses such a file.
    ensure!(ends_with_end_of_image(bytes), "expected a whole JPEG, found one that is cut short");

    // As libjpeg and so Pillow, the decoder is told to go on after what it can do without.
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers()?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    ensure!(width > 0 && height > 0, "expected a picture, found {width}×{height} pixels");
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
    while let Some(offset) = bytes.get(at..).and_then(|rest| memchr(0xFF, rest)) {
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
