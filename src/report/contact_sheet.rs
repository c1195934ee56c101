//! Contact sheets: pictures in a grid, with captions, as one PNG.

use super::canvas::{self, use_own_font};
use super::text;
use crate::error::ensure_or;
use crate::files::atomic_file;
use crate::pictures::picture::Picture;
use crate::pictures::resize::{Interpolation, resize};
use anyhow::{Result, anyhow, ensure};
use plotters::prelude::*;
use std::path::Path;

/// Side in pixels of the square that each picture is fitted into, keeping its aspect ratio.
pub const SIDE: usize = 180;
/// Pixels between pictures.
const GAP: usize = 14;
/// Height of a line of a caption, in pixels.
const LINE: usize = 16;
/// Pictures per row.
const COLUMNS: usize = 5;
/// Font of the captions, and its size in pixels.
const FONT: (&str, u32) = ("sans-serif", 13);

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
    use_own_font();
    let bytes = canvas::png(size, |area| {
        let failed = |error| anyhow!("cannot draw: {error}");
        area.fill(&WHITE).map_err(failed)?;
        for (index, tile) in tiles.iter().enumerate() {
            let left = GAP + index % COLUMNS * across;
            let top = GAP + index / COLUMNS * down;
            let (width, height, pixels) = fitted(&tile.picture);
            let corner = ((left + (SIDE - width) / 2) as i32, (top + (SIDE - height) / 2) as i32);
            let bitmap =
                BitMapElement::with_owned_buffer(corner, (width as u32, height as u32), pixels)
                    .ok_or_else(|| anyhow!("expected an RGB picture, found other pixels"))?;
            area.draw(&bitmap).map_err(failed)?;
            for (line, caption) in tile.caption.iter().enumerate() {
                let position = (left as i32, (top + SIDE + 7 + line * LINE) as i32);
                let text = Text::new(shortened(caption), position, FONT);
                area.draw(&text).map_err(failed)?;
            }
        }
        area.present().map_err(failed)
    })?;
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
    let width = |shown: &str| text::line(shown, FONT.1 as f32).1 as usize;
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

/// Width, height and pixels of `picture` scaled so that its longer side is [`SIDE`].
fn fitted(picture: &Picture) -> (usize, usize, Vec<u8>) {
    let longer = picture.width.max(picture.height);
    let scaled = |side: usize| (side * SIDE / longer).max(1);
    let (width, height) = (scaled(picture.width), scaled(picture.height));
    let mut pixels = vec![0; width * height * picture.channels];
    resize(picture, height, width, Interpolation::Bilinear, &mut pixels);
    (width, height, pixels)
}
