//! Training histories: one row per epoch, as a CSV with Keras's column names.

mod read;

use crate::atomic_file;
use anyhow::{Context, Result};
pub use read::{parse, read};
use serde::Serialize;
use std::fs::{File, OpenOptions};
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
    /// Duration in seconds, including validation; `None` in histories of other programs.
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
}

/// A history file open for appending, flushed after every epoch.
#[derive(Debug)]
pub struct Writer(csv::Writer<File>);

impl Writer {
    /// Starts a file at `path` with `rows`; further rows are appended.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn start(path: &Path, rows: &[Epoch]) -> Result<Self> {
        let cannot_write = || format!("cannot write {}", path.display());
        atomic_file::write(path, |temporary| {
            let mut writer = csv::Writer::from_path(temporary)?;
            for row in rows {
                writer.serialize(row)?;
            }
            Ok(writer.flush()?)
        })?;
        let file = OpenOptions::new().append(true).open(path).with_context(cannot_write)?;
        Ok(Self(csv::WriterBuilder::new().has_headers(rows.is_empty()).from_writer(file)))
    }

    /// Appends a row.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn append(&mut self, row: &Epoch) -> Result<()> {
        self.0.serialize(row).context("cannot append to history.csv")?;
        self.0.flush().context("cannot append to history.csv")
    }
}
