//! Reading histories with Keras's columns, as written by its `CSVLogger` or by this crate.

use super::Epoch;
use crate::error::{ensure_or, fault};
use crate::files::text_file;
use anyhow::{Context, Result};
use csv::StringRecord;
use std::path::Path;

/// Maximum length of a history in bytes, some hundred thousand epochs.
const MAX_LENGTH: u64 = 32 << 20;

/// Reads the history in the CSV at `path`: see [`parse`].
///
/// # Errors
/// If the file cannot be read, or as [`parse`].
pub fn read(path: &Path) -> Result<Vec<Epoch>> {
    parse(&text_of(path)?, &path.display().to_string())
}

/// Reads a history from the text of a CSV. Its columns, in any order, are `epoch`, `loss`, `acc`
/// (or `accuracy`), `val_loss`, `val_acc` (or `val_accuracy`) and optionally `learning_rate`,
/// `seconds` and `images_per_second`, the last two of which may be empty; others are ignored. Epochs
/// count from 0, as in `CSVLogger`, or from 1, without gaps or repeats; the returned ones count from
/// 1. `source` names the text in errors.
///
/// # Errors
/// If a column is missing or duplicate, a cell is missing or not a number, an epoch is out of
/// order, an accuracy is outside 0..=1, or there is no epoch; with the line.
pub fn parse(text: &str, source: &str) -> Result<Vec<Epoch>> {
    parse_first(text, source, usize::MAX)
}

/// Reads the first `epochs` epochs of the history at `path`, whatever follows them.
///
/// # Errors
/// As [`read`].
pub fn read_first(path: &Path, epochs: usize) -> Result<Vec<Epoch>> {
    parse_first(&text_of(path)?, &path.display().to_string(), epochs)
}

fn text_of(path: &Path) -> Result<String> {
    let shown = path.display();
    ensure_or!(
        Run,
        !path.is_dir(),
        "expected a CSV, found the folder {shown}; try {}",
        path.join("history.csv").display()
    );
    text_file::read(path, MAX_LENGTH).with_context(|| format!("cannot read the history {shown}"))
}

/// The epochs before the first that is cut off or wrong, or all.
pub fn parse_good(text: &str) -> Vec<Epoch> {
    let mut history = Vec::new();
    let _ = append(&mut history, text, "", usize::MAX);
    history
}

fn parse_first(text: &str, source: &str, epochs: usize) -> Result<Vec<Epoch>> {
    let mut history = Vec::new();
    append(&mut history, text, source, epochs)?;
    ensure_or!(
        Run,
        !history.is_empty(),
        "expected at least one epoch, found none in {source}; try a run that has finished an epoch"
    );
    Ok(history)
}

/// Appends the first `epochs` epochs of `text` to `history`, until an error.
fn append(history: &mut Vec<Epoch>, text: &str, source: &str, epochs: usize) -> Result<()> {
    // Spreadsheets start a CSV with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().with_context(|| format!("cannot read {source}"))?.clone();
    let columns = Columns::find(&header, source)?;
    let mut first = 1;
    for record in reader.records().take(epochs) {
        let record = record.with_context(|| format!("cannot read {source}"))?;
        let location = format!("{source} line {}", line_of(&record, text));
        ensure_or!(
            Run,
            record.len() == header.len(),
            "expected {} cells as in the header, found {} in {location}; try a file with complete lines",
            header.len(),
            record.len()
        );
        let counted: i64 = cell(&record, columns.epoch, "a whole number for epoch", &location)?;
        if history.is_empty() {
            first = counted;
            ensure_or!(
                Run,
                (0..=1).contains(&first),
                "expected the first epoch to be 0 or 1, found {first} in {location}; try the complete history"
            );
        }
        let expected = first + history.len() as i64;
        ensure_or!(
            Run,
            counted == expected,
            "expected epoch {expected}, found {counted} in {location}; try a history with every epoch once, in order"
        );
        history.push(columns.row(&record, counted - first + 1, &location)?);
    }
    Ok(())
}

/// Indices of the columns.
struct Columns {
    epoch: usize,
    loss: usize,
    acc: usize,
    val_loss: usize,
    val_acc: usize,
    seconds: Option<usize>,
    images_per_second: Option<usize>,
    learning_rate: Option<usize>,
}

impl Columns {
    fn find(header: &StringRecord, source: &str) -> Result<Self> {
        let column = |names: &[&str]| find_column(header, names, source);
        let optional = |name: &str| header.iter().position(|title| title == name);
        Ok(Self {
            epoch: column(&["epoch"])?,
            loss: column(&["loss"])?,
            acc: column(&["acc", "accuracy"])?,
            val_loss: column(&["val_loss"])?,
            val_acc: column(&["val_acc", "val_accuracy"])?,
            seconds: optional("seconds"),
            images_per_second: optional("images_per_second"),
            learning_rate: optional("learning_rate"),
        })
    }

    /// The row of `epoch`, from 1. `location` names the line in errors.
    fn row(&self, record: &StringRecord, epoch: i64, location: &str) -> Result<Epoch> {
        let number = |column| cell(record, column, "a number", location);
        let optional = |column: Option<usize>| {
            let filled =
                column.filter(|&column| record.get(column).is_some_and(|cell| !cell.is_empty()));
            filled.map(number).transpose()
        };
        let accuracy = |column| -> Result<f64> {
            let value: f64 = number(column)?;
            ensure_or!(
                Run,
                (0.0..=1.0).contains(&value),
                "expected an accuracy of 0 to 1, found {value} in {location}; try fractions, not percentages"
            );
            Ok(value)
        };
        Ok(Epoch {
            epoch,
            loss: number(self.loss)?,
            acc: accuracy(self.acc)?,
            val_loss: number(self.val_loss)?,
            val_acc: accuracy(self.val_acc)?,
            seconds: optional(self.seconds)?,
            images_per_second: optional(self.images_per_second)?,
            learning_rate: self.learning_rate.map(number).transpose()?,
        })
    }
}

/// The index of the column with one of the `names`.
fn find_column(header: &StringRecord, names: &[&str], source: &str) -> Result<usize> {
    let mut found = header.iter().enumerate().filter(|(_, title)| names.contains(title));
    let name = names.join(" or ");
    let Some((index, _)) = found.next() else {
        let titles = header.iter().collect::<Vec<_>>().join(",");
        fault!(
            Run,
            "expected the column {name}, found {} in {source} line 1; try a CSV that Keras's CSVLogger or petite train wrote, with validation",
            if titles.is_empty() { "none" } else { &titles }
        );
    };
    ensure_or!(
        Run,
        found.next().is_none(),
        "expected one column {name}, found two in {source} line 1; try removing one of them"
    );
    Ok(index)
}

/// The line of `record` in `text`, from 1. The reader reports that of the empty lines before it.
fn line_of(record: &StringRecord, text: &str) -> u64 {
    record.position().map_or(0, |position| {
        let rest = &text.as_bytes()[text.len().min(position.byte() as usize)..];
        let empty = rest.iter().take_while(|byte| b"\r\n".contains(byte));
        position.line() + empty.filter(|&&byte| byte == b'\n').count() as u64
    })
}

fn cell<T: std::str::FromStr>(
    record: &StringRecord,
    column: usize,
    expected: &str,
    location: &str,
) -> Result<T> {
    let text = record.get(column).unwrap_or_default();
    let Ok(value) = text.parse() else {
        fault!(
            Run,
            "expected {expected}, found {} in {location}, cell {}; try a history without gaps",
            if text.is_empty() { "an empty cell" } else { text },
            column + 1
        );
    };
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KERAS_3: &str = "epoch,accuracy,loss,val_accuracy,val_loss,learning_rate\n\
                           0,0.5,0.7,0.6,0.65,1e-4\n\
                           1,0.6,0.6,0.7,nan,1e-4\n";

    #[test]
    fn counts_epochs_from_1_and_accepts_both_names() {
        let history = parse(KERAS_3, "x").unwrap();
        let book_row = Epoch::new(1, 0.7, 0.5, 0.65, 0.6);
        assert_eq!(history[0], Epoch { learning_rate: Some(1e-4), ..book_row });
        assert_eq!(history[1].epoch, 2);
        assert!(history[1].val_loss.is_nan());
        let book = "\u{feff}epoch,loss,acc,val_loss,val_acc\r\n1,0.7,0.5,0.65,0.6\r\n";
        assert_eq!(parse(book, "x").unwrap(), [book_row]);
    }

    #[test]
    fn errors_name_the_line() {
        let rows =
            |rows: &str| format!("epoch,loss,acc,val_loss,val_acc\n1,0.7,0.5,0.7,0.5\n{rows}");
        for (text, named) in [
            (String::new(), "expected the column epoch, found none in x.csv line 1; try"),
            ("epoch,loss\n1,2\n".into(), "expected the column acc or accuracy, found epoch,loss"),
            ("epoch,loss,acc,accuracy,val_loss,val_acc\n".into(), "found two in x.csv line 1"),
            ("epoch,loss,acc,val_loss,val_acc\n".into(), "expected at least one epoch, found none"),
            ("epoch,loss,acc,val_loss,val_acc\n7,1,1,1,1\n".into(), "found 7 in x.csv line 2"),
            (rows("3,0.7,0.5,0.7,0.5\n"), "expected epoch 2, found 3 in x.csv line 3; try"),
            (rows("\r\n\n3,0.7,0.5,0.7,0.5\n"), "expected epoch 2, found 3 in x.csv line 5; try"),
            (rows("1,0.7,0.5,0.7,0.5\n"), "expected epoch 2, found 1 in x.csv line 3; try"),
            (rows("2,0.7,,0.7,0.5\n"), "found an empty cell in x.csv line 3, cell 3; try"),
            (rows("2,0.7,good,0.7,0.5\n"), "found good in x.csv line 3, cell 3; try"),
            (rows("2,0.7,0.5\n"), "expected 5 cells as in the header, found 3 in x.csv line 3"),
            (rows("2,0.7,0.5,0.7,0.5,9\n"), "found 6 in x.csv line 3"),
            (rows("2,0.7,0.5,0.7,71.5\n"), "expected an accuracy of 0 to 1, found 71.5"),
            (rows("2,0.7,nan,0.7,0.5\n"), "expected an accuracy of 0 to 1, found NaN"),
            (rows("9223372036854775808,0.7,0.5,0.7,0.5\n"), "expected a whole number for epoch"),
        ] {
            let error = parse(&text, "x.csv").unwrap_err().to_string();
            assert!(error.contains(named) && error.contains("; try "), "{error}");
        }
    }
}
