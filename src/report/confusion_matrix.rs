//! Drawing of a confusion matrix.

use super::canvas::{use_own_font, write_png};
use super::colors::{BLUE, FAINT_GRAY};
use crate::metrics::confusion::Confusion;
use crate::numbers::{cut, with_thousands};
use anyhow::{Result, anyhow};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

/// Number of classes up to which cells have numbers and rows have names.
const LABELED: usize = 30;
/// Side of a matrix with numbers, in pixels, if that leaves its cells between these sides.
const NUMBERED: usize = 420;
const CELLS: (usize, usize) = (48, 140);
/// Side of a cell without, in pixels, if the matrix then is not larger than [`LARGEST`].
const SMALL_CELL: usize = 12;
/// Largest side of a matrix without numbers, in pixels. Cells are at least one pixel.
const LARGEST: usize = 1200;
/// Space above the matrix for the title, and around the drawing, in pixels.
const TOP: usize = 56;
const MARGIN: usize = 24;
/// Font of names and numbers, and its size in pixels.
const FONT: (&str, u32) = ("sans-serif", 15);
/// Width that the title needs, in pixels.
const TITLE: usize = 340;

/// Writes the matrix to the PNG `path`: a row per true class, shaded by the share of the class.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, confusion: &Confusion) -> Result<()> {
    let classes = confusion.classes.len();
    let is_labeled = classes <= LABELED;
    use_own_font();
    let (cell, names) = match is_labeled {
        true => ((NUMBERED / classes.max(1)).clamp(CELLS.0, CELLS.1), widest(&confusion.classes)?),
        false => ((LARGEST / classes).clamp(1, SMALL_CELL), 0),
    };
    let left = MARGIN + names;
    let width = (left + cell * classes + MARGIN).max(MARGIN + TITLE + MARGIN);
    let size = (width as u32, (TOP + cell * classes + names + MARGIN) as u32);
    write_png(path, size, |area| {
        let failed = |error| anyhow!("cannot draw: {error}");
        area.fill(&WHITE).map_err(failed)?;
        let title = ("sans-serif", 18).into_font();
        let start = (MARGIN as i32, 16);
        area.draw(&Text::new("Rows: true class, columns: predicted", start, title))
            .map_err(failed)?;
        let pictures = confusion.pictures();
        let corner = |label: usize, predicted: usize| {
            ((left + predicted * cell) as i32, (TOP + label * cell) as i32)
        };
        for (&(label, predicted), &count) in &confusion.counts {
            let share = count as f64 / pictures.get(label).copied().unwrap_or(1).max(1) as f64;
            let ((x, y), side) = (corner(label, predicted), cell as i32);
            let shade = BLUE.mix(share).filled();
            area.draw(&Rectangle::new([(x, y), (x + side, y + side)], shade)).map_err(failed)?;
        }
        if !is_labeled {
            return area.present().map_err(failed);
        }
        let side = cell as i32;
        let style = |horizontal, vertical| {
            FONT.into_font().color(&BLACK).pos(Pos::new(horizontal, vertical))
        };
        for (label, (class, &of)) in confusion.classes.iter().zip(&pictures).enumerate() {
            let name = cut(class);
            let (x, y) = corner(label, 0);
            let right = style(HPos::Right, VPos::Center);
            area.draw(&Text::new(name.clone(), (x - 10, y + side / 2), right)).map_err(failed)?;
            let (x, y) = corner(classes, label);
            let turned = FONT.into_font().transform(FontTransform::Rotate90);
            let down = turned.color(&BLACK).pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new(name, (x + side / 2, y + 10), down)).map_err(failed)?;
            for predicted in 0..classes {
                let ((x, y), count) = (corner(label, predicted), confusion.count(label, predicted));
                let border = FAINT_GRAY.stroke_width(1);
                area.draw(&Rectangle::new([(x, y), (x + side, y + side)], border))
                    .map_err(failed)?;
                let is_dark = 2 * count > of;
                let middle = style(HPos::Center, VPos::Center);
                let number = middle.color(if is_dark { &WHITE } else { &BLACK });
                let text = with_thousands(count as i64);
                area.draw(&Text::new(text, (x + side / 2, y + side / 2), number))
                    .map_err(failed)?;
            }
        }
        area.present().map_err(failed)
    })
}

/// Width of the longest name and its distance to the matrix, in pixels.
fn widest(classes: &[String]) -> Result<usize> {
    let mut widest = 0;
    for class in classes {
        let size = FONT.into_font().box_size(&cut(class));
        widest = widest.max(size.map_err(|error| anyhow!("cannot draw: {error}"))?.0);
    }
    Ok(widest as usize + 10)
}
