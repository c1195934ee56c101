//! The curves of runs laid over those of a reference: dots for training, lines for validation, the
//! validation of the spread's runs in grey behind.

use super::canvas::{self, Chart, DrawError, Drawing, Quantity};
use super::colors::{BLUE, GRAY, ORANGE, PALE_BLUE};
use super::figure::Run;
use super::reference::Reference;
use crate::history::Epoch;
use anyhow::Result;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

/// Height of the strip below the panels that holds the legend, out of the curves' way.
const LEGEND: u32 = 44;
/// Longer names are cut in the legend.
const NAME: usize = 28;

/// One quantity of a history, for training and validation.
struct Panel {
    quantity: Quantity,
    training: fn(&Epoch) -> f64,
    validation: fn(&Epoch) -> f64,
}

const PANELS: [Panel; 2] = [
    Panel { quantity: Quantity::Accuracy, training: |row| row.acc, validation: |row| row.val_acc },
    Panel { quantity: Quantity::Loss, training: |row| row.loss, validation: |row| row.val_loss },
];

/// Draws `runs` over `reference` to both files. Several runs are thin lines and their mean, over
/// the epochs that all of them have, a thick one.
///
/// # Errors
/// If a file cannot be written.
pub fn write_both(png: &Path, svg: &Path, runs: &[Run], reference: &Reference) -> Result<()> {
    canvas::write_both(png, svg, &Overlay { runs, reference, mean: mean_history(runs) })
}

struct Overlay<'a> {
    runs: &'a [Run],
    reference: &'a Reference,
    /// Of one run, itself.
    mean: Vec<Epoch>,
}

/// A symbol and what it stands for.
#[derive(Clone, Copy)]
enum Mark {
    Dot(RGBColor),
    Ring(RGBColor),
    /// A line of this width.
    Line(RGBColor, u32),
}

impl Drawing for Overlay<'_> {
    /// Two panels side by side over the legend.
    const SIZE: (u32, u32) = (1280, 480 + LEGEND);

    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Result<(), DrawError<B>> {
        let (panels, legend) = area.split_vertically(Self::SIZE.1 - LEGEND);
        for (panel, half) in PANELS.iter().zip(panels.split_evenly((1, PANELS.len()))) {
            self.draw_panel(&half, panel)?;
        }
        draw_legend(&legend, &self.legend())
    }
}

impl Overlay<'_> {
    fn draw_panel<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
        panel: &Panel,
    ) -> Result<(), DrawError<B>> {
        let reference = &self.reference.run;
        let others: Vec<&Run> = self
            .reference
            .spread
            .iter()
            .filter(|run| *run != reference)
            .filter(|run| run.val_loss_holds || panel.quantity == Quantity::Accuracy)
            .collect();
        let all = || self.runs.iter().chain([reference]).chain(others.iter().copied());
        let values = all()
            .flat_map(|run| &run.history)
            .flat_map(|row| [(panel.training)(row), (panel.validation)(row)]);
        let last_epoch = all().map(|run| run.history.len()).max().unwrap_or(1) as i64;
        let mut chart = canvas::panel(area, panel.quantity, last_epoch, values)?;

        for run in others {
            draw_series(&mut chart, &run.history, panel.validation, Mark::Line(GRAY, 1))?;
        }
        if self.runs.len() > 1 {
            for run in self.runs {
                draw_series(&mut chart, &run.history, panel.validation, Mark::Line(PALE_BLUE, 1))?;
            }
        }
        draw_series(&mut chart, &reference.history, panel.training, Mark::Ring(ORANGE))?;
        draw_series(&mut chart, &self.mean, panel.training, Mark::Dot(BLUE))?;
        draw_series(&mut chart, &reference.history, panel.validation, Mark::Line(ORANGE, 2))?;
        draw_series(&mut chart, &self.mean, panel.validation, Mark::Line(BLUE, self.width()))
    }

    /// The runs' own line is as wide as the reference's, the mean of several wider than theirs.
    fn width(&self) -> u32 {
        if self.runs.len() > 1 { 3 } else { 2 }
    }

    fn legend(&self) -> Vec<(Mark, String)> {
        let (runs, validation) = match self.runs {
            [run] => (shorten(&run.name), "validation"),
            runs => (format!("mean of {} runs", runs.len()), "validation (thin: each run)"),
        };
        let reference = shorten(&self.reference.name);
        let mut entries = vec![
            (Mark::Dot(BLUE), format!("{runs}, training")),
            (Mark::Line(BLUE, self.width()), validation.to_owned()),
            (Mark::Ring(ORANGE), format!("{reference}, training")),
            (Mark::Line(ORANGE, 2), "validation".to_owned()),
        ];
        if self.reference.spread.len() > 1 {
            entries.push((Mark::Line(GRAY, 1), "comparable runs, validation".to_owned()));
        }
        entries
    }
}

fn draw_series<B: DrawingBackend>(
    chart: &mut Chart<'_, B>,
    history: &[Epoch],
    value: fn(&Epoch) -> f64,
    mark: Mark,
) -> Result<(), DrawError<B>> {
    // A diverged run has losses that are no numbers; the rest is still worth seeing.
    let points =
        history.iter().map(|row| (row.epoch as f64, value(row))).filter(|(_, y)| y.is_finite());
    match mark {
        Mark::Dot(color) => {
            chart.draw_series(points.map(|point| Circle::new(point, 3, color.filled())))?
        }
        Mark::Ring(color) => {
            chart.draw_series(points.map(|point| Circle::new(point, 3, color.stroke_width(1))))?
        }
        Mark::Line(color, width) => {
            chart.draw_series(LineSeries::new(points, color.stroke_width(width)))?
        }
    };
    Ok(())
}

/// Draws the entries in one row, centred.
fn draw_legend<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    entries: &[(Mark, String)],
) -> Result<(), DrawError<B>> {
    const SYMBOL: i32 = 24;
    const AFTER_SYMBOL: i32 = 8;
    const BETWEEN: i32 = 26;
    let font = ("sans-serif", 15).into_text_style(area);
    let style = font.pos(Pos::new(HPos::Left, VPos::Center));
    let widths = entries
        .iter()
        .map(|(_, text)| Ok(area.estimate_text_size(text, &style)?.0 as i32))
        .collect::<Result<Vec<i32>, DrawError<B>>>()?;
    let whole: i32 = widths.iter().map(|width| width + SYMBOL + AFTER_SYMBOL + BETWEEN).sum();
    let (area_width, area_height) = area.dim_in_pixel();
    let y = area_height as i32 / 2 - 6;
    let mut x = ((area_width as i32 - whole + BETWEEN) / 2).max(0);
    for ((mark, text), width) in entries.iter().zip(widths) {
        let middle = (x + SYMBOL / 2, y);
        match *mark {
            Mark::Dot(color) => area.draw(&Circle::new(middle, 4, color.filled()))?,
            Mark::Ring(color) => area.draw(&Circle::new(middle, 4, color.stroke_width(1)))?,
            Mark::Line(color, stroke) => {
                let ends = [(x, y), (x + SYMBOL, y)];
                area.draw(&PathElement::new(ends, color.stroke_width(stroke)))?;
            }
        }
        area.draw(&Text::new(text.as_str(), (x + SYMBOL + AFTER_SYMBOL, y), style.clone()))?;
        x += SYMBOL + AFTER_SYMBOL + width + BETWEEN;
    }
    Ok(())
}

fn shorten(name: &str) -> String {
    match name.char_indices().nth(NAME) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// The mean of each epoch that all the runs have.
fn mean_history(runs: &[Run]) -> Vec<Epoch> {
    let epochs = runs.iter().map(|run| run.history.len()).min().unwrap_or(0);
    (0..epochs)
        .map(|index| {
            let mean = |value: fn(&Epoch) -> f64| {
                runs.iter().map(|run| value(&run.history[index])).sum::<f64>() / runs.len() as f64
            };
            Epoch::new(
                index as i64 + 1,
                mean(|row| row.loss),
                mean(|row| row.acc),
                mean(|row| row.val_loss),
                mean(|row| row.val_acc),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_ends_with_the_shortest_run() {
        let run = |val_accs: &[f64]| Run {
            name: "run".to_owned(),
            history: val_accs
                .iter()
                .zip(1..)
                .map(|(&val_acc, epoch)| Epoch::new(epoch, 1.0, 0.5, 1.0, val_acc))
                .collect(),
            val_loss_holds: true,
            test_acc: None,
        };
        let mean = mean_history(&[run(&[0.5, 0.6, 0.7]), run(&[0.7, 0.8])]);
        assert_eq!(mean.len(), 2);
        assert!((mean[1].val_acc - 0.7).abs() < 1e-12 && mean[1].epoch == 2);
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(shorten("short"), "short");
        assert_eq!(shorten(&"ä".repeat(40)), format!("{}…", "ä".repeat(NAME)));
    }
}
