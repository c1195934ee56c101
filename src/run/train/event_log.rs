//! A run's event files for TensorBoard, in `tensorboard/train` and `tensorboard/validation`.

use crate::history::Epoch;
use crate::report::contact_sheet::Sheet;
use crate::report::tensorboard::event::Event;
use crate::report::tensorboard::event_file::{self, EventFile};
use crate::run::folder::RunFolder;
use anyhow::Result;
use std::path::PathBuf;

/// The name of the pictures.
const PICTURES: &str = "first_step";

/// Writes epochs as Keras's callback `TensorBoard` does, with its names and steps, so that curves of
/// both are in one plot.
#[derive(Debug)]
pub(crate) struct EventLog {
    train: Series,
    validation: Series,
    /// Whether the pictures of the first step are there.
    has_pictures: bool,
}

/// The event files in one folder.
#[derive(Debug)]
struct Series {
    folder: PathBuf,
    /// The file of this process, from its first event on.
    file: Option<EventFile>,
    /// The epochs that are in the files.
    epochs: i64,
}

impl EventLog {
    /// Continues the event files of `run` after `rows`, its complete epochs. Writes those that are
    /// missing, for example because an earlier process was killed, and drops what is not theirs.
    ///
    /// # Errors
    /// If a file cannot be read or written.
    pub(crate) fn open(run: &RunFolder, rows: &[Epoch]) -> Result<Self> {
        let folder = run.tensorboard();
        let (train, events) = Series::open(folder.join("train"), rows, of_training)?;
        let (validation, _) = Series::open(folder.join("validation"), rows, of_validation)?;
        let mut values = events.iter().flat_map(Event::values);
        let has_pictures = values.any(|value| value.tag == PICTURES);
        Ok(Self { train, validation, has_pictures })
    }

    /// Whether [`EventLog::pictures`] is to be called.
    pub(crate) fn lacks_pictures(&self) -> bool {
        !self.has_pictures
    }

    /// Writes the pictures of the first step.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn pictures(&mut self, sheet: Sheet) -> Result<()> {
        self.has_pictures = true;
        self.train.append(&Event::picture(0, PICTURES, sheet.size, sheet.bytes))
    }

    /// Writes the epoch of `row`.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(crate) fn epoch(&mut self, row: &Epoch) -> Result<()> {
        self.train.epoch(row, of_training)?;
        self.validation.epoch(row, of_validation)
    }
}

impl Series {
    /// The files in `folder`, and the events of theirs that stay. `scalars` gives those of an epoch.
    fn open(folder: PathBuf, rows: &[Epoch], scalars: Scalars) -> Result<(Self, Vec<Event>)> {
        let mut events = event_file::read(&folder)?;
        let has = |row: &Epoch| {
            let step = row.epoch - 1;
            let found = events.iter().filter(|event| event.step == step);
            let found: Vec<_> = found.flat_map(Event::values).collect();
            scalars(row).iter().all(|&(tag, value)| {
                let mut named = found.iter().filter(|found| found.tag == tag);
                named.next().is_some_and(|found| found.scalar() == Some(value))
                    && named.next().is_none()
            })
        };
        let whole = rows.iter().take_while(|row| has(row)).count();
        let has_others = events.iter().any(|event| event.step >= rows.len() as i64);
        let mut series = Self { folder, file: None, epochs: whole as i64 };
        if whole < rows.len() || has_others {
            series.file = Some(EventFile::start(&series.folder, series.epochs)?);
            // A start at step 0 drops the pictures, too.
            events.retain(|event| event.step < whole as i64);
        }
        rows[whole..].iter().try_for_each(|row| series.epoch(row, scalars))?;
        Ok((series, events))
    }

    fn epoch(&mut self, row: &Epoch, scalars: Scalars) -> Result<()> {
        self.append(&Event::scalars(row.epoch - 1, &scalars(row)))?;
        self.epochs = row.epoch;
        Ok(())
    }

    fn append(&mut self, event: &Event) -> Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(EventFile::start(&self.folder, self.epochs)?),
        };
        file.append(event)
    }
}

/// The scalars of an epoch, by tag, in f32.
type Scalars = fn(&Epoch) -> Vec<(&'static str, f32)>;

fn of_training(row: &Epoch) -> Vec<(&'static str, f32)> {
    let mut scalars = vec![("epoch_loss", row.loss as f32), ("epoch_accuracy", row.acc as f32)];
    scalars.extend(row.learning_rate.map(|rate| ("epoch_learning_rate", rate as f32)));
    scalars
}

fn of_validation(row: &Epoch) -> Vec<(&'static str, f32)> {
    vec![("epoch_loss", row.val_loss as f32), ("epoch_accuracy", row.val_acc as f32)]
}
