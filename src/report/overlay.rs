//! Plot of runs over a reference: dots for training, lines for validation, and gray lines for the
//! validation of the reference's comparable runs.

use super::chart::{Chart, Mark, Quantity, Series, side_by_side};
use super::colors::{BLUE, GRAY, ORANGE, PALE_BLUE};
use super::curves::SIZE;
use super::figure::Run;
use super::reference::Reference;
use crate::history::Epoch;
use crate::text::numbers::cut;
use anyhow::Result;
use std::path::Path;

/// Draws `runs` over `reference` to a PNG and an SVG. Several runs are thin lines, and their mean,
/// over the epochs that all of them have, is a thick one.
///
/// # Errors
/// If a file cannot be written.
pub fn write_both(png: &Path, svg: &Path, runs: &[Run], reference: &Reference) -> Result<()> {
    let charts = Quantity::BOTH.map(|quantity| chart(quantity, runs, reference));
    side_by_side(&charts, SIZE).write_both(png, svg)
}

fn chart(quantity: Quantity, runs: &[Run], reference: &Reference) -> Chart {
    let training = |name: &str, mark, color, rows: &[Epoch]| {
        let name = format!("{name}, training");
        Series::new(name, mark, color, rows, |row| quantity.training(row))
    };
    let validation = |name: &str, width, color, rows: &[Epoch]| {
        let name = if name.is_empty() { String::new() } else { format!("{name}, validation") };
        Series::new(name, Mark::Line(width), color, rows, |row| quantity.validation(row))
    };
    let (own, width) = match runs {
        [run] => (cut(&run.name), 2.0),
        runs => (format!("mean of {} runs", runs.len()), 3.0),
    };
    let (mean, name, book) = (mean_history(runs), cut(&reference.name), &reference.run);
    let mut series = vec![
        training(&own, Mark::Dots, BLUE, &mean),
        validation(&own, width, BLUE, &mean),
        training(&name, Mark::Rings, ORANGE, &book.history),
        validation(&name, 2.0, ORANGE, &book.history),
    ];
    // All of a kind have the name of the first in the legend.
    let mut thin = |name: &str, color, runs: &[&Run]| {
        let names = std::iter::once(name).chain(std::iter::repeat(""));
        let lines = names.zip(runs).map(|(name, run)| validation(name, 1.0, color, &run.history));
        series.extend(lines);
    };
    if runs.len() > 1 {
        thin("each run", PALE_BLUE, &runs.iter().collect::<Vec<_>>());
    }
    let holds = |run: &&Run| run.val_loss_holds || quantity == Quantity::Accuracy;
    let others: Vec<&Run> =
        reference.spread.iter().filter(|run| *run != book).filter(holds).collect();
    thin("comparable runs", GRAY, &others);
    quantity.chart(format!("Training and validation {}", quantity.name()), series)
}

/// Mean of the runs for each epoch that all of them have.
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
}
