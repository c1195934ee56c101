//! Drawing of ROC curves.

use super::canvas::{use_own_font, write_png};
use super::colors::{FAINT_GRAY, GRAY, LIGHT_GRAY};
use crate::metrics::roc::Roc;
use crate::numbers::cut;
use anyhow::{Result, anyhow};
use plotters::prelude::*;
use std::path::Path;

/// Number of curves up to which each has its color and a line in the legend.
const NAMED: usize = 10;
/// Okabe and Ito's colors, which can be told apart with color blindness, and three grays.
const COLORS: [RGBColor; NAMED] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(240, 228, 66),
    RGBColor(0, 0, 0),
    RGBColor(110, 110, 110),
    RGBColor(170, 170, 170),
];

/// Writes the curves, with the names of their classes, to the PNG `path`. More than ten have no
/// names.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, curves: &[(&str, Roc)]) -> Result<()> {
    use_own_font();
    write_png(path, (640, 640), |area| {
        let failed = |error| anyhow!("cannot draw: {error}");
        area.fill(&WHITE).map_err(failed)?;
        let mut chart = ChartBuilder::on(area)
            .caption("ROC, each class against the rest", ("sans-serif", 20))
            .margin(16)
            .margin_right(24)
            .x_label_area_size(44)
            .y_label_area_size(56)
            .build_cartesian_2d(0.0..1.0, 0.0..1.0)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .bold_line_style(FAINT_GRAY)
            .x_desc("Share of other pictures above the threshold")
            .y_desc("Share of the class above the threshold")
            .x_label_formatter(&|x| format!("{x:.1}"))
            .y_label_formatter(&|y| format!("{y:.1}"))
            .label_style(("sans-serif", 15))
            .axis_desc_style(("sans-serif", 16))
            .draw()
            .map_err(failed)?;
        let chance = [(0.0, 0.0), (1.0, 1.0)];
        chart.draw_series(LineSeries::new(chance, GRAY.stroke_width(1))).map_err(failed)?;
        let are_named = curves.len() <= NAMED;
        for (index, (class, roc)) in curves.iter().enumerate() {
            let color = if are_named { COLORS[index] } else { COLORS[0] };
            let style = if are_named { color.stroke_width(2) } else { color.mix(0.4).into() };
            let line = LineSeries::new(roc.points.iter().copied(), style);
            let series = chart.draw_series(line).map_err(failed)?;
            if are_named {
                series.label(format!("{}, AUC {:.4}", cut(class), roc.auc())).legend(
                    move |(x, y)| PathElement::new([(x, y), (x + 20, y)], color.stroke_width(2)),
                );
            }
        }
        if are_named && !curves.is_empty() {
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::LowerRight)
                .background_style(WHITE.mix(0.85))
                .border_style(LIGHT_GRAY)
                .label_font(("sans-serif", 15))
                .draw()
                .map_err(failed)?;
        }
        area.present().map_err(failed)
    })
}
