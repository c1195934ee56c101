//! The part of a report that compares several runs.

use super::Subject;
use super::tables::{decimals, interval, percent};
use crate::history::Epoch;
use crate::metrics::Metrics;
use crate::metrics::paired::Paired;
use crate::report::chart::{Mark, Quantity, Series};
use crate::report::colors::{GRAY, of_series};
use crate::report::page::Comparison;
use crate::report::page::chart::PageChart;
use crate::report::reference::Reference;
use std::collections::HashMap;
use std::path::PathBuf;

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
pub fn of(runs: &[Compared], reference: Option<&Reference>) -> Comparison {
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
    Comparison {
        charts: Quantity::BOTH.map(|quantity| chart(quantity, runs, reference)).into(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: runs.iter().enumerate().map(row).collect(),
        note: "Accuracy is compared with the first run's on the same pictures: the difference in percentage points with its 95 % interval (Bonett and Price), and the probability of a difference at least as large between equally good networks (McNemar's exact test).".to_owned(),
    }
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

fn chart(quantity: Quantity, runs: &[Compared], reference: Option<&Reference>) -> PageChart {
    let line = |name: &str, width, color, rows: &[Epoch]| {
        Series::new(name, Mark::Line(width), color, rows, |row| quantity.validation(row))
    };
    let of_run =
        |(index, run): (usize, &Compared)| line(&run.name, 2.0, of_series(index), &run.history);
    let mut series: Vec<Series> = runs.iter().enumerate().map(of_run).collect();
    if let Some(reference) = reference {
        series.push(line(&reference.name, 1.5, GRAY, reference.rows(quantity)));
    }
    PageChart::new(&quantity.chart(format!("Validation {}", quantity.name()), series))
}
