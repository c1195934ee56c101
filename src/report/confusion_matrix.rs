//! Drawing of a confusion matrix.

use super::bitmap::Bitmap;
use super::canvas::{use_own_font, write_png};
use super::colors::{BLUE, FAINT_GRAY};
use super::text;
use crate::metrics::confusion::Confusion;
use crate::text::numbers::with_thousands;
use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

/// Number of classes up to which cells have numbers.
const NUMBERED: usize = 30;
/// Side of a matrix with numbers, in pixels, if that leaves its cells between these sides.
const SIDE: usize = 420;
const CELLS: (usize, usize) = (48, 140);
/// Side of a cell without, in pixels, if the matrix then is not larger than [`LARGEST`].
const SMALL_CELL: usize = 12;
/// Largest side of a matrix without numbers, in pixels. Cells are at least one pixel.
const LARGEST: usize = 1200;
/// Smallest side of a cell whose row and column have a name, in pixels; others have a tick here and
/// there.
const NAMED: usize = 10;
/// Pixels between ticks, at least.
const TICKS: usize = 30;
/// Confusions that are listed below a matrix without numbers.
const LISTED: usize = 12;
/// Shade of a single picture among many, so that it is seen.
const FAINTEST: f64 = 0.12;
/// Space above the matrix for the title, and around the drawing, in pixels.
const TOP: usize = 56;
const MARGIN: usize = 24;
/// Size of names and numbers, and height of a line of the list, in pixels.
const FONT: usize = 15;
const LINE: usize = 20;
/// Width that the title needs, and the list, in pixels.
const TITLE: usize = 340;
const LIST: usize = 680;

/// Writes the matrix to the PNG `path`: a row per true class, shaded by the share of the class.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, confusion: &Confusion) -> Result<()> {
    use_own_font();
    let plan = Plan::new(confusion);
    let matrix = plan.cell * confusion.classes.len();
    let (title, list) = match plan.list.len() {
        0 => (TITLE, 0),
        lines => (LIST, LINE * (lines + 2)),
    };
    let width = (plan.left + matrix + MARGIN).max(MARGIN + title + MARGIN);
    let height = TOP + matrix + plan.names + MARGIN + list;
    write_png(path, (width as u32, height as u32), |area| {
        let failed = |error| anyhow!("cannot draw: {error}");
        area.fill(&WHITE).map_err(failed)?;
        let title = ("sans-serif", 18).into_font();
        let start = (MARGIN as i32, 16);
        area.draw(&Text::new(plan.title(), start, title)).map_err(failed)?;
        plan.draw_cells(area, confusion)?;
        plan.draw_labels(area)?;
        for (line, text) in plan.list.iter().enumerate() {
            let y = TOP + matrix + plan.names + MARGIN + LINE * line;
            let text = Text::new(text.clone(), (MARGIN as i32, y as i32), font(FONT));
            area.draw(&text).map_err(failed)?;
        }
        area.present().map_err(failed)
    })
}

fn font(size: usize) -> FontDesc<'static> {
    ("sans-serif", size as u32).into_font()
}

/// Where everything is, in pixels.
struct Plan {
    /// Number of classes.
    classes: usize,
    /// Side of a cell.
    cell: usize,
    /// Left edge of the matrix.
    left: usize,
    /// Space for the names below the matrix, as left of it.
    names: usize,
    /// Texts beside rows and below columns: labels and their texts.
    labels: Vec<(usize, String)>,
    /// Size of these texts.
    font: usize,
    has_numbers: bool,
    /// Lines below the matrix.
    list: Vec<String>,
}

impl Plan {
    fn new(confusion: &Confusion) -> Self {
        let count = confusion.classes.len();
        let has_numbers = count <= NUMBERED;
        let cell = match has_numbers {
            true => (SIDE / count.max(1)).clamp(CELLS.0, CELLS.1),
            false => (LARGEST / count).clamp(1, SMALL_CELL),
        };
        let names: Vec<String> = confusion
            .classes
            .iter()
            .enumerate()
            .map(|(label, name)| text::name(name, label))
            .collect();
        let every = [1, 5, 10, 20, 50, 100, 200, 500];
        let every = every.into_iter().find(|every| every * cell >= TICKS).unwrap_or(1000);
        let labels = match cell >= NAMED {
            true => names.iter().cloned().enumerate().collect(),
            false => (0..count)
                .filter(|label| *label == 0 || (label + 1) % every == 0)
                .map(|label| (label, (label + 1).to_string()))
                .collect::<Vec<_>>(),
        };
        let font = if cell >= NAMED { cell.min(FONT) } else { FONT };
        let width = |(_, text): &(usize, String)| text::line(text, font as f32).1.ceil() as usize;
        let margin = labels.iter().map(width).max().unwrap_or(0) + 10;
        let mut list = Vec::new();
        let confused = confusion.most_confused(if has_numbers { 0 } else { LISTED });
        if !confused.is_empty() {
            list.push("Most common confusions, true class → predicted, and pictures".to_owned());
        }
        list.extend(confused.iter().map(|pair| {
            let name = |label: usize| match cell >= NAMED {
                true => names[label].clone(),
                false => format!("{} ({})", names[label], label + 1),
            };
            let pictures = with_thousands(pair.pictures as i64);
            format!("{} → {}  {pictures}", name(pair.label), name(pair.predicted))
        }));
        Self {
            classes: count,
            cell,
            left: MARGIN + margin,
            names: margin,
            labels,
            font,
            has_numbers,
            list,
        }
    }

    fn title(&self) -> &'static str {
        match self.cell >= NAMED {
            true => "Rows: true class, columns: predicted",
            false => "Rows: true class, columns: predicted, numbered as in predictions.csv",
        }
    }

    /// Upper left corner of a cell.
    fn corner(&self, label: usize, predicted: usize) -> (i32, i32) {
        ((self.left + predicted * self.cell) as i32, (TOP + label * self.cell) as i32)
    }

    fn draw_cells(
        &self,
        area: &DrawingArea<Bitmap<'_>, Shift>,
        confusion: &Confusion,
    ) -> Result<()> {
        let failed = |error| anyhow!("cannot draw: {error}");
        let (pictures, side) = (confusion.pictures(), self.cell as i32);
        let of = |label: usize| pictures.get(label).copied().unwrap_or(1).max(1);
        for (&(label, predicted), &count) in &confusion.counts {
            let share = count as f64 / of(label) as f64;
            let share = if self.has_numbers { share } else { share.max(FAINTEST) };
            let (x, y) = self.corner(label, predicted);
            let shade = BLUE.mix(share).filled();
            area.draw(&Rectangle::new([(x, y), (x + side, y + side)], shade)).map_err(failed)?;
        }
        let border = FAINT_GRAY.stroke_width(1);
        let classes = self.classes;
        if !self.has_numbers {
            let all = Rectangle::new([self.corner(0, 0), self.corner(classes, classes)], border);
            return area.draw(&all).map_err(failed);
        }
        for label in 0..classes {
            for predicted in 0..classes {
                let ((x, y), count) =
                    (self.corner(label, predicted), confusion.count(label, predicted));
                area.draw(&Rectangle::new([(x, y), (x + side, y + side)], border))
                    .map_err(failed)?;
                let is_dark = 2 * count > of(label);
                let middle = font(FONT).color(if is_dark { &WHITE } else { &BLACK });
                let middle = middle.pos(Pos::new(HPos::Center, VPos::Center));
                let text = with_thousands(count as i64);
                area.draw(&Text::new(text, (x + side / 2, y + side / 2), middle))
                    .map_err(failed)?;
            }
        }
        Ok(())
    }

    fn draw_labels(&self, area: &DrawingArea<Bitmap<'_>, Shift>) -> Result<()> {
        let failed = |error| anyhow!("cannot draw: {error}");
        let side = self.cell as i32;
        for (label, text) in &self.labels {
            let (x, y) = self.corner(*label, 0);
            let right = font(self.font).color(&BLACK).pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(text.clone(), (x - 10, y + side / 2), right)).map_err(failed)?;
            let (x, y) = self.corner(self.classes, *label);
            let turned = font(self.font).transform(FontTransform::Rotate90);
            let down = turned.color(&BLACK).pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new(text.clone(), (x + side / 2, y + 10), down)).map_err(failed)?;
        }
        Ok(())
    }
}
