//! Charts: series over two axes. Plots, the report's page and the terminal draw them, each with its own
//! shapes; what they show and where the labels are is said here.

use super::axis::Axis;
use super::colors::{BLUE, Color, FAINT_GRAY, ORANGE};
use super::drawing::{Anchor, BASELINE, Drawing, Point, Shape, Text};
use super::text;
use crate::history::Epoch;

/// Size of the text in plots, in pixels.
const FONT: f32 = 13.0;

/// A chart. Series before others lie over them.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// The axis from left to right.
    pub x: Axis,
    /// The axis from below to above.
    pub y: Axis,
    /// What is drawn.
    pub series: Vec<Series>,
}

/// Points that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name in the legend; empty if it is not there.
    pub name: String,
    /// How it is drawn.
    pub mark: Mark,
    /// Its color.
    pub color: Color,
    /// Its points. A value that is not finite is a gap.
    pub points: Vec<(f64, f64)>,
}

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mark {
    /// Dots, as the book draws training.
    Dots,
    /// Rings.
    Rings,
    /// A line of this width in pixels, as the book draws validation.
    Line(f32),
}

/// What a history has of training and of validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Accuracy. Its axis spans the values.
    Accuracy,
    /// Loss. Its axis starts at 0.
    Loss,
}

impl Quantity {
    /// Both, in the order of charts.
    pub const BOTH: [Self; 2] = [Self::Accuracy, Self::Loss];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::Loss => "loss",
        }
    }

    /// Its name as a title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Accuracy => "Accuracy",
            Self::Loss => "Loss",
        }
    }

    /// Its value in training.
    pub fn training(self, row: &Epoch) -> f64 {
        if self == Self::Loss { row.loss } else { row.acc }
    }

    /// Its value in validation.
    pub fn validation(self, row: &Epoch) -> f64 {
        if self == Self::Loss { row.val_loss } else { row.val_acc }
    }

    /// Training and validation of a run: dots and a line.
    pub fn of_run(self, rows: &[Epoch]) -> Vec<Series> {
        let training = Series::new("training", Mark::Dots, BLUE, rows, |row| self.training(row));
        let validation =
            Series::new("validation", Mark::Line(2.0), ORANGE, rows, |row| self.validation(row));
        vec![training, validation]
    }

    /// A chart of series of it over the epochs.
    pub fn chart(self, title: impl Into<String>, series: Vec<Series>) -> Chart {
        let values = series.iter().flat_map(|series| &series.points).map(|(_, value)| *value);
        let y = Axis::of_values(values, self == Self::Loss);
        let last = series.iter().flat_map(|series| &series.points);
        let last = last.fold(1.0, |last: f64, (epoch, _)| last.max(*epoch));
        Chart { title: title.into(), x: Axis::of_epochs(last as i64), y, series }
    }
}

impl Series {
    /// The `value` of each of `rows` over its epoch.
    pub fn new(
        name: impl Into<String>,
        mark: Mark,
        color: Color,
        rows: &[Epoch],
        value: impl Fn(&Epoch) -> f64,
    ) -> Self {
        let points = rows.iter().map(|row| (row.epoch as f64, value(row))).collect();
        Self { name: name.into(), mark, color, points }
    }

    /// Its points from gap to gap. A point between two gaps is a line, too, from and to it.
    pub fn pieces(&self) -> Vec<Vec<(f64, f64)>> {
        let pieces = self.points.split(|(_, value)| !value.is_finite());
        let piece = |piece: &[(f64, f64)]| match (self.mark, piece) {
            (Mark::Line(_), [point]) => vec![*point; 2],
            _ => piece.to_vec(),
        };
        pieces.filter(|piece| !piece.is_empty()).map(piece).collect()
    }

    /// The shapes of a piece of it through `points`, in pixels, for text of the size `font`.
    fn shapes(&self, points: Vec<Point>, font: f32) -> Vec<Shape> {
        let (color, radius) = (self.color, 0.25 * font);
        let each = |shape: &dyn Fn(Point) -> Shape| points.iter().copied().map(shape).collect();
        match self.mark {
            Mark::Dots => each(&|center| Shape::Dot { center, radius, color }),
            Mark::Rings => each(&|center| Shape::Ring { center, radius, color }),
            Mark::Line(width) => vec![Shape::Line { points, color, width }],
        }
    }

    /// Its symbol in a legend, from `left` on, two letters wide, around the height `middle`.
    pub(crate) fn symbol(&self, (left, middle): Point, font: f32) -> Vec<Shape> {
        let places: &[f32] = if let Mark::Line(_) = self.mark { &[0.2, 1.8] } else { &[1.0] };
        self.shapes(places.iter().map(|at| (left + at * font, middle)).collect(), font)
    }
}

/// Where a chart's values are, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plot {
    /// Its left edge.
    pub(crate) left: f32,
    /// Its upper edge.
    pub(crate) top: f32,
    /// Its right edge.
    pub(crate) right: f32,
    /// Its lower edge.
    pub(crate) bottom: f32,
}

impl Chart {
    /// The place of the values in a chart of this `size` with its upper left `corner` there.
    pub(crate) fn plot(&self, (x, y): Point, (width, height): Point, font: f32) -> Plot {
        let of_name = if self.y.name.is_empty() { 0.0 } else { 1.6 * font };
        Plot {
            left: x + 3.6 * font + of_name,
            top: y + 2.4 * font,
            right: x + width - font,
            bottom: y + height - 2.9 * font,
        }
    }

    /// Where the value `x` of its axis is.
    pub(crate) fn across(&self, x: f64, plot: &Plot) -> f32 {
        self.x.place(x, plot.left, plot.right)
    }

    /// Its shapes, with text of the size `font`, without a legend.
    pub(crate) fn shapes(&self, plot: &Plot, font: f32) -> Vec<Shape> {
        let Plot { left, top, right, bottom } = *plot;
        let (mut grid, mut shapes) = (Vec::new(), Vec::new());
        let mut text = |text: &str, at: Point, anchor, size: f32| {
            shapes.push(Shape::Text(Text::new(text, at, size, anchor)));
        };
        let mut line = |from: Point, to: Point| {
            // In the middle of pixels, where they are sharp.
            let points = [from, to].map(|(x, y)| (x.floor() + 0.5, y.floor() + 0.5)).to_vec();
            grid.push(Shape::Line { points, color: FAINT_GRAY, width: 1.0 });
        };
        let down = |y: f64| self.y.place(y, bottom, top);
        for &value in &self.y.ticks {
            let y = down(value);
            line((left, y), (right, y));
            let at = (left - 0.5 * font, y + BASELINE * font);
            text(&self.y.label(value), at, Anchor::End, font);
        }
        for &value in &self.x.ticks {
            let x = self.across(value, plot);
            line((x, top), (x, bottom));
            text(&self.x.label(value), (x, bottom + 1.3 * font), Anchor::Middle, font);
        }
        let middle = ((left + right) / 2.0, (top + bottom) / 2.0);
        text(&self.title, (middle.0, top - 0.8 * font), Anchor::Middle, 1.25 * font);
        text(&self.x.name, (middle.0, bottom + 2.5 * font), Anchor::Middle, font);
        let name = Text::new(&self.y.name, (left - 3.6 * font, middle.1), font, Anchor::Middle);
        shapes.push(Shape::Text(Text { is_upright: true, ..name }));
        let place = |(x, y): (f64, f64)| (self.across(x, plot), down(y));
        for series in self.series.iter().rev() {
            for piece in series.pieces() {
                shapes.extend(series.shapes(piece.into_iter().map(place).collect(), font));
            }
        }
        grid.extend(shapes);
        grid
    }
}

/// Charts of this `size` side by side, with the legend of the first below them.
pub(crate) fn side_by_side(charts: &[Chart], size: (u32, u32)) -> Drawing {
    let each = (size.0 as f32, size.1 as f32);
    let mut shapes = Vec::new();
    for (index, chart) in charts.iter().enumerate() {
        let plot = chart.plot((index as f32 * each.0, 0.4 * FONT), each, FONT);
        shapes.extend(chart.shapes(&plot, FONT));
    }
    let width = charts.len() as f32 * each.0;
    let (legend, height) = charts
        .first()
        .map_or((Vec::new(), 0.0), |chart| legend(&chart.series, each.1 + FONT, width));
    shapes.extend(legend);
    Drawing { size: (width as u32, (each.1 + height + 2.0 * FONT) as u32), shapes }
}

/// The symbols and names of series, from `top` on, in columns that are in the middle of `width`; and
/// their height.
fn legend(series: &[Series], top: f32, width: f32) -> (Vec<Shape>, f32) {
    let named: Vec<&Series> = series.iter().filter(|series| !series.name.is_empty()).collect();
    let widest = named.iter().map(|series| text::line(&series.name, FONT).1).fold(0.0, f32::max);
    let (column, row) = (widest + 4.5 * FONT, 1.6 * FONT);
    let most = ((width / column) as usize).clamp(1, named.len().max(1));
    let rows = named.len().div_ceil(most).max(1);
    // As many in each row.
    let columns = named.len().div_ceil(rows).max(1);
    let left = (width - columns as f32 * column) / 2.0 + FONT;
    let entry = |(index, series): (usize, &&Series)| {
        let x = left + (index % columns) as f32 * column;
        let y = top + ((index / columns) as f32 + 0.5) * row;
        let mut shapes = series.symbol((x, y), FONT);
        let at = (x + 2.5 * FONT, y + BASELINE * FONT);
        shapes.push(Shape::Text(Text::new(&series.name, at, FONT, Anchor::Start)));
        shapes
    };
    let shapes = named.iter().enumerate().flat_map(entry).collect();
    (shapes, rows as f32 * row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(val_losses: &[f64]) -> Vec<Epoch> {
        let rows = val_losses.iter().zip(1..);
        rows.map(|(&val_loss, epoch)| Epoch::new(epoch, 0.5, 0.9, val_loss, 0.8)).collect()
    }

    /// The shapes of a chart of the losses that are not of its grid and not text.
    fn drawn(val_losses: &[f64]) -> Vec<Shape> {
        let chart = Quantity::Loss.chart("", Quantity::Loss.of_run(&history(val_losses)));
        let shapes = chart.shapes(&chart.plot((0.0, 0.0), (400.0, 300.0), 10.0), 10.0);
        let is_mark = |shape: &Shape| match shape {
            Shape::Text(_) => false,
            Shape::Line { color, .. } => *color != FAINT_GRAY,
            _ => true,
        };
        shapes.into_iter().filter(is_mark).collect()
    }

    #[test]
    fn what_is_not_finite_is_a_gap() {
        let shapes = drawn(&[0.7, 0.6, f64::NAN, 0.5, f64::INFINITY, 0.4, 0.3]);
        let points = |shape: &Shape| match shape {
            Shape::Line { points, .. } => Some(points.clone()),
            _ => None,
        };
        let lines: Vec<Vec<Point>> = shapes.iter().filter_map(points).collect();
        // The value between the gaps is a point.
        assert_eq!(lines.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2]);
        assert_eq!(lines[1][0], lines[1][1]);
        let inside = |&(x, y): &Point| (0.0..400.0).contains(&x) && (0.0..300.0).contains(&y);
        assert!(lines.concat().iter().all(inside), "{lines:?}");
        // Dots of training lie over the line.
        assert!(matches!(shapes[3..], [Shape::Dot { .. }, ..]) && shapes.len() == 3 + 7);
    }

    #[test]
    fn one_epoch_and_none_are_drawn_too() {
        assert_eq!(drawn(&[0.5]).len(), 2);
        assert_eq!(drawn(&[]), []);
    }

    #[test]
    fn legends_wrap() {
        let series = |name: &str| Series::new(name, Mark::Dots, BLUE, &[], |_| 0.0);
        let names = ["short", "a name that is long", "", "third", "fourth"].map(series);
        let (shapes, height) = legend(&names, 100.0, 500.0);
        let places: Vec<Point> = shapes
            .iter()
            .filter_map(|shape| if let Shape::Text(text) = shape { Some(text.at) } else { None })
            .collect();
        assert_eq!(places.len(), 4);
        assert!(places[0].1 == places[1].1 && places[0].0 == places[2].0, "{places:?}");
        assert!(places[2].1 > places[1].1 && height > 2.0 * FONT);
    }
}
