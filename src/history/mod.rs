//! Training histories: one row per epoch, as a CSV with Keras's column names.

mod read;

use crate::files::growing_file::GrowingFile;
use anyhow::{Context, Result};
pub use read::{parse, parse_good, read, read_first};
use serde::Serialize;
use std::path::Path;

/// Result of one epoch. The fields are the columns of `history.csv`, in order.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Epoch {
    /// Number of the epoch, from 1.
    pub epoch: i64,
    /// Mean training loss per picture in nats, measured before each batch's update. Like
    /// `val_loss`, not finite if training diverged.
    pub loss: f64,
    /// Training accuracy, 0..=1, measured before each batch's update.
    pub acc: f64,
    /// Mean validation loss per picture, in nats.
    pub val_loss: f64,
    /// Validation accuracy, 0..=1.
    pub val_acc: f64,
    /// Duration in seconds, including validation; `None` in histories of other programs, or if lost.
    pub seconds: Option<f64>,
    /// Training pictures per second, without validation.
    pub images_per_second: Option<f64>,
    /// Learning rate in this epoch.
    pub learning_rate: Option<f64>,
}

impl Epoch {
    /// A row without the optional columns. `epoch` counts from 1, losses are in nats, accuracies
    /// 0..=1.
    pub fn new(epoch: i64, loss: f64, acc: f64, val_loss: f64, val_acc: f64) -> Self {
        let (seconds, images_per_second, learning_rate) = (None, None, None);
        Self { epoch, loss, acc, val_loss, val_acc, seconds, images_per_second, learning_rate }
    }

    /// Whether it is better than an earlier epoch with this validation loss. NaN is never better.
    pub fn is_better_than(&self, val_loss: f64) -> bool {
        self.val_loss < val_loss || (val_loss.is_nan() && !self.val_loss.is_nan())
    }

    /// The row without the values of the clock, which differ between equal runs.
    pub fn without_clock(self) -> Self {
        Self { seconds: None, images_per_second: None, ..self }
    }
}

/// The best epoch: the first with the lowest `val_loss`, whose weights are in `best.ot`. `None` without
/// an epoch.
pub fn best(rows: &[Epoch]) -> Option<&Epoch> {
    rows.iter().reduce(|best, row| if row.is_better_than(best.val_loss) { row } else { best })
}

/// The CSV of `rows`: what [`Writer`] writes.
///
/// # Errors
/// If a row cannot be serialized.
pub fn to_csv(rows: &[Epoch]) -> Result<String> {
    csv_of(rows, true)
}

fn csv_of(rows: &[Epoch], has_header: bool) -> Result<String> {
    let mut writer = csv::WriterBuilder::new().has_headers(has_header).from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).context("cannot serialize the history to CSV")?;
    }
    let bytes = writer.into_inner().context("cannot serialize the history to CSV")?;
    Ok(String::from_utf8(bytes)?)
}

/// A history file open for appending. Every row is synced to disk.
#[derive(Debug)]
pub struct Writer {
    file: GrowingFile,
    is_empty: bool,
}

impl Writer {
    /// Starts a file at `path` with `rows`; further rows are appended.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn start(path: &Path, rows: &[Epoch]) -> Result<Self> {
        let file = GrowingFile::start(path, to_csv(rows)?.as_bytes())?;
        Ok(Self { file, is_empty: rows.is_empty() })
    }

    /// Appends a row.
    ///
    /// # Errors
    /// If the file cannot be written; it keeps its former rows then.
    pub fn append(&mut self, row: &Epoch) -> Result<()> {
        self.file.append(csv_of(std::slice::from_ref(row), self.is_empty)?.as_bytes())?;
        self.is_empty = false;
        Ok(())
    }
}
