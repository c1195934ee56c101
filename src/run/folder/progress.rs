//! How far a run has been trained, and its form in the metadata of a checkpoint.

use crate::error::{ensure_or, fault};
use crate::history::{self, Epoch};
use crate::run::folder::{RunFolder, WhichWeights};
use crate::training::fit::Partial;
use crate::training::metrics::Sums;
use crate::weights::Metadata;
use anyhow::Result;
use std::str::FromStr;

/// The epoch whose weights are in `best.ot`: the first with the lowest validation loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// Number of the epoch, from 1; 0 for imported weights.
    pub epoch: i64,
    /// Its validation loss in nats; infinite for imported weights.
    pub val_loss: f64,
    /// The sum of its weights ([`weights::sum_of`](crate::weights::sum_of)); `None` in checkpoints of
    /// earlier versions.
    pub sum: Option<u64>,
}

/// How far a run has been trained. The default is a run's start.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// The complete epochs. A checkpoint has them without the values of the clock.
    pub rows: Vec<Epoch>,
    /// The part of the next epoch that is done.
    pub partial: Partial,
    /// The best epoch; `None` before the first.
    pub best: Option<Best>,
    /// The sum of the weights after the last complete epoch; `None` as in [`Best::sum`].
    pub last: Option<u64>,
}

impl Progress {
    /// That of imported weights with this sum, before the first epoch. Any epoch is better than these.
    pub fn imported(sum: u64) -> Self {
        let best = Best { epoch: 0, val_loss: f64::INFINITY, sum: Some(sum) };
        Self { best: Some(best), last: Some(sum), ..Self::default() }
    }

    /// Number of complete epochs.
    pub fn epochs(&self) -> i64 {
        self.rows.len() as i64
    }

    /// Training steps done of the next epoch.
    pub fn steps(&self) -> i64 {
        self.partial.steps
    }

    /// Its form in a checkpoint's metadata. The history is part of it, so that a damaged or lost
    /// `history.csv` does not matter.
    ///
    /// # Errors
    /// If the history cannot be serialized.
    pub(crate) fn to_metadata(&self) -> Result<Metadata> {
        let mut metadata = Metadata::new();
        let mut insert = |name: &str, value: String| metadata.insert(name.to_owned(), value);
        insert("epoch", self.epochs().to_string());
        // Equal runs have equal bytes.
        let rows: Vec<Epoch> = self.rows.iter().map(|row| row.without_clock()).collect();
        insert("history", history::to_csv(&rows)?);
        if let Some(best) = self.best {
            insert("best_epoch", best.epoch.to_string());
            insert("best_val_loss", best.val_loss.to_string());
        }
        let of_best = self.best.and_then(|best| best.sum);
        for (which, sum) in [(WhichWeights::Best, of_best), (WhichWeights::Last, self.last)] {
            sum.map(|sum| insert(sum_key(which), format!("{sum:016x}")));
        }
        let Partial { steps, sums, seconds } = self.partial;
        if steps > 0 {
            insert("steps", steps.to_string());
            insert("pictures", sums.pictures.to_string());
            insert("losses", sums.losses.to_string());
            insert("correct", sums.correct.to_string());
            insert("seconds", seconds.to_string());
        }
        Ok(metadata)
    }

    /// That of a checkpoint of `run` with this metadata. Checkpoints from before the history was a
    /// part of them count on the run's `history.csv`.
    ///
    /// # Errors
    /// If a field is missing or not a number, or the history has too few epochs.
    pub(crate) fn of_metadata(metadata: &Metadata, run: &RunFolder) -> Result<Self> {
        let epochs: i64 = field(metadata, "epoch")?;
        let rows = match metadata.get("history") {
            _ if epochs == 0 => Vec::new(),
            Some(text) => history::parse(text, "the checkpoint's history")?,
            None => history::read_first(&run.history(), usize::try_from(epochs).unwrap_or(0))?,
        };
        ensure_or!(
            Run,
            rows.len() as i64 == epochs,
            "expected the {epochs} epochs of the checkpoint in its history, found {}",
            rows.len()
        );
        let best = match metadata.contains_key("best_epoch") {
            true => Some(Best {
                epoch: field(metadata, "best_epoch")?,
                val_loss: field(metadata, "best_val_loss")?,
                sum: sum(metadata, WhichWeights::Best),
            }),
            false => None,
        };
        let partial = match metadata.contains_key("steps") {
            true => Partial {
                steps: field(metadata, "steps")?,
                sums: Sums {
                    pictures: field(metadata, "pictures")?,
                    losses: field(metadata, "losses")?,
                    correct: field(metadata, "correct")?,
                },
                seconds: field(metadata, "seconds")?,
            },
            false => Partial::default(),
        };
        let last = sum(metadata, WhichWeights::Last);
        Ok(Self { rows, partial, best, last })
    }
}

/// The sum of the weights in `last.ot` or `best.ot` that a checkpoint's metadata has; `None` in those
/// of earlier versions.
pub(crate) fn sum(metadata: &Metadata, which: WhichWeights) -> Option<u64> {
    u64::from_str_radix(metadata.get(sum_key(which))?, 16).ok()
}

fn sum_key(which: WhichWeights) -> &'static str {
    match which {
        WhichWeights::Last => "last_sum",
        WhichWeights::Best => "best_sum",
    }
}

fn field<T: FromStr>(metadata: &Metadata, name: &str) -> Result<T> {
    match metadata.get(name).map(|value| value.parse()) {
        Some(Ok(value)) => Ok(value),
        _ => fault!(Run, "expected a number for {name} in the metadata, found none"),
    }
}
