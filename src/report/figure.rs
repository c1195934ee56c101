//! Figures of a run, by which runs are compared.

use crate::history::Epoch;

/// A run by this or another program, as far as it is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Name for tables and legends.
    pub name: String,
    /// One row per epoch, at least one, numbered from 1 without gaps.
    pub history: Vec<Epoch>,
    /// Whether val_loss is plausible; if not, figures of it are `None`.
    pub val_loss_holds: bool,
    /// Share of correctly classified test pictures, 0..=1, with the weights of the last epoch;
    /// `None` if unknown.
    pub test_acc: Option<f64>,
}

/// One number of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Training accuracy of the last epoch.
    LastAcc,
    /// Validation accuracy of the last epoch.
    LastValAcc,
    /// Highest validation accuracy.
    BestValAcc,
    /// Mean validation accuracy of the last ten epochs, or of all if there are fewer.
    MeanValAcc,
    /// Lowest validation loss.
    LowestValLoss,
    /// First epoch with the lowest validation loss.
    LowestValLossEpoch,
    /// Epoch at which overfitting sets in: the first with the lowest mean of val_loss over it and
    /// its two neighbors (one at either end of the run). The mean makes it robust to a single lucky
    /// epoch. If it is the last epoch, overfitting has not set in.
    OverfittingEpoch,
    /// Test accuracy with the weights of the last epoch.
    TestAcc,
}

impl Figure {
    /// All figures, in the order of tables.
    pub const ALL: [Self; 8] = [
        Self::LastAcc,
        Self::LastValAcc,
        Self::BestValAcc,
        Self::MeanValAcc,
        Self::LowestValLoss,
        Self::LowestValLossEpoch,
        Self::OverfittingEpoch,
        Self::TestAcc,
    ];

    /// Label in tables, key in JSON, and decimals.
    fn shown(self) -> (&'static str, &'static str, usize) {
        match self {
            Self::LastAcc => ("acc, last epoch", "acc_last", 4),
            Self::LastValAcc => ("val_acc, last epoch", "val_acc_last", 4),
            Self::BestValAcc => ("val_acc, highest", "val_acc_best", 4),
            Self::MeanValAcc => ("val_acc, mean of last ten", "val_acc_mean_last_ten", 4),
            Self::LowestValLoss => ("val_loss, lowest", "val_loss_lowest", 4),
            Self::LowestValLossEpoch => ("val_loss lowest at epoch", "val_loss_lowest_epoch", 0),
            Self::OverfittingEpoch => ("overfits from epoch", "overfitting_epoch", 0),
            Self::TestAcc => ("test acc", "test_acc", 4),
        }
    }

    /// Label in tables.
    pub fn label(self) -> &'static str {
        self.shown().0
    }

    /// Key in JSON.
    pub fn key(self) -> &'static str {
        self.shown().1
    }

    /// Decimals to print: none for epochs, otherwise four, as in notebooks.
    pub fn decimals(self) -> usize {
        self.shown().2
    }

    /// Value for `run`; `None` if it is unknown or, in a diverged run, not finite.
    pub fn of(self, run: &Run) -> Option<f64> {
        let history = &run.history;
        let val_losses = || {
            let known = if run.val_loss_holds { &history[..] } else { &[] };
            known.iter().map(|row| (row.epoch, row.val_loss))
        };
        match self {
            Self::LastAcc => history.last().map(|row| row.acc),
            Self::LastValAcc => history.last().map(|row| row.val_acc),
            Self::BestValAcc => history.iter().map(|row| row.val_acc).reduce(f64::max),
            Self::MeanValAcc => {
                let last = &history[history.len().saturating_sub(10)..];
                let sum: f64 = last.iter().map(|row| row.val_acc).sum();
                (!last.is_empty()).then(|| sum / last.len() as f64)
            }
            Self::LowestValLoss => lowest(val_losses()).map(|(_, val_loss)| val_loss),
            Self::LowestValLossEpoch => lowest(val_losses()).map(|(epoch, _)| epoch as f64),
            Self::OverfittingEpoch if run.val_loss_holds => {
                lowest(smoothed_val_losses(history)).map(|(epoch, _)| epoch as f64)
            }
            Self::OverfittingEpoch => None,
            Self::TestAcc => run.test_acc,
        }
    }
}

/// The first of the lowest finite values, with its epoch.
fn lowest(values: impl Iterator<Item = (i64, f64)>) -> Option<(i64, f64)> {
    values.filter(|(_, value)| value.is_finite()).min_by(|(_, a), (_, b)| a.total_cmp(b))
}

/// Each epoch with the mean of val_loss over it and its neighbors.
fn smoothed_val_losses(history: &[Epoch]) -> impl Iterator<Item = (i64, f64)> {
    history.iter().enumerate().map(|(index, row)| {
        let end = (index + 2).min(history.len());
        let window = &history[index.saturating_sub(1)..end];
        let sum: f64 = window.iter().map(|row| row.val_loss).sum();
        (row.epoch, sum / window.len() as f64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(val_losses: &[f64]) -> Run {
        let epoch = |(index, &val_loss): (usize, &f64)| {
            Epoch::new(index as i64 + 1, 0.5, 0.9, val_loss, index as f64 / 100.0)
        };
        let history = val_losses.iter().enumerate().map(epoch).collect();
        Run { name: "run".to_owned(), history, val_loss_holds: true, test_acc: None }
    }

    #[test]
    fn overfitting_sets_in_where_no_later_epochs_do_better_together() {
        // The lowest val_loss is that of epoch 7 alone. The means of three are
        // .8 .7 .57 .5 .6 .57 .7 .73 .9.
        let run = run(&[0.9, 0.7, 0.5, 0.5, 0.5, 0.8, 0.4, 0.9, 0.9]);
        assert_eq!(Figure::LowestValLossEpoch.of(&run), Some(7.0));
        assert_eq!(Figure::OverfittingEpoch.of(&run), Some(4.0));
    }

    #[test]
    fn a_run_that_still_improves_ends_at_its_last_epoch() {
        assert_eq!(Figure::OverfittingEpoch.of(&run(&[0.9, 0.8, 0.7, 0.6])), Some(4.0));
        assert_eq!(Figure::OverfittingEpoch.of(&run(&[0.9])), Some(1.0));
    }

    #[test]
    fn fewer_than_ten_epochs_have_the_mean_of_all() {
        let mean = Figure::MeanValAcc.of(&run(&[0.9; 3])).unwrap();
        assert!((mean - 0.01).abs() < 1e-12);
        let mean = Figure::MeanValAcc.of(&run(&[0.9; 20])).unwrap();
        assert!((mean - 0.145).abs() < 1e-12);
    }

    #[test]
    fn ignores_values_that_are_not_finite() {
        let diverged = run(&[0.7, 0.6, f64::NAN, f64::INFINITY]);
        assert_eq!(Figure::LowestValLossEpoch.of(&diverged), Some(2.0));
        assert_eq!(Figure::OverfittingEpoch.of(&diverged), Some(1.0));
        assert_eq!(Figure::LowestValLoss.of(&run(&[f64::NAN])), None);
        let unknown = Run { val_loss_holds: false, ..run(&[0.7]) };
        assert_eq!(Figure::LowestValLoss.of(&unknown), None);
        assert_eq!(Figure::OverfittingEpoch.of(&unknown), None);
    }
}
