//! Accuracy and loss over the epochs (the book's listing 5.10): dots for training, a line for
//! validation.

use super::canvas::{self, DrawError, Drawing, Quantity};
use super::colors::{BLUE, LIGHT_GRAY, ORANGE};
use crate::history::Epoch;
use anyhow::{Context, Result};
use plotters::coord::Shift;
use plotters::prelude::*;
use std::path::Path;

/// One quantity of the history, for training and validation.
struct Panel {
    noun: &'static str,
    quantity: Quantity,
    training: fn(&Epoch) -> f64,
    validation: fn(&Epoch) -> f64,
}

const PANELS: [Panel; 2] = [
    Panel {
        noun: "acc",
        quantity: Quantity::Accuracy,
        training: |row| row.acc,
        validation: |row| row.val_acc,
    },
    Panel {
        noun: "loss",
        quantity: Quantity::Loss,
        training: |row| row.loss,
        validation: |row| row.val_loss,
    },
];

/// Where the curves leave room: below the accuracies or above the losses, at the end whose third of the
/// epochs stays further away.
fn legend_corner(panel: &Panel, history: &[Epoch]) -> SeriesLabelPosition {
    let third = history.len().div_ceil(3);
    let room = |rows: &[Epoch]| {
        let values = rows.iter().flat_map(|row| [(panel.training)(row), (panel.validation)(row)]);
        let to_border =
            values.filter(|value| value.is_finite()).map(|value| match panel.quantity {
                Quantity::Accuracy => value,
                Quantity::Loss => -value,
            });
        to_border.fold(f64::INFINITY, f64::min)
    };
    let left = room(&history[..third]) > room(&history[history.len() - third..]);
    match (panel.quantity, left) {
        (Quantity::Accuracy, true) => SeriesLabelPosition::LowerLeft,
        (Quantity::Accuracy, false) => SeriesLabelPosition::LowerRight,
        (Quantity::Loss, true) => SeriesLabelPosition::UpperLeft,
        (Quantity::Loss, false) => SeriesLabelPosition::UpperRight,
    }
}

/// Draws `history` to the two files that a run keeps.
///
/// # Errors
/// If there is nothing to draw or a file cannot be written.
pub fn write_both(png: &Path, svg: &Path, history: &[Epoch]) -> Result<()> {
    history.first().context("expected at least one epoch to draw, found none")?;
    canvas::write_both(png, svg, &Curves(history))
}

struct Curves<'a>(&'a [Epoch]);

impl Drawing for Curves<'_> {
    /// Two panels side by side.
    const SIZE: (u32, u32) = (1280, 480);

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Result<(), DrawError<B>> {
        PANELS
            .iter()
            .zip(area.split_evenly((1, PANELS.len())))
            .try_for_each(|(panel, half)| draw_panel(&half, panel, self.0))
    }
}

fn draw_panel<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    panel: &Panel,
    history: &[Epoch],
) -> Result<(), DrawError<B>> {
    let points = |value: fn(&Epoch) -> f64| {
        // A diverged run has losses that are no numbers; the rest is still worth seeing.
        history.iter().map(move |row| (row.epoch as f64, value(row))).filter(|(_, y)| y.is_finite())
    };
    let values = points(panel.training).chain(points(panel.validation)).map(|(_, y)| y);
    let last_epoch = history.last().map_or(1, |row| row.epoch);
    let mut chart = canvas::panel(area, panel.quantity, last_epoch, values)?;
    chart
        .draw_series(points(panel.training).map(|point| Circle::new(point, 4, BLUE.filled())))?
        .label(format!("Training {}", panel.noun))
        .legend(|(x, y)| Circle::new((x + 10, y), 4, BLUE.filled()));
    chart
        .draw_series(LineSeries::new(points(panel.validation), ORANGE.stroke_width(2)))?
        .label(format!("Validation {}", panel.noun))
        .legend(|(x, y)| PathElement::new([(x, y), (x + 20, y)], ORANGE.stroke_width(2)));
    chart
        .configure_series_labels()
        .position(legend_corner(panel, history))
        .background_style(WHITE.mix(0.85))
        .border_style(LIGHT_GRAY)
        .label_font(("sans-serif", 15))
        .draw()
}
