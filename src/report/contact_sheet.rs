//! Pictures side by side with captions, as one PNG.

use super::canvas::{use_own_font, write_png};
use crate::pictures::decode::Picture;
use crate::pictures::resize::{Interpolation, resize};
use anyhow::{Result, anyhow, ensure};
use plotters::prelude::*;
use std::path::Path;

/// Side of the square a picture is fitted into, in pixels, its aspect kept.
pub const SIDE: usize = 180;
const GAP: usize = 14;
const LINE: usize = 16;
/// Pictures in a row.
const COLUMNS: usize = 5;

/// A picture and the lines below it.
#[derive(Debug)]
pub struct Tile {
    /// RGB.
    pub picture: Picture,
    pub caption: Vec<String>,
}

/// Writes `tiles`, row after row, to `path`.
///
/// # Errors
/// If the path does not end in .png, there is nothing to show, or the file cannot be written.
pub fn write(path: &Path, tiles: &[Tile]) -> Result<()> {
    ensure!(
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")),
        "expected --to to name a .png file, found {}",
        path.display()
    );
    ensure!(!tiles.is_empty(), "expected at least one picture to show, found none");
    let lines = tiles.iter().map(|tile| tile.caption.len()).max().unwrap_or(0);
    let (columns, rows) = (tiles.len().min(COLUMNS), tiles.len().div_ceil(COLUMNS));
    let (across, down) = (SIDE + GAP, SIDE + 7 + lines * LINE + GAP);
    let size = ((columns * across + GAP) as u32, (rows * down + GAP) as u32);
    use_own_font();
    write_png(path, size, |area| {
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
            for (line, text) in tile.caption.iter().enumerate() {
                let place = (left as i32, (top + SIDE + 7 + line * LINE) as i32);
                let text = Text::new(text.as_str(), place, ("sans-serif", 13));
                area.draw(&text).map_err(failed)?;
            }
        }
        area.present().map_err(failed)
    })
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
