//! Lists of labeled pictures in CSV files: `path,label` or `path,label,split`.

use super::part::Part;
use crate::error::{ErrorKind, Fault, ensure_or, fault};
use crate::pictures::folder::Folder;
use crate::shown::shown;
use anyhow::{Context, Result};
use csv::ByteRecord;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Maximum length of a list in bytes, some million pictures.
const MAX_LIST: u64 = 256 << 20;

/// Maximum length of the first line in bytes.
const MAX_HEADER: u64 = 1 << 20;

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labeled {
    /// The picture's path as written, relative to the data set's folder.
    pub path: PathBuf,
    /// The name of its class.
    pub label: String,
    /// The part it belongs to, if the list says so.
    pub part: Option<Part>,
}

/// Reads the list at `path`. The header names the columns: `path`, `label` and optionally `split`,
/// in any order; other columns are ignored. A line that repeats an earlier one is left out.
///
/// # Errors
/// If the file cannot be read or has no such columns or no lines; if a label is empty or more than
/// one (`a|b`), a split is unknown, or a picture has two labels or two splits. The error names the
/// line.
pub fn read(path: &Path) -> Result<Vec<Labeled>> {
    let cannot_read = || format!("cannot read the labels {}", path.display());
    let file = File::open(path).with_context(cannot_read)?;
    let length = file.metadata().with_context(cannot_read)?.len();
    ensure_or!(
        DataSet,
        length <= MAX_LIST,
        "expected a list of at most {MAX_LIST} bytes, found {length} in {}; try several lists",
        path.display()
    );
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(file.take(MAX_LIST));
    let header = reader.byte_headers().with_context(cannot_read)?.clone();
    let Some(columns) = Columns::of(&header) else {
        let found: Vec<_> = header.iter().map(String::from_utf8_lossy).collect();
        fault!(
            DataSet,
            "expected the columns path,label or path,label,split in {}, found {}; try naming them in the first line",
            path.display(),
            found.join(",")
        );
    };
    let mut rows: Vec<Labeled> = Vec::new();
    let mut known: HashMap<PathBuf, usize> = HashMap::new();
    for record in reader.byte_records() {
        let record = record.with_context(cannot_read)?;
        let line = record.position().map_or(0, csv::Position::line);
        let row =
            columns.row(&record).with_context(|| format!("{} line {line}", path.display()))?;
        match known.get(&row.path).map(|&index| &rows[index]) {
            None => {
                known.insert(row.path.clone(), rows.len());
                rows.push(row);
            }
            Some(earlier) => ensure_or!(
                DataSet,
                *earlier == row,
                "expected one label and one split for {}, found a second in {} line {line}; try removing one",
                shown(&row.path),
                path.display()
            ),
        }
    }
    ensure_or!(DataSet, !rows.is_empty(), "expected labels in {}, found none", path.display());
    Ok(rows)
}

/// Whether the file at `path` is a CSV with the columns of a list.
pub fn is_list(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let start = file.take(MAX_HEADER);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(start);
    reader.byte_headers().is_ok_and(|header| Columns::of(header).is_some())
}

/// The places of the columns in a line.
struct Columns {
    path: usize,
    label: usize,
    split: Option<usize>,
}

impl Columns {
    /// The columns that a header names.
    fn of(header: &ByteRecord) -> Option<Self> {
        let column = |name: &str| {
            let name = name.as_bytes();
            // A byte order mark, as spreadsheets write it, precedes the first name.
            let is_name = |found: &[u8]| {
                found.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(found).eq_ignore_ascii_case(name)
            };
            header.iter().position(is_name)
        };
        Some(Self { path: column("path")?, label: column("label")?, split: column("split") })
    }

    fn row(&self, record: &ByteRecord) -> Result<Labeled> {
        let path = record.get(self.path).unwrap_or_default();
        ensure_or!(DataSet, !path.is_empty(), "expected a path, found none");
        let Ok(label) = std::str::from_utf8(record.get(self.label).unwrap_or_default()) else {
            fault!(DataSet, "expected a label in UTF-8, found other bytes");
        };
        let label = label.trim();
        ensure_or!(DataSet, !label.is_empty(), "expected a label, found none");
        ensure_or!(
            DataSet,
            !label.contains('|'),
            "expected one label, found {label}; a picture has one class here"
        );
        let split = self.split.and_then(|column| record.get(column)).unwrap_or_default();
        let part = match split.trim_ascii() {
            [] => None,
            name => {
                let name = String::from_utf8_lossy(name);
                let part = Part::named(&name).ok_or_else(|| Fault {
                    kind: ErrorKind::DataSet,
                    message: format!("expected the split train, validation or test, found {name}"),
                })?;
                Some(part)
            }
        };
        Ok(Labeled {
            path: Path::new(OsStr::from_bytes(path)).to_owned(),
            label: label.to_owned(),
            part,
        })
    }
}

/// The list of the pictures of `folders`, in the format that [`read`] takes. Paths are relative to
/// `root` if they are in it.
///
/// # Errors
/// If memory is exhausted.
pub fn to_csv(root: &Path, folders: &[Folder]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["path", "label", "split"])?;
    for folder in folders {
        for sample in &folder.samples {
            let path = sample.path.strip_prefix(root).unwrap_or(&sample.path);
            let label = folder.classes[sample.label].as_bytes();
            writer.write_record([path.as_os_str().as_bytes(), label, folder.name.as_bytes()])?;
        }
    }
    writer.into_inner().context("cannot write the list of pictures")
}
