//! References for comparing runs: a history with its source, its known flaws, and comparable
//! reruns, which show how much such a run varies.

pub use super::built_in::all;

use super::chart::Quantity;
use super::figure::{Figure, Run};
use crate::history::{self, Epoch};
use anyhow::{Result, bail};
use std::path::Path;

/// A history to compare runs with.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// Name of a built-in reference. Of a CSV, the file name without extension or, for a
    /// `history.csv`, the name of its run.
    pub name: String,
    /// What was trained.
    pub what: String,
    /// Where the history is from.
    pub provenance: String,
    /// Known flaws.
    pub flaws: Vec<String>,
    /// The reference's own run.
    pub run: Run,
    /// Runs whose lowest and highest figures are the spread; empty for a CSV. They include the
    /// reference's own run unless a flaw makes it another experiment.
    pub spread: Vec<Run>,
}

/// The built-in reference named `text`, or the history in the CSV at the path `text`.
///
/// # Errors
/// If there is neither, or the CSV is not a complete history.
pub fn find(text: &Path) -> Result<Reference> {
    if let Some(built_in) = all()?.into_iter().find(|known| Path::new(&known.name) == text) {
        return Ok(built_in);
    }
    let is_path = text.extension().is_some() || text.components().count() > 1;
    if !text.exists() && !is_path {
        bail!(
            "expected the name of a reference or a CSV, found {}; try {}, or a file",
            text.display(),
            names().join(", ")
        );
    }
    let history = history::read(text)?;
    let name = csv_name(text);
    Ok(Reference {
        what: format!("{} epochs", history.len()),
        provenance: text.display().to_string(),
        flaws: Vec::new(),
        run: Run { name: name.clone(), history, val_loss_holds: true, test_acc: None },
        spread: Vec::new(),
        name,
    })
}

/// The file name without extension; for a `history.csv`, the name of its run.
fn csv_name(path: &Path) -> String {
    let named_after = match path.parent().filter(|parent| parent.file_name().is_some()) {
        Some(run) if path.ends_with("history.csv") => run.file_name(),
        _ => path.file_stem(),
    };
    named_after.unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Names of the built-in references.
pub fn names() -> Vec<String> {
    all().into_iter().flatten().map(|known| known.name).collect()
}

impl Reference {
    /// Its own epochs; none if their `quantity` is implausible.
    pub fn rows(&self, quantity: Quantity) -> &[Epoch] {
        let holds = self.run.val_loss_holds || quantity == Quantity::Accuracy;
        if holds { &self.run.history } else { &[] }
    }

    /// Lowest and highest `figure` of the comparable runs; `None` if fewer than two have it.
    pub fn spread_of(&self, figure: Figure) -> Option<Spread> {
        let values: Vec<f64> = self.spread.iter().filter_map(|run| figure.of(run)).collect();
        let lowest = values.iter().copied().reduce(f64::min)?;
        let highest = values.iter().copied().reduce(f64::max)?;
        (values.len() > 1).then_some(Spread { lowest, highest, runs: values.len() })
    }
}

/// Range of a figure over several runs.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Spread {
    /// Lowest value.
    pub lowest: f64,
    /// Highest value.
    pub highest: f64,
    /// Number of runs.
    pub runs: usize,
}

impl Spread {
    /// Whether `value` is in the range, bounds included. Notebooks print four decimals, so a value
    /// that rounds to a bound is in it.
    pub fn holds(&self, value: f64) -> bool {
        const HALF_A_DIGIT: f64 = 5e-5;
        (self.lowest - HALF_A_DIGIT..=self.highest + HALF_A_DIGIT).contains(&value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct SummaryRow {
        run: String,
        source: String,
        epochs: usize,
        last_acc: f64,
        last_val_acc: f64,
        best_val_acc: f64,
        min_val_loss: f64,
        min_val_loss_epoch: f64,
        mean_last10_val_acc: f64,
        test_acc: Option<f64>,
    }

    /// References and the names of their notebooks in summary.csv.
    const NOTEBOOKS: [(&str, &str); 5] = [
        ("book-baseline", "52_baseline"),
        ("book-augmented", "52_augment"),
        ("book-features", "53_feat_noaug"),
        ("book-features-augmented", "53_feat_aug"),
        ("book-fine-tune", "53_finetune"),
    ];

    #[test]
    fn figures_are_those_of_the_summary() {
        let summary = include_str!("../../reference/reruns/summary.csv");
        let rows: Vec<SummaryRow> = csv::Reader::from_reader(summary.as_bytes())
            .deserialize()
            .map(Result::unwrap)
            .collect();
        let mut checked = 0;
        for (name, notebook) in NOTEBOOKS {
            let reference = find(Path::new(name)).unwrap();
            let reruns = reference.spread.iter().filter(|run| **run != reference.run);
            for run in reruns.chain([&reference.run]) {
                let source = if run.name == "the book" { "fchollet" } else { &run.name };
                let row = rows
                    .iter()
                    .find(|row| {
                        row.run == notebook && row.source.starts_with(&format!("{source}/"))
                    })
                    .unwrap_or_else(|| panic!("{notebook} by {source} is not in the summary"));
                // The summary also has the figures of an implausible val_loss.
                let whole = Run { val_loss_holds: true, ..run.clone() };
                assert_eq!(run.history.len(), row.epochs, "{name} {source}");
                for (figure, expected) in [
                    (Figure::LastAcc, row.last_acc),
                    (Figure::LastValAcc, row.last_val_acc),
                    (Figure::BestValAcc, row.best_val_acc),
                    (Figure::MeanValAcc, row.mean_last10_val_acc),
                    (Figure::LowestValLoss, row.min_val_loss),
                    (Figure::LowestValLossEpoch, row.min_val_loss_epoch),
                ] {
                    let value = figure.of(&whole).unwrap();
                    assert!(
                        (value - expected).abs() < 5.1e-5,
                        "{name} {source} {figure:?} {value}"
                    );
                }
                let test_acc = |value: Option<f64>| value.map(|value| (value * 1000.0).round());
                assert_eq!(test_acc(run.test_acc), test_acc(row.test_acc), "{name} {source}");
                checked += 1;
            }
        }
        assert_eq!(checked, 6 + 5 + 7 + 4 + 4);
    }

    #[test]
    fn spreads_exclude_runs_that_are_not_comparable() {
        let baseline = find(Path::new("book-baseline")).unwrap();
        let spread = |figure| {
            let spread = baseline.spread_of(figure).unwrap();
            (spread.lowest, spread.highest, spread.runs)
        };
        assert_eq!(spread(Figure::LastValAcc), (0.724, 0.751, 6));
        // Without birolkuyumcu's implausible 0.2765 at epoch 20.
        assert_eq!(spread(Figure::LowestValLoss), (0.5308, 0.5572, 5));
        assert_eq!(spread(Figure::LowestValLossEpoch), (7.0, 12.0, 5));
        assert_eq!(baseline.spread_of(Figure::TestAcc), None);
        // Without the book's own 0.951, from a base that was not frozen.
        let features = find(Path::new("book-features-augmented")).unwrap();
        let spread = features.spread_of(Figure::LastValAcc).unwrap();
        assert_eq!((spread.lowest, spread.highest, spread.runs), (0.893, 0.905, 3));
        for reference in all().unwrap() {
            assert!(reference.spread.len() > 1 && !reference.provenance.is_empty());
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes);
        write("picture.csv", b"\xff\xd8\xff\xe0").unwrap();
        write("loss.csv", b"epoch,loss\n0,0.7\n").unwrap();
        let error = |path: &Path| format!("{:#}", find(path).unwrap_err());
        let of_name = error(Path::new("bok-baseline"));
        assert!(of_name.contains("found bok-baseline; try book-baseline, book-augmented"));
        for (name, said) in [
            ("nowhere.csv", "cannot read the history"),
            ("", "history.csv"),
            ("picture.csv", "picture.csv"),
            ("loss.csv", "expected the column acc or accuracy"),
        ] {
            let error = error(&folder.path().join(name));
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn bounds_are_inside() {
        let spread = Spread { lowest: 0.543, highest: 0.744, runs: 2 };
        // The nearest f32 of 0.744, as Keras 3 writes it, is 0.7440000176429749.
        for inside in [0.543, 0.744, 0.7440000176429749] {
            assert!(spread.holds(inside));
        }
        for outside in [0.5429, 0.7441, f64::NAN] {
            assert!(!spread.holds(outside));
        }
    }
}
