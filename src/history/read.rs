//! Reading a history in Keras's columns, as its `CSVLogger` or `petite train` writes it.

use super::Epoch;
use anyhow::{Context, Result, ensure};
use csv::StringRecord;
use std::path::Path;

/// Reads the history in the CSV at `path`: see [`parse`].
///
/// # Errors
/// If there is no such file, or as [`parse`].
pub fn read(path: &Path) -> Result<Vec<Epoch>> {
    let shown = path.display();
    ensure!(
        !path.is_dir(),
        "expected a CSV, found the folder {shown}; try {}",
        path.join("history.csv").display()
    );
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the history {shown}"))?;
    parse(&text, &shown.to_string())
}

/// Reads a history from the text of a CSV. It has the columns `epoch`, `loss`, `acc` (or
/// `accuracy`), `val_loss` and `val_acc` (or `val_accuracy`) in any order; `seconds`,
/// `images_per_second` and `learning_rate` are read where they are there, other columns ignored.
/// Epochs count from 0, as `CSVLogger`'s, or from 1, without gap or repeat; they come back counted from 1.
/// `source` names the text in errors.
///
/// # Errors
/// If a column or a cell is missing, is no number, or is twice there, an epoch likewise, an
/// accuracy is outside 0..=1, or there is no epoch: with the line.
pub fn parse(text: &str, source: &str) -> Result<Vec<Epoch>> {
    // Spreadsheets begin a CSV with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().with_context(|| format!("cannot read {source}"))?.clone();
    let column = |names: &[&str]| find_column(&header, names, source);
    let epoch_column = column(&["epoch"])?;
    let loss_column = column(&["loss"])?;
    let acc_column = column(&["acc", "accuracy"])?;
    let val_loss_column = column(&["val_loss"])?;
    let val_acc_column = column(&["val_acc", "val_accuracy"])?;
    let optional = |name: &str| header.iter().position(|title| title == name);
    let [seconds_column, speed_column, rate_column] =
        ["seconds", "images_per_second", "learning_rate"].map(optional);

    let mut history: Vec<Epoch> = Vec::new();
    let mut first = 1;
    for record in reader.records() {
        let record = record.with_context(|| format!("cannot read {source}"))?;
        let place = format!("{source} line {}", line_of(&record, text));
        ensure!(
            record.len() == header.len(),
            "expected {} cells as in the header, found {} in {place}; try a file whose every line is whole",
            header.len(),
            record.len()
        );
        let counted: i64 = cell(&record, epoch_column, "a whole number for epoch", &place)?;
        if history.is_empty() {
            first = counted;
            ensure!(
                (0..=1).contains(&first),
                "expected the first epoch to be 0 or 1, found {first} in {place}; try the whole history"
            );
        }
        let expected = first + history.len() as i64;
        ensure!(
            counted == expected,
            "expected epoch {expected}, found {counted} in {place}; try a history with every epoch once, in order"
        );
        let number = |column| cell(&record, column, "a number", &place);
        let accuracy = |column| -> Result<f64> {
            let value: f64 = number(column)?;
            ensure!(
                (0.0..=1.0).contains(&value),
                "expected an accuracy of 0 to 1, found {value} in {place}; try shares, not percentages"
            );
            Ok(value)
        };
        history.push(Epoch {
            epoch: counted - first + 1,
            loss: number(loss_column)?,
            acc: accuracy(acc_column)?,
            val_loss: number(val_loss_column)?,
            val_acc: accuracy(val_acc_column)?,
            seconds: seconds_column.map(number).transpose()?,
            images_per_second: speed_column.map(number).transpose()?,
            learning_rate: rate_column.map(number).transpose()?,
        });
    }
    ensure!(
        !history.is_empty(),
        "expected at least one epoch, found none in {source}; try a run that has finished an epoch"
    );
    Ok(history)
}

/// The index of the column that has one of the `names`.
fn find_column(header: &StringRecord, names: &[&str], source: &str) -> Result<usize> {
    let mut found = header.iter().enumerate().filter(|(_, title)| names.contains(title));
    let name = names.join(" or ");
    let (index, _) = found.next().with_context(|| {
        let titles = header.iter().collect::<Vec<_>>().join(",");
        let titles = if titles.is_empty() { "none" } else { &titles };
        format!(
            "expected the column {name}, found {titles} in {source} line 1; try a CSV that Keras's CSVLogger or petite train wrote, with validation"
        )
    })?;
    ensure!(
        found.next().is_none(),
        "expected one column {name}, found two in {source} line 1; try without one of them"
    );
    Ok(index)
}

/// The line of `record` in `text`, from 1. The reader's own is that of empty lines before it.
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
    place: &str,
) -> Result<T> {
    let text = record.get(column).unwrap_or_default();
    text.parse().ok().with_context(|| {
        let found = if text.is_empty() { "an empty cell" } else { text };
        format!(
            "expected {expected}, found {found} in {place}, cell {}; try a history without gaps",
            column + 1
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KERAS_3: &str = "epoch,accuracy,loss,val_accuracy,val_loss,learning_rate\n\
                           0,0.5,0.7,0.6,0.65,1e-4\n\
                           1,0.6,0.6,0.7,nan,1e-4\n";

    #[test]
    fn counts_epochs_from_1_and_takes_both_names() {
        let history = parse(KERAS_3, "x").unwrap();
        let book_row = Epoch::new(1, 0.7, 0.5, 0.65, 0.6);
        assert_eq!(history[0], Epoch { learning_rate: Some(1e-4), ..book_row });
        assert_eq!(history[1].epoch, 2);
        assert!(history[1].val_loss.is_nan());
        let book = "\u{feff}epoch,loss,acc,val_loss,val_acc\r\n1,0.7,0.5,0.65,0.6\r\n";
        assert_eq!(parse(book, "x").unwrap(), [book_row]);
    }

    #[test]
    fn names_the_line_of_what_is_wrong() {
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
