//! Curves over the epochs in a terminal.

use petite::history::Epoch;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{Axis, Block, Chart, Dataset, GraphType, Widget};

/// The color of axes.
const FAINT: Style = Style::new().fg(Color::DarkGray);

/// Values of the epochs as points or as a line, as in the book's plots.
#[derive(Debug, Clone)]
pub struct Curve {
    /// Epochs and values; none that is not finite.
    points: Vec<(f64, f64)>,
    color: Color,
    is_line: bool,
}

impl Curve {
    /// The curve of `value` over `rows`.
    pub fn new(rows: &[Epoch], value: fn(&Epoch) -> f64, color: Color, is_line: bool) -> Self {
        let points = rows.iter().map(|row| (row.epoch as f64, value(row)));
        let points = points.filter(|(_, value)| value.is_finite()).collect();
        Self { points, color, is_line }
    }
}

/// Draws `curves`, whose values are 0 to `limit`, below `title` into `area` of the screen.
pub fn draw(curves: &[Curve], limit: f64, title: Line<'_>, area: Rect, screen: &mut Buffer) {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let last = points().fold(2.0, |last: f64, (epoch, _)| last.max(*epoch));
    let (low, high) =
        points().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), (_, y)| (l.min(*y), h.max(*y)));
    let (low, high) = if low.is_finite() { (low, high) } else { (0.0, 1.0) };
    let margin = ((high - low) * 0.05).max(0.005);
    let bounds = [(low - margin).max(0.0), (high + margin).min(limit)];
    let middle = (bounds[0] + bounds[1]) / 2.0;
    // The widget needs a row for each.
    let values = if area.height > 6 { vec![bounds[0], middle, bounds[1]] } else { bounds.to_vec() };
    let y_labels = values.iter().map(|value| Line::from(format!("{value:.2}")));
    let x_labels = ["1".to_owned(), format!("{last:.0}")].map(Line::from);
    let datasets = curves.iter().map(|curve| {
        let (marker, graph) = match curve.is_line {
            true => (Marker::Braille, GraphType::Line),
            false => (Marker::Dot, GraphType::Scatter),
        };
        let style = Style::new().fg(curve.color);
        Dataset::default().marker(marker).graph_type(graph).style(style).data(&curve.points)
    });
    Chart::new(datasets.collect())
        .block(Block::new().title(title))
        .legend_position(None)
        .x_axis(Axis::default().style(FAINT).bounds([1.0, last]).labels(x_labels))
        .y_axis(Axis::default().style(FAINT).bounds(bounds).labels(y_labels))
        .render(area, screen);
}
