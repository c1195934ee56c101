//! Comparison of runs with a reference, figure by figure.

use super::figure::{Figure, Run};
use super::reference::{Reference, Spread};
use super::statistic::Statistic;
use serde::Serialize;

/// One figure of the runs and of the reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The figure.
    pub figure: Figure,
    /// Its values in the runs; `None` if it is missing in any of them.
    pub runs: Option<Statistic>,
    /// Its value in the reference's own run, if known.
    pub reference: Option<f64>,
    /// Its spread in the comparable runs; `None` if fewer than two have it.
    pub spread: Option<Spread>,
    /// Whether the mean of the runs is in the spread.
    pub verdict: Verdict,
}

/// Whether the mean of the runs is in the spread of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// In the spread, bounds included.
    Inside,
    /// Outside the spread, or not finite, as in a diverged run.
    Outside,
    /// The figure has no spread, or not all runs were evaluated on test pictures.
    NotJudged,
}

impl Row {
    /// Mean of the runs minus the reference; `None` if either is missing.
    pub fn difference(&self) -> Option<f64> {
        Some(self.runs.as_ref()?.mean - self.reference?)
    }
}

/// Comparison of runs with a reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// One row per figure.
    pub rows: Vec<Row>,
    /// Messages about runs whose number of epochs differs from the reference's: their last epochs
    /// are another stage of training.
    pub other_lengths: Vec<String>,
}

impl Comparison {
    /// Compares `runs` with `reference`; the verdict on several runs is that on their mean. There
    /// is a row for test accuracy if any run has it.
    pub fn new(runs: &[Run], reference: &Reference) -> Self {
        let evaluated = runs.iter().any(|run| run.test_acc.is_some());
        let rows = Figure::ALL
            .into_iter()
            .filter(|&figure| figure != Figure::TestAcc || evaluated)
            .map(|figure| row(figure, runs, reference))
            .collect();
        let expected = reference.run.history.len();
        let other_lengths = runs
            .iter()
            .filter(|run| run.history.len() != expected)
            .map(|run| {
                format!(
                    "expected {expected} epochs as in {}, found {} in {}",
                    reference.name,
                    run.history.len(),
                    run.name
                )
            })
            .collect();
        Self { rows, other_lengths }
    }

    /// Rows with the verdict [`Verdict::Outside`].
    pub fn outside(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.verdict == Verdict::Outside)
    }
}

fn row(figure: Figure, runs: &[Run], reference: &Reference) -> Row {
    let statistic = Statistic::of(runs.iter().map(|run| figure.of(run)));
    let spread = reference.spread_of(figure);
    let verdict = match (&statistic, spread) {
        (_, None) => Verdict::NotJudged,
        (None, _) if figure == Figure::TestAcc => Verdict::NotJudged,
        (Some(runs), Some(spread)) if spread.holds(runs.mean) => Verdict::Inside,
        _ => Verdict::Outside,
    };
    Row { figure, runs: statistic, reference: figure.of(&reference.run), spread, verdict }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::reference;
    use std::path::Path;

    #[test]
    fn the_book_against_itself_is_inside_everywhere() {
        let book = reference::find(Path::new("book-baseline")).unwrap();
        let comparison = Comparison::new(std::slice::from_ref(&book.run), &book);
        assert_eq!(comparison.rows.len(), 7);
        assert!(comparison.rows.iter().all(|row| row.difference() == Some(0.0)));
        assert_eq!(comparison.outside().count(), 0);
        assert!(comparison.other_lengths.is_empty());
    }

    #[test]
    fn the_mean_of_several_runs_is_judged() {
        let book = reference::find(Path::new("book-baseline")).unwrap();
        let with = |val_acc: f64| {
            let mut run = book.run.clone();
            run.history[29].val_acc = val_acc;
            run
        };
        // Each alone is outside 0.724 to 0.751.
        let verdict = |runs: &[Run]| Comparison::new(runs, &book).rows[1].verdict;
        assert_eq!(verdict(&[with(0.700)]), Verdict::Outside);
        assert_eq!(verdict(&[with(0.760)]), Verdict::Outside);
        assert_eq!(verdict(&[with(0.700), with(0.760)]), Verdict::Inside);
    }

    #[test]
    fn a_run_that_diverged_is_outside_and_a_shorter_one_is_named() {
        let book = reference::find(Path::new("book-baseline")).unwrap();
        let mut run = Run { name: "short".to_owned(), ..book.run.clone() };
        run.history.truncate(9);
        run.history.iter_mut().for_each(|row| row.val_loss = f64::NAN);
        let comparison = Comparison::new(&[run], &book);
        let lowest = &comparison.rows[4];
        assert_eq!((lowest.verdict, &lowest.runs), (Verdict::Outside, &None));
        assert_eq!(
            comparison.other_lengths,
            ["expected 30 epochs as in book-baseline, found 9 in short"]
        );
    }
}
