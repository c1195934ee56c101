//! `history.csv`: one row an epoch, Keras's names first.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::path::Path;

/// What one epoch came to. The fields are the CSV's columns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// From 1.
    pub epoch: i64,
    /// Mean loss over the epoch's training pictures, each taken before its batch's update.
    pub loss: f64,
    /// Training accuracy, 0..=1, measured likewise.
    pub acc: f64,
    pub val_loss: f64,
    pub val_acc: f64,
    /// Training and validation together.
    pub seconds: f64,
    /// Training pictures a second, validation not counted.
    pub images_per_second: f64,
    pub learning_rate: f64,
}

/// A history file open for appending, flushed after every epoch.
#[derive(Debug)]
pub struct HistoryWriter(csv::Writer<File>);

impl HistoryWriter {
    /// Starts a file at `path` that holds `rows`, and appends to it from then on.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn start(path: &Path, rows: &[EpochRecord]) -> Result<Self> {
        let cannot_write = || format!("cannot write {}", path.display());
        crate::atomic_file::write(path, |temporary| {
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
    pub fn append(&mut self, row: &EpochRecord) -> Result<()> {
        self.0.serialize(row).context("cannot append to history.csv")?;
        self.0.flush().context("cannot append to history.csv")
    }
}

/// Reads the rows of a history file. An incomplete last line, left by a killed process, is an
/// error.
///
/// # Errors
/// If the file cannot be read, lacks a column, holds what is no number, or has no row.
pub fn read(path: &Path) -> Result<Vec<EpochRecord>> {
    let mut reader =
        csv::Reader::from_path(path).with_context(|| format!("cannot read {}", path.display()))?;
    let rows: Vec<EpochRecord> = reader
        .deserialize()
        .collect::<Result<_, _>>()
        .with_context(|| format!("expected the history of a run in {}", path.display()))?;
    ensure!(!rows.is_empty(), "expected at least one epoch in {}, found none", path.display());
    Ok(rows)
}
