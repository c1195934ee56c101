//! Line charts over the epochs as inline SVG. The page's script reads the values back from the markup
//! and shows those of the epoch under the pointer.

use crate::history::Epoch;
use anyhow::{Context, Result};
use serde::Serialize;
use std::fmt::Write;

/// Width and height in SVG units, which are pixels on a phone.
const SIZE: (f64, f64) = (420.0, 260.0);
/// Space for labels left of and below the plot, and above and right of it.
const LEFT: f64 = 42.0;
const BOTTOM: f64 = 34.0;
const TOP: f64 = 10.0;
const RIGHT: f64 = 10.0;
/// Number of colors in the page's style, `--s0` and so on.
const COLORS: usize = 8;

/// How a series is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// A dot per epoch, as the book draws training.
    Dots,
    /// A line, as the book draws validation.
    Line,
    /// A dashed line: a reference.
    Dashes,
}

impl Mark {
    /// The mark in the legend.
    pub fn symbol(self) -> char {
        match self {
            Self::Dots => '•',
            Self::Line => '—',
            Self::Dashes => '┄',
        }
    }
}

/// Values over the epochs.
#[derive(Debug, Clone, Serialize)]
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// How it is drawn.
    pub mark: Mark,
    /// Index of its color.
    pub color: usize,
    /// The values from epoch 1 on; `null` where they are not finite.
    pub values: Vec<Option<f64>>,
}

impl Series {
    /// The `value` of each row of `history`.
    pub fn new(
        name: impl Into<String>,
        mark: Mark,
        color: usize,
        history: &[Epoch],
        value: fn(&Epoch) -> f64,
    ) -> Self {
        let finite = |row| Some(value(row)).filter(|value| value.is_finite());
        let values = history.iter().map(finite).collect();
        Self { name: name.into(), mark, color: color % COLORS, values }
    }
}

/// A chart.
#[derive(Debug)]
pub struct Chart {
    /// What the values are.
    pub title: String,
    /// The series, for the legend.
    pub series: Vec<Series>,
    /// SVG, and the values as JSON in a script element. Names in both are escaped.
    pub markup: String,
}

impl Chart {
    /// Draws `series`; with `from_zero`, the axis of the values starts at 0.
    ///
    /// # Errors
    /// If the values cannot be serialized.
    pub fn new(title: &str, from_zero: bool, series: Vec<Series>) -> Result<Self> {
        let values = || series.iter().flat_map(|series| series.values.iter().flatten().copied());
        let (low, high) = values()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        let (low, high) = if low.is_finite() { (low, high) } else { (0.0, 1.0) };
        let axis = Axis::new(if from_zero { 0.0 } else { low }, high);
        let epochs = series.iter().map(|series| series.values.len()).max().unwrap_or(1).max(1);
        let mut svg = String::new();
        draw(&mut svg, title, &axis, epochs, &series).context("cannot draw a chart")?;
        let data = serde_json::json!({
            "low": axis.low, "high": axis.high, "epochs": epochs,
            "plot": [LEFT, TOP, SIZE.0 - RIGHT, SIZE.1 - BOTTOM], "series": series,
        });
        // A name must not end the script element.
        let data = data.to_string().replace('<', "\\u003c");
        let markup = format!("{svg}<script type=\"application/json\">{data}</script>");
        Ok(Self { title: title.to_owned(), series, markup })
    }
}

/// The axis of the values, from one label to another.
struct Axis {
    low: f64,
    high: f64,
    step: f64,
}

impl Axis {
    /// With four to nine labels at multiples of 1, 2 or 5 times a power of ten.
    fn new(low: f64, high: f64) -> Self {
        // Equal values, such as those of a single epoch, are in the middle of an axis.
        let (low, high) = if high - low < 1e-6 { (low - 0.01, high + 0.01) } else { (low, high) };
        let span = high - low;
        let power = 10f64.powf((span / 4.0).log10().floor());
        let steps = [5.0, 2.0, 1.0].map(|factor| factor * power);
        let step = steps.into_iter().find(|step| span / step >= 3.0).unwrap_or(power);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step, step }
    }

    fn labels(&self) -> impl Iterator<Item = f64> {
        let count = ((self.high - self.low) / self.step).round() as usize;
        (0..=count).map(|index| self.low + index as f64 * self.step)
    }

    fn decimals(&self) -> usize {
        (-self.step.log10().floor()).clamp(0.0, 6.0) as usize
    }
}

fn draw(
    svg: &mut String,
    title: &str,
    axis: &Axis,
    epochs: usize,
    series: &[Series],
) -> Result<(), std::fmt::Error> {
    let (right, bottom) = (SIZE.0 - RIGHT, SIZE.1 - BOTTOM);
    let x = |epoch: usize| {
        let of = (epochs - 1).max(1) as f64;
        LEFT + (epoch - 1) as f64 / of * (right - LEFT)
    };
    let y = |value: f64| bottom - (value - axis.low) / (axis.high - axis.low) * (bottom - TOP);
    write!(svg, "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{title}\">", SIZE.0, SIZE.1)?;
    for value in axis.labels() {
        let (y, decimals) = (y(value), axis.decimals());
        write!(svg, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/>")?;
        let (x, y) = (LEFT - 6.0, y + 4.0);
        write!(svg, "<text x=\"{x}\" y=\"{y:.1}\" text-anchor=\"end\">{value:.decimals$}</text>")?;
    }
    let every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
    let every = every.into_iter().find(|every| epochs / every <= 8).unwrap_or(epochs);
    for epoch in (1..=epochs).filter(|epoch| epoch % every == 0 || *epoch == 1 && every > 1) {
        let (x, y) = (x(epoch), bottom + 15.0);
        write!(svg, "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{epoch}</text>")?;
    }
    let (middle, y_title) = ((LEFT + right) / 2.0, SIZE.1 - 4.0);
    write!(svg, "<text x=\"{middle}\" y=\"{y_title}\" text-anchor=\"middle\">epoch</text>")?;
    for Series { mark, color, values, .. } in series {
        let points = values.iter().enumerate();
        let mut points = points.map(|(index, value)| value.map(|value| (x(index + 1), y(value))));
        if *mark == Mark::Dots {
            for (x, y) in points.flatten() {
                write!(svg, "<circle class=\"c{color}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.6\"/>")?;
            }
            continue;
        }
        let class = if *mark == Mark::Dashes { " dashed" } else { "" };
        write!(svg, "<path class=\"line c{color}{class}\" d=\"")?;
        // A value that is not finite leaves a gap.
        let mut after_gap = true;
        points.try_for_each(|point| {
            let Some((x, y)) = point else {
                after_gap = true;
                return Ok(());
            };
            let command = if std::mem::take(&mut after_gap) { 'M' } else { 'L' };
            write!(svg, "{command}{x:.1} {y:.1}")
        })?;
        svg.push_str("\"/>");
    }
    svg.push_str("<path class=\"cursor\" d=\"\"/></svg>");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(val_losses: &[f64]) -> Vec<Epoch> {
        let rows = val_losses.iter().enumerate();
        rows.map(|(index, &val_loss)| Epoch::new(index as i64 + 1, 0.5, 0.9, val_loss, 0.8))
            .collect()
    }

    #[test]
    fn axes_have_round_labels_around_the_values() {
        for (low, high) in [(0.0, 0.7), (0.52, 0.99), (0.981, 0.984), (0.0, 120.0), (0.5, 0.5)] {
            let axis = Axis::new(low, high);
            let labels: Vec<f64> = axis.labels().collect();
            assert!((2..=11).contains(&labels.len()), "{low} {high} {labels:?}");
            assert!(labels[0] <= low + 1e-9 && high <= labels[labels.len() - 1] + 1e-9);
            let decimals = axis.decimals();
            for label in labels {
                let shown: f64 = format!("{label:.decimals$}").parse().unwrap();
                assert!((shown - label).abs() < axis.step / 100.0, "{label} {shown}");
            }
        }
    }

    #[test]
    fn what_is_not_finite_is_a_gap_and_null() {
        let history = history(&[0.7, f64::NAN, 0.5, 0.4]);
        let series = Series::new("</script><b>", Mark::Line, 9, &history, |row| row.val_loss);
        assert_eq!((series.values[1], series.color), (None, 1));
        let chart = Chart::new("Loss", true, vec![series]).unwrap();
        assert_eq!(chart.markup.matches("</script>").count(), 1);
        let path = chart.markup.split("class=\"line").nth(1).unwrap().split('"').nth(2).unwrap();
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 1), "{path}");
        assert!(!chart.markup.contains("NaN"));
    }

    #[test]
    fn one_epoch_and_none_are_drawn_too() {
        for rows in [1, 0] {
            let history = history(&vec![0.5; rows]);
            let series = Series::new("run", Mark::Dots, 0, &history, |row| row.acc);
            let chart = Chart::new("Accuracy", false, vec![series]).unwrap();
            assert_eq!(chart.markup.matches("<circle").count(), rows);
            assert!(!chart.markup.contains("NaN") && !chart.markup.contains("inf"));
        }
    }
}
