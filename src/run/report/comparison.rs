//! The part of a report that compares several runs.

use super::Subject;
use super::tables::{decimals, interval, percent};
use crate::history::Epoch;
use crate::metrics::Metrics;
use crate::metrics::paired::Paired;
use crate::report::page::Comparison;
use crate::report::page::chart::{Chart, Mark, Series};
use crate::report::reference::Reference;
use anyhow::Result;
use std::collections::HashMap;
use std::path::PathBuf;

/// Color of the reference in all charts.
const REFERENCE: usize = 2;

/// What is compared of a run.
pub struct Compared {
    /// Name of its folder.
    pub name: String,
    recipe: &'static str,
    model: &'static str,
    history: Vec<Epoch>,
    loss: f64,
    acc: f64,
    metrics: Metrics,
    /// Whether each picture is classified correctly.
    outcomes: HashMap<PathBuf, bool>,
}

impl Compared {
    /// What is compared of `subject`.
    pub fn of(subject: &Subject<'_>) -> Self {
        let config = &subject.record().train;
        let outcomes = subject.pictures.outcomes();
        Self {
            name: subject.name.clone(),
            recipe: config.recipe.name(),
            model: config.network.model.name(),
            history: subject.history.clone(),
            loss: subject.pictures.means.loss,
            acc: subject.pictures.means.accuracy,
            metrics: Metrics::new(&subject.pictures.scored),
            outcomes: outcomes.map(|(path, is_correct)| (path.to_owned(), is_correct)).collect(),
        }
    }
}

/// Compares the runs with each other and with the first of them.
///
/// # Errors
/// If a chart cannot be drawn.
pub fn of(runs: &[Compared], reference: Option<&Reference>) -> Result<Comparison> {
    let columns = [
        "run",
        "recipe",
        "network",
        "epochs",
        "accuracy",
        "95 % interval",
        "loss",
        "ROC AUC",
        "calibration error",
        "points against the first",
        "McNemar's p",
    ];
    let row = |(index, run): (usize, &Compared)| {
        let against = (index > 0).then(|| paired(run, &runs[0])).flatten();
        vec![
            run.name.clone(),
            run.recipe.to_owned(),
            run.model.to_owned(),
            run.history.len().to_string(),
            percent(run.acc),
            interval(run.metrics.acc_interval),
            decimals(Some(run.loss)),
            decimals(run.metrics.macro_mean.roc_auc),
            decimals(Some(run.metrics.calibration_error)),
            against.map_or("-".to_owned(), |paired| {
                let [difference, low, high] =
                    [paired.difference, paired.interval.low, paired.interval.high]
                        .map(|share| format!("{:+.1}", 100.0 * share));
                format!("{difference} ({low} to {high})")
            }),
            decimals(against.map(|paired| paired.p_value)),
        ]
    };
    Ok(Comparison {
        charts: vec![
            chart("Validation accuracy", false, |row| row.val_acc, runs, reference)?,
            chart("Validation loss", true, |row| row.val_loss, runs, reference)?,
        ],
        columns: columns.map(str::to_owned).to_vec(),
        rows: runs.iter().enumerate().map(row).collect(),
        note: "Accuracy is compared with the first run's on the same pictures: the difference in percentage points with its 95 % interval (Bonett and Price), and the probability of a difference at least as large between equally good networks (McNemar's exact test).".to_owned(),
    })
}

/// Both runs on the pictures that both were evaluated on; `None` if there are none.
fn paired(run: &Compared, first: &Compared) -> Option<Paired> {
    let pairs: Vec<(bool, bool)> = run
        .outcomes
        .iter()
        .filter_map(|(path, &is_correct)| Some((is_correct, *first.outcomes.get(path)?)))
        .collect();
    (!pairs.is_empty()).then(|| Paired::new(pairs))
}

fn chart(
    title: &str,
    from_zero: bool,
    value: fn(&Epoch) -> f64,
    runs: &[Compared],
    reference: Option<&Reference>,
) -> Result<Chart> {
    let color = |index: usize| if index < REFERENCE { index } else { index + 1 };
    let mut series: Vec<Series> = runs
        .iter()
        .enumerate()
        .map(|(index, run)| Series::new(&run.name, Mark::Line, color(index), &run.history, value))
        .collect();
    if let Some(reference) = reference.filter(|known| known.run.val_loss_holds || !from_zero) {
        let history = &reference.run.history;
        series.push(Series::new(&reference.name, Mark::Dashes, REFERENCE, history, value));
    }
    Chart::new(title, from_zero, series)
}
