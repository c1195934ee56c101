//! Pictures inside the page.

use crate::pictures::picture::Picture;
use anyhow::{Context, Result};
use base64ct::{Base64, Encoding};
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

/// JPEG quality, 1..=100: artifacts do not show, and a picture of 150×150 takes some 7 kB.
const QUALITY: u8 = 85;

/// A picture, maybe with its heat map, and a caption.
#[derive(Debug)]
pub struct Tile {
    /// Addresses of the pictures: `data:` URLs.
    pub images: Vec<String>,
    /// What they show, for those who cannot see them.
    pub alt: String,
    /// Lines of text below them.
    pub caption: Vec<String>,
}

/// `picture`, RGB or gray, as the `data:` URL of a JPEG.
///
/// # Errors
/// If it cannot be encoded.
pub fn data_url(picture: &Picture) -> Result<String> {
    let mut jpeg = Vec::new();
    let color = match picture.channels {
        1 => ExtendedColorType::L8,
        _ => ExtendedColorType::Rgb8,
    };
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .encode(&picture.pixels, picture.width as u32, picture.height as u32, color)
        .context("cannot encode a picture as JPEG")?;
    Ok(format!("data:image/jpeg;base64,{}", Base64::encode_string(&jpeg)))
}
