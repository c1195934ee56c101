//! The state of a run's pictures, kept in its `pictures.csv`, so that a resumed run notices a data
//! set that has changed.

use crate::dataset::near_copies;
use crate::dataset::part::Part;
use crate::error::fault;
use crate::files::input_file;
use crate::pictures::folder::{Folder, Sample};
use crate::pictures::pixel_file::Stamp;
use crate::pictures::pixels::{Scratch, pool};
use crate::run::folder::changes::{Change, Changes};
use crate::stop::Stop;
use anyhow::{Context, Result};
use csv::ByteRecord;
use rayon::prelude::*;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::hash::Hasher;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use twox_hash::XxHash3_64;

/// The columns of `pictures.csv`.
const COLUMNS: [&str; 5] = ["split", "label", "path", "content", "state"];

/// The part that training does not use.
pub(crate) const TEST: &str = Part::Test.name();

/// The state of every picture of a run.
#[derive(Debug, PartialEq)]
pub struct Fingerprint(Vec<Row>);

/// One picture.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    split: String,
    label: String,
    /// Relative to the folder of the split.
    path: PathBuf,
    /// XXH3 of the file's bytes; `None` if it cannot be read.
    content: Option<u64>,
    /// XXH3 of size and times. A file whose state is the same is not read again.
    state: u64,
}

impl Fingerprint {
    /// The state of the pictures of `folders`, read by `threads` threads (0: one per core). Contents
    /// are taken from `known` where the state is the same.
    ///
    /// # Errors
    /// If a thread cannot be started, or a stop was requested.
    pub fn of(
        folders: &[&Folder],
        known: Option<&Self>,
        threads: usize,
        stop: &Stop,
    ) -> Result<Self> {
        let known = known.map(Self::by_path).unwrap_or_default();
        let samples: Vec<_> = folders
            .iter()
            .flat_map(|folder| folder.samples.iter().map(move |sample| (*folder, sample)))
            .collect();
        let row = |scratch: &mut Scratch, &(folder, sample): &(&Folder, &Sample)| {
            stop.check()?;
            let stamp = Stamp::of(&sample.path, &folder.path);
            let state = XxHash3_64::oneshot(format!("{:?}", stamp.state()).as_bytes());
            let (split, path) = (folder.name.clone(), stamp.path);
            let same =
                known.get(&(split.as_str(), path.as_path())).filter(|row| row.state == state);
            let content = match same {
                Some(row) => row.content,
                None => scratch.hash(&sample.path).ok(),
            };
            let label = folder.classes.get(sample.label).cloned().unwrap_or_default();
            Ok(Row { split, label, path, content, state })
        };
        let rows = pool(threads)?
            .install(|| samples.par_iter().map_init(Scratch::default, row).collect::<Result<_>>());
        Ok(Self(rows?))
    }

    /// The sum of the training and validation pictures: of their parts, classes, paths and contents.
    pub fn sum(&self) -> String {
        let mut hash = XxHash3_64::new();
        let mut rows: Vec<&Row> = self.0.iter().filter(|row| row.split != TEST).collect();
        rows.sort_by_key(|row| row.key());
        for row in rows {
            let cells =
                [row.split.as_bytes(), row.label.as_bytes(), row.path.as_os_str().as_bytes()];
            for cell in cells {
                hash.write(&cell.len().to_le_bytes());
                hash.write(cell);
            }
            hash.write(&row.content.unwrap_or(0).to_le_bytes());
        }
        format!("{:016x}", hash.finish())
    }

    /// The pictures of a part; `None` if it has none.
    pub fn of_part(&self, part: &str) -> Option<Self> {
        let rows: Vec<Row> = self.0.iter().filter(|row| row.split == part).cloned().collect();
        (!rows.is_empty()).then_some(Self(rows))
    }

    /// With those of `other` in place of the pictures of a part.
    pub fn with_part(mut self, part: &str, other: Self) -> Self {
        self.0.retain(|row| row.split != part);
        self.0.extend(other.0);
        self
    }

    /// For each picture, the index of the first with an equal file. One that cannot be read has none.
    pub fn equal(&self) -> Vec<usize> {
        let of_path = |row: &Row| XxHash3_64::oneshot(row.path.as_os_str().as_bytes());
        let hashes = self.0.iter().map(|row| row.content.unwrap_or_else(|| of_path(row)));
        near_copies::equal(&hashes.collect::<Vec<_>>())
    }

    /// Reads `pictures.csv`.
    ///
    /// # Errors
    /// If it cannot be read or is damaged.
    pub fn read(path: &Path) -> Result<Self> {
        let cannot_read = || format!("cannot read {}", path.display());
        let file = input_file::open(path).with_context(cannot_read)?;
        let mut reader = csv::Reader::from_reader(file);
        let is_known =
            reader.byte_headers().with_context(cannot_read)?.iter().eq(COLUMNS.map(str::as_bytes));
        let rows =
            reader.byte_records().map(|record| record.ok().and_then(|record| Row::of(&record)));
        match rows.collect() {
            Some(rows) if is_known => Ok(Self(rows)),
            _ => fault!(
                Run,
                "expected the states of pictures in {}, found a damaged file; try removing it: it is written again",
                path.display()
            ),
        }
    }

    /// The contents of `pictures.csv`.
    ///
    /// # Errors
    /// If it cannot be serialized.
    pub fn to_csv(&self) -> Result<Vec<u8>> {
        let cannot_write = || "cannot serialize the states of pictures to CSV";
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(COLUMNS).with_context(cannot_write)?;
        for row in &self.0 {
            let content = row.content.map_or(String::new(), |content| format!("{content:016x}"));
            let state = format!("{:016x}", row.state);
            let path = row.path.as_os_str().as_bytes();
            let cells = [
                row.split.as_bytes(),
                row.label.as_bytes(),
                path,
                content.as_bytes(),
                state.as_bytes(),
            ];
            writer.write_record(cells).with_context(cannot_write)?;
        }
        writer.into_inner().with_context(cannot_write)
    }

    /// How the pictures of some parts differ from those of `stored`.
    pub fn changes_since(&self, stored: &Self, is_compared: impl Fn(&str) -> bool) -> Changes {
        let (before, after) = (stored.by_path(), self.by_path());
        let is_compared = |row: &&Row| is_compared(&row.split);
        let change = |row: &Row| match before.get(&row.key()) {
            None => Some(Change::Added),
            Some(old) if old.content.is_some() && row.content.is_none() => Some(Change::Removed),
            Some(old) if old.content != row.content => Some(Change::Changed),
            Some(old) if old.label != row.label => Some(Change::LabeledAnew),
            Some(_) => None,
        };
        let entry = |change, row: &Row| (change, row.split.clone(), row.path.clone());
        let of_present = self.0.iter().filter(is_compared);
        let mut changes: Vec<_> =
            of_present.filter_map(|row| Some(entry(change(row)?, row))).collect();
        let removed = stored.0.iter().filter(is_compared);
        let removed = removed.filter(|row| !after.contains_key(&row.key()));
        changes.extend(removed.map(|row| entry(Change::Removed, row)));
        Changes(changes)
    }

    fn by_path(&self) -> HashMap<(&str, &Path), &Row> {
        self.0.iter().map(|row| (row.key(), row)).collect()
    }
}

impl Row {
    fn key(&self) -> (&str, &Path) {
        (&self.split, &self.path)
    }

    fn of(record: &ByteRecord) -> Option<Self> {
        let text = |index| std::str::from_utf8(record.get(index)?).ok();
        let number = |text: &str| match text.len() {
            16 => u64::from_str_radix(text, 16).ok(),
            _ => None,
        };
        let content = match text(3)? {
            "" => None,
            digits => Some(number(digits)?),
        };
        Some(Self {
            split: text(0)?.to_owned(),
            label: text(1)?.to_owned(),
            path: PathBuf::from(OsStr::from_bytes(record.get(2)?)),
            content,
            state: number(text(4)?)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_changed_and_survives_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let state = |names: &[&[u8]]| {
            let path = |name: &[u8]| folder.path().join(OsStr::from_bytes(name));
            let samples = names.iter().map(|name| Sample { path: path(name), label: 0 }).collect();
            let (path, name) = (folder.path().to_owned(), "train".to_owned());
            let classes = vec!["cats, and more".to_owned()];
            let folder = Folder { path, name, classes, samples };
            Fingerprint::of(&[&folder], None, 1, &Stop::default()).unwrap()
        };
        ["a.jpg", "b.jpg", "c\n.jpg"].iter().for_each(|name| write(name, name));
        std::fs::write(folder.path().join(OsStr::from_bytes(b"\xff.jpg")), "d").unwrap();
        let stored = state(&[b"a.jpg", b"b.jpg", b"c\n.jpg", b"\xff.jpg", b"missing.jpg"]);
        let file = folder.path().join("pictures.csv");
        std::fs::write(&file, stored.to_csv().unwrap()).unwrap();
        assert_eq!(Fingerprint::read(&file).unwrap(), stored);

        // Damage is an error, or a difference from the pictures.
        let (whole, damaged) = (std::fs::read(&file).unwrap(), folder.path().join("damaged.csv"));
        let is_refused = |bytes: &[u8]| {
            std::fs::write(&damaged, bytes).unwrap();
            let read = Fingerprint::read(&damaged);
            read.map_or(true, |read| !stored.changes_since(&read, |_| true).is_empty())
        };
        // Without the last line feed nothing is missing.
        assert!((0..whole.len() - 1).all(|length| is_refused(&whole[..length])));
        assert!(is_refused(&[b"\0".repeat(1000), whole.clone()].concat()));
        assert!(!is_refused(&whole));

        let changes = |now: &Fingerprint| now.changes_since(&stored, |_| true);
        // Written again with the same contents.
        write("a.jpg", "a.jpg");
        let same = state(&[b"a.jpg", b"b.jpg", b"c\n.jpg", b"\xff.jpg", b"missing.jpg"]);
        assert!(changes(&same).is_empty() && same.sum() == stored.sum());
        write("b.jpg", "B.jpg");
        write("e.jpg", "e");
        let other = state(&[b"a.jpg", b"b.jpg", b"c\n.jpg", b"e.jpg", b"missing.jpg"]);
        assert_ne!(other.sum(), stored.sum());
        let found = changes(&other);
        assert_eq!(found.to_string(), "1 changed, 1 added, 1 removed");
        let list = found.list();
        assert!(list.contains("train: b.jpg changed") && list.contains("e.jpg added"), "{list}");
    }
}
