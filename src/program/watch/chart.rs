//! Charts in a terminal.

use petite::report::axis::Axis;
use petite::report::chart::{Chart, Mark, Series};
use petite::report::colors::SERIES;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{self, Block, Dataset, GraphType, Widget};

/// Colors of a terminal for those of [`SERIES`], in turn.
const COLORS: [Color; 6] =
    [Color::Cyan, Color::Yellow, Color::Green, Color::Magenta, Color::Red, Color::Blue];
/// The color of axes.
const FAINT: Style = Style::new().fg(Color::DarkGray);

/// The terminal's color for that of a series.
pub fn color(series: petite::report::colors::Color) -> Color {
    let index = SERIES.iter().position(|color| *color == series).unwrap_or(0);
    COLORS[index % COLORS.len()]
}

/// Draws `chart` below `title` into `area` of the screen.
pub fn draw(chart: &Chart, title: Line<'_>, area: Rect, screen: &mut Buffer) {
    // The first series lies over the others.
    let pieces: Vec<(&Series, Vec<(f64, f64)>)> = (chart.series.iter().rev())
        .flat_map(|series| series.pieces().into_iter().map(move |piece| (series, piece)))
        .collect();
    let datasets = pieces.iter().map(|(series, points)| {
        let (marker, graph) = match series.mark {
            Mark::Line(_) => (Marker::Braille, GraphType::Line),
            Mark::Dots | Mark::Rings => (Marker::Dot, GraphType::Scatter),
        };
        let style = Style::new().fg(color(series.color));
        Dataset::default().marker(marker).graph_type(graph).style(style).data(points)
    });
    let (x, y) = (&chart.x, &chart.y);
    // The widget needs a row for each label; more of them are hard to tell apart.
    let y_labels = match usize::from(area.height) > 2 * y.ticks.len() {
        true => y.ticks.clone(),
        false => vec![y.low, y.high],
    };
    let y_labels = y_labels.into_iter().map(|value| Line::from(y.label(value)));
    let x_labels = [x.low.ceil(), x.high.floor()].map(|epoch| Line::from(x.label(epoch)));
    let axis = |axis: &Axis| widgets::Axis::default().style(FAINT).bounds([axis.low, axis.high]);
    widgets::Chart::new(datasets.collect())
        .block(Block::new().title(title))
        .legend_position(None)
        .x_axis(axis(x).labels(x_labels))
        .y_axis(axis(y).labels(y_labels))
        .render(area, screen);
}
