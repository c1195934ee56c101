//! Runs against a reference, figure by figure.

use super::figure::{Figure, Run};
use super::reference::{Reference, Spread};
use super::statistic::Statistic;
use serde::Serialize;

/// One figure of the runs and of what they are held against.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub figure: Figure,
    /// `None` if a run lacks the figure.
    pub runs: Option<Statistic>,
    pub reference: Option<f64>,
    pub spread: Option<Spread>,
    pub verdict: Verdict,
}

/// Where the mean of the runs lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// From the lowest to the highest of the spread, both included.
    Inside,
    /// Elsewhere, or no number, as in a run that diverged.
    Outside,
    /// There is no spread of this figure, or the runs were not evaluated.
    NotJudged,
}

impl Row {
    /// The runs' mean minus the reference.
    pub fn difference(&self) -> Option<f64> {
        Some(self.runs.as_ref()?.mean - self.reference?)
    }
}

/// The figures of some runs against those of a reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub rows: Vec<Row>,
    /// Runs whose number of epochs is not the reference's, which makes the figures of the last
    /// epochs those of another point of training: what was expected and found.
    pub other_lengths: Vec<String>,
}

impl Comparison {
    /// Compares `runs` with `reference`. Of several runs the mean is judged. Test accuracy is
    /// among the rows if a run has it.
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

    /// The rows that lie outside.
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
        // Alone, each lies outside 0.724 to 0.751.
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
