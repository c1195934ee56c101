//! A run's event files for TensorBoard, in `tensorboard/train` and `tensorboard/validation`.

use crate::files::growing_file::GrowingFile;
use crate::history::Epoch;
use crate::report::contact_sheet::Sheet;
use crate::report::tensorboard::event::Event;
use crate::report::tensorboard::event_file::{now, start};
use crate::run::folder::RunFolder;
use anyhow::Result;

/// The name of the pictures.
const PICTURES: &str = "first_step";

/// Writes epochs as Keras's callback `TensorBoard` does, with its names and steps, so that curves of
/// both are in one plot.
#[derive(Debug)]
pub(crate) struct EventLog {
    train: GrowingFile,
    validation: GrowingFile,
}

impl EventLog {
    /// Writes event files of `run` with the pictures of its first step and `rows`, its complete epochs,
    /// in place of those of earlier processes. The epochs' times are as if it had never paused.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(crate) fn start(run: &RunFolder, pictures: Option<Sheet>, rows: &[Epoch]) -> Result<Self> {
        let trained: f64 = rows.iter().filter_map(|row| row.seconds).sum();
        let mut time = now().as_secs_f64() - trained;
        let pictures =
            pictures.map(|sheet| Event::picture(time, PICTURES, sheet.size, sheet.bytes));
        let (mut train, mut validation) = (Vec::from_iter(pictures), Vec::new());
        for row in rows {
            time += row.seconds.unwrap_or(0.0);
            train.push(of_training(row, time));
            validation.push(of_validation(row, time));
        }
        let folder = run.tensorboard();
        Ok(Self {
            train: start(&folder.join("train"), &train)?,
            validation: start(&folder.join("validation"), &validation)?,
        })
    }

    /// Writes the epoch of `row`.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(crate) fn epoch(&mut self, row: &Epoch) -> Result<()> {
        let time = now().as_secs_f64();
        self.train.append(&of_training(row, time).framed())?;
        self.validation.append(&of_validation(row, time).framed())
    }
}

fn of_training(row: &Epoch, time: f64) -> Event {
    let mut scalars = vec![("epoch_loss", row.loss), ("epoch_accuracy", row.acc)];
    scalars.extend(row.learning_rate.map(|rate| ("epoch_learning_rate", rate)));
    Event::scalars(row.epoch - 1, time, &scalars)
}

fn of_validation(row: &Epoch, time: f64) -> Event {
    let scalars = [("epoch_loss", row.val_loss), ("epoch_accuracy", row.val_acc)];
    Event::scalars(row.epoch - 1, time, &scalars)
}
