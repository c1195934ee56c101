//! The state of a run's pictures, kept in its `pictures.csv`, so that a resumed run notices a data
//! set that has changed.

use super::config::Config;
use super::folder::RunFolder;
use crate::dataset::near_copies;
use crate::error::{ensure_or, fault};
use crate::input_file;
use crate::numbers::with_thousands;
use crate::pictures::folder::{Folder, Sample};
use crate::pictures::pixel_file::Stamp;
use crate::pictures::pixels::{Scratch, pool};
use crate::shown::shown;
use crate::stop::Stop;
use anyhow::{Context, Result};
use csv::ByteRecord;
use rayon::prelude::*;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use twox_hash::XxHash3_64;

/// The columns of `pictures.csv`.
const COLUMNS: [&str; 5] = ["split", "label", "path", "content", "state"];

/// Number of pictures named in an error.
const NAMED: usize = 5;

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
    fn of(folders: &[&Folder], known: Option<&Self>, threads: usize, stop: &Stop) -> Result<Self> {
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

    /// The state of the pictures of `folders`. A resumed `run` must have been trained on the same.
    ///
    /// # Errors
    /// If it was trained on others; also as [`Fingerprint::of`].
    pub fn checked(
        folders: &[&Folder],
        config: &Config,
        run: &RunFolder,
        stop: &Stop,
    ) -> Result<Self> {
        let path = run.pictures();
        // Runs of earlier versions have no such file.
        let stored = match config.resume && path.exists() {
            true => Some(Self::read(&path)?),
            false => None,
        };
        let found = Self::of(folders, stored.as_ref(), config.loader_threads.unwrap_or(0), stop)?;
        if let (Some(stored), Some(data)) = (stored, &config.data) {
            found.check(&stored, data, run.path())?;
        }
        Ok(found)
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
    fn read(path: &Path) -> Result<Self> {
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
                "expected the states of pictures in {}, found a damaged file; try removing it, which skips the check whether the data set is the same",
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

    /// Checks that the pictures are those of `stored`, with the same contents and classes.
    ///
    /// # Errors
    /// If they are not; the error says what has changed in `data` since the run `run`.
    fn check(&self, stored: &Self, data: &Path, run: &Path) -> Result<()> {
        let (before, after) = (stored.by_path(), self.by_path());
        let mut changes: Vec<(&str, &Row)> = Vec::new();
        for row in &self.0 {
            match before.get(&row.key()) {
                None => changes.push(("added", row)),
                Some(old) if old.content != row.content => changes.push(("changed", row)),
                Some(old) if old.label != row.label => changes.push(("labeled anew", row)),
                Some(_) => {}
            }
        }
        changes.extend(
            stored
                .0
                .iter()
                .filter(|row| !after.contains_key(&row.key()))
                .map(|row| ("removed", row)),
        );
        let counts = ["changed", "labeled anew", "added", "removed"].map(|what| {
            let count = changes.iter().filter(|(found, _)| *found == what).count();
            (count > 0).then(|| format!("{} {what}", with_thousands(count as i64)))
        });
        let named = changes
            .iter()
            .take(NAMED)
            .map(|(what, row)| format!("\n  {}: {} {what}", row.split, shown(&row.path)));
        ensure_or!(
            Run,
            changes.is_empty(),
            "expected the pictures in {} as at the start of the run {}, found {}; try restoring them, or a new `out`{}{}",
            data.display(),
            run.display(),
            counts.into_iter().flatten().collect::<Vec<_>>().join(", "),
            named.collect::<String>(),
            if changes.len() > NAMED { "\n  …" } else { "" }
        );
        Ok(())
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
            read.and_then(|read| stored.check(&read, Path::new("data"), Path::new("run"))).is_err()
        };
        // Without the last line feed nothing is missing.
        assert!((0..whole.len() - 1).all(|length| is_refused(&whole[..length])));
        assert!(is_refused(&[b"\0".repeat(1000), whole.clone()].concat()));
        assert!(!is_refused(&whole));

        let check = |now: &Fingerprint| now.check(&stored, Path::new("data"), Path::new("run"));
        // Written again with the same contents.
        write("a.jpg", "a.jpg");
        check(&state(&[b"a.jpg", b"b.jpg", b"c\n.jpg", b"\xff.jpg", b"missing.jpg"])).unwrap();
        write("b.jpg", "B.jpg");
        write("e.jpg", "e");
        let error = check(&state(&[b"a.jpg", b"b.jpg", b"c\n.jpg", b"e.jpg", b"missing.jpg"]));
        let error = error.unwrap_err().to_string();
        assert!(error.contains("found 1 changed, 1 added, 1 removed; try restoring"), "{error}");
        assert!(error.contains("train: b.jpg changed") && error.contains("e.jpg added"), "{error}");
    }
}
