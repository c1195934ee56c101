//! Accuracy and loss over the epochs (the book's listing 5.10): dots for training, a line for
//! validation.

use crate::atomic_file;
use crate::training::history::EpochRecord;
use anyhow::{Context, Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use std::path::Path;
use std::sync::Once;

/// Width and height of the picture in pixels: two panels side by side.
const SIZE: (u32, u32) = (1280, 480);
const TRAINING: RGBColor = RGBColor(31, 119, 180);
const VALIDATION: RGBColor = RGBColor(214, 96, 20);

/// One quantity of the history, for training and validation.
struct Panel {
    title: &'static str,
    training: fn(&EpochRecord) -> f64,
    validation: fn(&EpochRecord) -> f64,
    /// Whether the axis starts at 0 and has no upper bound, as a loss, or spans accuracies.
    is_loss: bool,
}

const PANELS: [Panel; 2] = [
    Panel {
        title: "Training and validation accuracy",
        training: |row| row.acc,
        validation: |row| row.val_acc,
        is_loss: false,
    },
    Panel {
        title: "Training and validation loss",
        training: |row| row.loss,
        validation: |row| row.val_loss,
        is_loss: true,
    },
];

/// Draws `history` to `path` as PNG.
///
/// # Errors
/// If the file cannot be written.
pub fn write_png(path: &Path, history: &[EpochRecord]) -> Result<()> {
    atomic_file::write(path, |temporary| {
        draw(&BitMapBackend::new(temporary, SIZE).into_drawing_area(), history)
    })
}

/// Draws `history` to `path` as SVG.
///
/// # Errors
/// If the file cannot be written.
pub fn write_svg(path: &Path, history: &[EpochRecord]) -> Result<()> {
    atomic_file::write(path, |temporary| {
        draw(&SVGBackend::new(temporary, SIZE).into_drawing_area(), history)
    })
}

fn draw<B: DrawingBackend>(area: &DrawingArea<B, Shift>, history: &[EpochRecord]) -> Result<()> {
    // Text is measured with this font for the SVG too.
    static FONT: Once = Once::new();
    FONT.call_once(|| {
        let _ = register_font("sans-serif", FontStyle::Normal, dejavu::sans::regular());
    });
    let drawing = |error: DrawingAreaErrorKind<B::ErrorType>| anyhow!("cannot draw: {error}");
    area.fill(&WHITE).map_err(drawing)?;
    for (panel, half) in PANELS.iter().zip(area.split_evenly((1, PANELS.len()))) {
        draw_panel(&half, panel, history).map_err(drawing)?;
    }
    area.present().map_err(drawing)
}

fn draw_panel<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    panel: &Panel,
    history: &[EpochRecord],
) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
    let points = |value: fn(&EpochRecord) -> f64| {
        // A diverged run has losses that are no numbers; the rest is still worth seeing.
        history.iter().map(move |row| (row.epoch as f64, value(row))).filter(|(_, y)| y.is_finite())
    };
    let (lowest, highest) = points(panel.training)
        .chain(points(panel.validation))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, y)| (low.min(y), high.max(y)));
    let margin = ((highest - lowest) * 0.06).max(0.01);
    let y_range = match (lowest.is_finite(), panel.is_loss) {
        (false, _) => 0.0..1.0,
        (true, true) => 0.0..highest + margin,
        (true, false) => (lowest - margin).max(0.0)..(highest + margin).min(1.005),
    };
    let last_epoch = history.last().map_or(1, |row| row.epoch) as f64;

    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, ("sans-serif", 22))
        .margin(16)
        .margin_right(24)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..last_epoch + 1.0, y_range)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(RGBColor(225, 225, 225))
        .x_desc("Epochs")
        .x_labels(12)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.2}"))
        .label_style(("sans-serif", 15))
        .axis_desc_style(("sans-serif", 16))
        .draw()?;
    let noun = if panel.is_loss { "loss" } else { "acc" };
    chart
        .draw_series(points(panel.training).map(|point| Circle::new(point, 4, TRAINING.filled())))?
        .label(format!("Training {noun}"))
        .legend(|(x, y)| Circle::new((x + 10, y), 4, TRAINING.filled()));
    chart
        .draw_series(LineSeries::new(points(panel.validation), VALIDATION.stroke_width(2)))?
        .label(format!("Validation {noun}"))
        .legend(|(x, y)| PathElement::new([(x, y), (x + 20, y)], VALIDATION.stroke_width(2)));
    chart
        .configure_series_labels()
        .position(if panel.is_loss {
            SeriesLabelPosition::UpperLeft
        } else {
            SeriesLabelPosition::LowerRight
        })
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(190, 190, 190))
        .label_font(("sans-serif", 15))
        .draw()
}

/// Draws `history` to the two files that a run keeps.
///
/// # Errors
/// If there is nothing to draw or a file cannot be written.
pub fn write_both(png: &Path, svg: &Path, history: &[EpochRecord]) -> Result<()> {
    history.first().context("expected at least one epoch to draw, found none")?;
    write_png(png, history)?;
    write_svg(svg, history)
}
