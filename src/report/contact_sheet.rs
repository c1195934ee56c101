//! Contact sheets: pictures in a grid, with captions, as one PNG.

use super::bitmap::Bitmap;
use super::drawing::{Anchor, Shape, Text};
use super::text;
use crate::error::ensure_or;
use crate::files::atomic_file;
use crate::pictures::picture::Picture;
use crate::pictures::resize::{Interpolation, resize};
use anyhow::{Result, ensure};
use std::path::Path;

/// Side in pixels of the square that each picture is fitted into, keeping its aspect ratio.
pub const SIDE: usize = 180;
/// Pixels between pictures.
const GAP: usize = 14;
/// Height of a line of a caption, in pixels.
const LINE: usize = 16;
/// Pictures per row.
const COLUMNS: usize = 5;
/// Size of the captions, in pixels.
const FONT: f32 = 10.5;

/// A picture and its caption.
#[derive(Debug)]
pub struct Tile {
    /// The picture, in RGB.
    pub picture: Picture,
    /// Lines of text below it.
    pub caption: Vec<String>,
}

/// Writes `tiles`, row by row, to the PNG `path`.
///
/// # Errors
/// If `path` does not end in .png, or the file cannot be written; or as [`png`].
pub fn write(path: &Path, tiles: &[Tile]) -> Result<()> {
    ensure_or!(
        Setting,
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")),
        "expected `to` to end in .png, found {}; try {}",
        path.display(),
        path.with_extension("png").display()
    );
    atomic_file::write_bytes(path, &png(tiles)?.bytes)
}

/// A contact sheet as a file's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Those of a PNG.
    pub bytes: Vec<u8>,
    /// Width and height, in pixels.
    pub size: (u32, u32),
}

/// `tiles`, row by row, as a PNG.
///
/// # Errors
/// If `tiles` is empty or a picture is not RGB.
pub fn png(tiles: &[Tile]) -> Result<Sheet> {
    ensure!(!tiles.is_empty(), "expected at least one picture to show, found none");
    let lines = tiles.iter().map(|tile| tile.caption.len()).max().unwrap_or(0);
    let (columns, rows) = (tiles.len().min(COLUMNS), tiles.len().div_ceil(COLUMNS));
    let (across, down) = (SIDE + GAP, SIDE + 7 + lines * LINE + GAP);
    let size = ((columns * across + GAP) as u32, (rows * down + GAP) as u32);
    let mut bitmap = Bitmap::white(size);
    for (index, tile) in tiles.iter().enumerate() {
        let left = GAP + index % COLUMNS * across;
        let top = GAP + index / COLUMNS * down;
        ensure!(tile.picture.channels == 3, "expected an RGB picture, found other pixels");
        let picture = fitted(&tile.picture);
        let (right, below) = ((SIDE - picture.width) / 2, (SIDE - picture.height) / 2);
        bitmap.put(&picture, left + right, top + below);
        for (line, caption) in tile.caption.iter().enumerate() {
            let at = (left as f32, (top + SIDE + 16 + line * LINE) as f32);
            bitmap.draw(&Shape::Text(Text::new(shortened(caption), at, FONT, Anchor::Start)));
        }
    }
    let bytes = bitmap.png()?;
    Ok(Sheet { bytes, size })
}

/// `parts` of a caption, joined into lines that fit below a picture.
pub fn lines(parts: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if line.chars().count() + part.chars().count() <= 27 => {
                line.push_str("  ");
                line.push_str(part);
            }
            _ => lines.push(part.clone()),
        }
    }
    lines
}

/// `caption` with `…` in place of its middle, if it is too wide for its column.
fn shortened(caption: &str) -> String {
    let letters: Vec<char> = caption.chars().collect();
    let width = |shown: &str| text::line(shown, FONT).1 as usize;
    let mut short = caption.to_owned();
    for kept in (2..letters.len()).rev() {
        if width(&short) <= SIDE + GAP / 2 {
            break;
        }
        let (start, end) = (kept.div_ceil(2), letters.len() - kept / 2);
        short = letters[..start].iter().chain(&['…']).chain(&letters[end..]).collect();
    }
    short
}

/// `picture` scaled so that its longer side is [`SIDE`].
fn fitted(picture: &Picture) -> Picture {
    let longer = picture.width.max(picture.height);
    let scaled = |side: usize| (side * SIDE / longer).max(1);
    let (width, height, channels) =
        (scaled(picture.width), scaled(picture.height), picture.channels);
    let mut pixels = vec![0; width * height * channels];
    resize(picture, height, width, Interpolation::Bilinear, &mut pixels);
    Picture { width, height, channels, pixels }
}
