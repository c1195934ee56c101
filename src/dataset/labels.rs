//! Lists of labeled pictures in CSV files: `path,label` or `path,label,split`.
//!
//! People write lists by hand and with spreadsheets, so blanks around a label mean nothing, and what
//! looks like an accident is refused. Petite's own lists are read exactly as written, whatever the names
//! of folders and files are: a run's `split.csv`, and any list with the column `exact`, which petite
//! writes where the rules for people would not give the same names.

use super::part::Part;
use crate::error::{ErrorKind, Fault, ensure_or, fault};
use crate::files::text_file;
use crate::pictures::folder::Folder;
use crate::text::cells;
use crate::text::numbers::cut;
use crate::text::shown::{shown, shown_bytes};
use anyhow::{Context, Result};
use csv::ByteRecord;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Maximum length of a list in bytes, some million pictures.
const MAX_LIST: u64 = 256 << 20;

/// Maximum length of the first line in bytes.
const MAX_HEADER: u64 = 1 << 20;

/// The column of a list whose names are exactly as written.
pub const EXACT: &str = "exact";

/// One row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labeled {
    /// The picture's path as written, relative to the data set's folder.
    pub path: PathBuf,
    /// The name of its class.
    pub label: String,
    /// The part it belongs to, if the list says so.
    pub part: Option<Part>,
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Its rows, each with the number of its line.
    pub rows: Vec<(u64, Labeled)>,
    /// What may be right but is odd, one sentence each.
    pub odd: Vec<String>,
}

/// Reads the list at `path`. The header names the columns: `path`, `label` and optionally `split`,
/// in any order; other columns are ignored.
///
/// # Errors
/// If it is not a file, cannot be read, is not text in UTF-8, has no such columns or no rows; if a path
/// or a label is empty or has a line end, a label is more than one (`a|b`), or a split is unknown. The
/// error names the line.
pub fn read(path: &Path) -> Result<List> {
    parse(path, &bytes(path)?, false)
}

/// Reads the list at `path`, the `split.csv` of a run, exactly as written.
///
/// # Errors
/// As [`read`], but any name is a label.
pub fn read_own(path: &Path) -> Result<List> {
    parse(path, &bytes(path)?, true)
}

/// The contents of the list at `path`.
fn bytes(path: &Path) -> Result<Vec<u8>> {
    text_file::read_bytes(path, MAX_LIST).map_err(|error| {
        let why = format!("{error:#}");
        let remedy = if why.contains("; try ") { "" } else { "; try another file" };
        let message = format!("cannot read the list {}: {why}{remedy}", shown(path));
        Fault { kind: ErrorKind::DataSet, message }.into()
    })
}

fn parse(path: &Path, bytes: &[u8], is_own: bool) -> Result<List> {
    let cannot_read = || format!("cannot read the list {}", shown(path));
    let mut reader = reader(bytes);
    let header = reader.byte_headers().with_context(cannot_read)?.clone();
    let Some(columns) = Columns::of(&header, is_own) else {
        let found: Vec<_> = header.iter().take(10).map(shown_bytes).collect();
        fault!(
            DataSet,
            "expected the columns path,label or path,label,split in {}, found {}; try naming each once in the first line, with commas between",
            shown(path),
            cut(&found.join(","))
        );
    };
    let mut list = List { rows: Vec::new(), odd: Vec::new() };
    let ends = line_ends(bytes);
    let mut broken: Vec<u64> = Vec::new();
    for record in reader.byte_records() {
        let record = record.with_context(cannot_read)?;
        // A record begins after any empty lines.
        let start = record.position().map_or(0, |position| position.byte() as usize);
        let empty = bytes[start..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        let line = 1 + ends.partition_point(|&end| end < start + empty) as u64;
        let row = columns.row(&record).with_context(|| format!("{} line {line}", shown(path)))?;
        list.rows.push((line, row));
        if !columns.is_exact && record.iter().any(has_line_end) {
            broken.push(line);
        }
    }
    ensure_or!(DataSet, !list.rows.is_empty(), "expected labels in {}, found none", shown(path));
    if let Some(first) = broken.first() {
        list.odd.push(format!(
            "expected rows of one line in {}, found {} with line ends in a cell, the first in line {first}; if a quote is missing there, the rows after it are not read",
            shown(path),
            broken.len()
        ));
    }
    Ok(list)
}

fn reader<R: Read>(source: R) -> csv::Reader<R> {
    csv::ReaderBuilder::new().trim(csv::Trim::Headers).flexible(true).from_reader(source)
}

fn has_line_end(cell: &[u8]) -> bool {
    cell.iter().any(|byte| matches!(byte, b'\n' | b'\r'))
}

/// Whether the file at `path` is a CSV with the columns of a list.
pub fn is_list(path: &Path) -> bool {
    if !path.is_file() {
        return false;
    }
    let Ok(file) = File::open(path) else { return false };
    reader(file.take(MAX_HEADER))
        .byte_headers()
        .is_ok_and(|header| Columns::of(header, false).is_some())
}

/// The ends of the lines of `bytes`.
fn line_ends(bytes: &[u8]) -> Vec<usize> {
    let is_end = |&at: &usize| match bytes[at] {
        b'\n' => true,
        // A carriage return before a line feed is not a line of its own.
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    (0..bytes.len()).filter(is_end).collect()
}

/// The places of the columns in a row.
struct Columns {
    count: usize,
    path: usize,
    label: usize,
    split: Option<usize>,
    /// Whether names are exactly as written.
    is_exact: bool,
}

impl Columns {
    /// The columns that a header names, each once.
    fn of(header: &ByteRecord, is_own: bool) -> Option<Self> {
        let column = |name: &str| {
            let is_name = |&index: &usize| header[index].eq_ignore_ascii_case(name.as_bytes());
            let mut found = (0..header.len()).filter(is_name);
            (found.next(), found.next().is_some())
        };
        let [path, label, split, exact] = ["path", "label", "split", EXACT].map(column);
        let is_repeated = path.1 || label.1 || split.1;
        (!is_repeated).then_some(Self {
            count: header.len(),
            path: path.0?,
            label: label.0?,
            split: split.0,
            is_exact: is_own || exact.0.is_some(),
        })
    }

    fn row(&self, record: &ByteRecord) -> Result<Labeled> {
        ensure_or!(
            DataSet,
            record.len() == self.count,
            "expected {} columns, found {}; try quotes around a name with a comma",
            self.count,
            record.len()
        );
        let path = record.get(self.path).unwrap_or_default();
        ensure_or!(DataSet, !path.is_empty(), "expected a path, found none");
        let Ok(label) = std::str::from_utf8(record.get(self.label).unwrap_or_default()) else {
            fault!(
                DataSet,
                "expected a label in UTF-8, found other bytes; try saving the list as CSV UTF-8"
            );
        };
        let mut label = cells::read_text(label);
        if !self.is_exact {
            for (what, cell) in [("path", path), ("label", label.as_bytes())] {
                ensure_or!(
                    DataSet,
                    !has_line_end(cell),
                    "expected a {what} of one line, found {}; try looking for a missing quote",
                    cut(&shown_bytes(cell))
                );
            }
            label = label.trim();
            ensure_or!(
                DataSet,
                !label.contains('|'),
                "expected one label, found {}; a picture has one class here; if that is its name, try a column `{EXACT}`",
                cut(label)
            );
        }
        ensure_or!(DataSet, !label.is_empty(), "expected a label, found none");
        let split = self.split.and_then(|column| record.get(column)).unwrap_or_default();
        let part = match split.trim_ascii() {
            [] => None,
            name => {
                let name = String::from_utf8_lossy(name);
                let part = Part::named(&name).ok_or_else(|| Fault {
                    kind: ErrorKind::DataSet,
                    message: format!(
                        "expected the split train, validation or test, found {}",
                        cut(&name)
                    ),
                })?;
                Some(part)
            }
        };
        Ok(Labeled { path: cells::read_path(path).to_owned(), label: label.to_owned(), part })
    }
}

/// The list of the pictures of `folders`, in the format that [`read`] takes. Paths are relative to
/// `root` if they are in it.
///
/// # Errors
/// If memory is exhausted.
pub fn to_csv(root: &Path, folders: &[Folder]) -> Result<Vec<u8>> {
    let samples = folders.iter().flat_map(|folder| {
        folder.samples.iter().map(|sample| {
            let path = sample.path.strip_prefix(root).unwrap_or(&sample.path);
            (path, folder.classes[sample.label].as_str(), folder.name.as_str())
        })
    });
    let exact = needs_exact(samples.clone().map(|(path, label, _)| (path, label)));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["path", "label", "split"].into_iter().chain(exact.then_some(EXACT)))?;
    for (path, label, split) in samples {
        let (path, label) = (cells::path(path), cells::text(label));
        let row = [&*path, label.as_bytes(), split.as_bytes()];
        writer.write_record(row.into_iter().chain(exact.then_some(&b""[..])))?;
    }
    writer.into_inner().context("cannot write the list of pictures")
}

/// Whether a list of these paths and labels needs the column [`EXACT`], because the rules for people's
/// lists would read other names, or refuse them.
pub fn needs_exact<'a>(mut rows: impl Iterator<Item = (&'a Path, &'a str)>) -> bool {
    rows.any(|(path, label)| {
        let is_broken = has_line_end(path.as_os_str().as_encoded_bytes());
        is_broken || has_line_end(label.as_bytes()) || label.contains('|') || label.trim() != label
    })
}
