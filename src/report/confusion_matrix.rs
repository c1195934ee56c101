//! Drawing of a confusion matrix.

use super::colors::{BLACK, BLUE, FAINT_GRAY, WHITE};
use super::drawing::{Anchor, BASELINE, Drawing, Point, Shape, Text};
use super::text;
use crate::metrics::confusion::Confusion;
use crate::text::numbers::with_thousands;
use anyhow::Result;
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
const FONT: f32 = 12.0;
const LINE: usize = 20;
/// Width that the title needs, and the list, in pixels.
const TITLE: usize = 340;
const LIST: usize = 680;

/// Writes the matrix to the PNG `path`: a row per true class, shaded by the share of the class.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, confusion: &Confusion) -> Result<()> {
    drawing(confusion).write_png(path)
}

fn drawing(confusion: &Confusion) -> Drawing {
    let plan = Plan::new(confusion);
    let below = TOP + plan.cell * plan.classes + plan.names + MARGIN;
    let (title, list) = match plan.list.len() {
        0 => (TITLE, 0),
        lines => (LIST, LINE * (lines + 2)),
    };
    let width = (plan.left + plan.cell * plan.classes + MARGIN).max(MARGIN + title + MARGIN);
    let mut shapes = plan.cells(confusion);
    shapes.extend(plan.labels());
    let mut text = |text: &str, y: usize, size| {
        shapes.push(Shape::Text(Text::new(text, (MARGIN as f32, y as f32), size, Anchor::Start)));
    };
    text(plan.title(), 29, 1.25 * FONT);
    for (line, listed) in plan.list.iter().enumerate() {
        text(listed, below + LINE * line + 11, FONT);
    }
    Drawing { size: (width as u32, (below + list) as u32), shapes }
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
    font: f32,
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
        let font = if cell >= NAMED { FONT.min(0.8 * cell as f32) } else { FONT };
        let width = |(_, text): &(usize, String)| text::line(text, font).1.ceil() as usize;
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
    fn corner(&self, label: usize, predicted: usize) -> Point {
        ((self.left + predicted * self.cell) as f32, (TOP + label * self.cell) as f32)
    }

    fn cells(&self, confusion: &Confusion) -> Vec<Shape> {
        let (pictures, side) = (confusion.pictures(), self.cell as f32);
        let of = |label: usize| pictures.get(label).copied().unwrap_or(1).max(1);
        let shaded = |(&(label, predicted), &count): (&(usize, usize), &usize)| {
            let share = count as f64 / of(label) as f64;
            let share = if self.has_numbers { share } else { share.max(FAINTEST) };
            let color = BLUE.map(|value| (255.0 - share * (255.0 - f64::from(value))) as u8);
            Shape::Box { corner: self.corner(label, predicted), size: (side, side), color }
        };
        let mut shapes: Vec<Shape> = confusion.counts.iter().map(shaded).collect();
        let edges = (0..=self.classes).filter(|edge| self.has_numbers || edge % self.classes == 0);
        for edge in edges {
            for ends in [[(edge, 0), (edge, self.classes)], [(0, edge), (self.classes, edge)]] {
                // In the middle of pixels, where lines are sharp.
                let points = ends.map(|(row, column)| self.corner(row, column));
                let points = points.map(|(x, y)| (x + 0.5, y + 0.5)).to_vec();
                shapes.push(Shape::Line { points, color: FAINT_GRAY, width: 1.0 });
            }
        }
        let numbered = if self.has_numbers { self.classes } else { 0 };
        for (label, predicted) in
            (0..numbered).flat_map(|label| (0..numbered).map(move |predicted| (label, predicted)))
        {
            let ((x, y), count) =
                (self.corner(label, predicted), confusion.count(label, predicted));
            let color = if 2 * count > of(label) { WHITE } else { BLACK };
            let at = (x + side / 2.0, y + side / 2.0 + BASELINE * FONT);
            let text = Text::new(with_thousands(count as i64), at, FONT, Anchor::Middle);
            shapes.push(Shape::Text(Text { color, ..text }));
        }
        shapes
    }

    fn labels(&self) -> impl Iterator<Item = Shape> {
        let middle = self.cell as f32 / 2.0 + BASELINE * self.font;
        self.labels.iter().flat_map(move |(label, text)| {
            let ends = |at| Text::new(text, at, self.font, Anchor::End);
            let (left, y) = self.corner(*label, 0);
            let (x, bottom) = self.corner(self.classes, *label);
            let below = Text { is_upright: true, ..ends((x + middle, bottom + 10.0)) };
            [ends((left - 10.0, y + middle)), below].map(Shape::Text)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of a matrix of `classes` classes, and the number of its shaded cells. Two pictures of
    /// the last class are of the first for the network, all others right.
    fn drawn(classes: usize) -> (Vec<String>, usize) {
        let names = (1..=classes).map(|class| format!("c{class}")).collect();
        let labels: Vec<usize> = (0..classes).chain([classes - 1; 2]).collect();
        let predicted: Vec<usize> = (0..classes).chain([0; 2]).collect();
        let shapes = drawing(&Confusion::new(names, &labels, &predicted)).shapes;
        let cells = shapes.iter().filter(|shape| matches!(shape, Shape::Box { .. })).count();
        let text = |shape| if let Shape::Text(text) = shape { Some(text.text) } else { None };
        (shapes.into_iter().filter_map(text).collect(), cells)
    }

    #[test]
    fn few_classes_have_numbers_and_many_a_list() {
        let (texts, cells) = drawn(2);
        assert_eq!(texts[..4], ["1", "0", "2", "1"]);
        // Each name beside its row and below its column.
        assert_eq!(texts[4..8], ["c1", "c1", "c2", "c2"]);
        assert_eq!((texts.len(), cells), (4 + 4 + 1, 2 + 1));

        let (texts, cells) = drawn(40);
        assert_eq!((texts.len(), cells), (2 * 40 + 1 + 2, 40 + 1));
        assert_eq!(texts.last().unwrap(), "c40 → c1  2");

        // Cells of six pixels have every fifth number.
        let (texts, cells) = drawn(200);
        assert_eq!((texts.len(), cells), (2 * (1 + 40) + 1 + 2, 200 + 1));
        assert_eq!(texts[..4], ["1", "1", "5", "5"]);
        assert_eq!(texts.last().unwrap(), "c200 (200) → c1 (1)  2");
    }
}
