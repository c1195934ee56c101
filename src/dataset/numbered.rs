//! Pictures named like Kaggle's, `cat.0.jpg`, which their numbers split as in listing 5.4 of the book.

use super::archive;
use super::part::Part;
use crate::error::{ensure_or, fault};
use crate::pictures::folder::{Folder, Sample};
use crate::pictures::walk::Walk;
use crate::random::{Purpose, generator};
use crate::text::shown::shown;
use anyhow::{Context, Result};
use rand::seq::SliceRandom;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Names in an error about missing pictures.
const NAMED: usize = 10;

/// The pictures `class.number.jpg` of a folder, of two classes or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    path: PathBuf,
    /// Class → number → path.
    pictures: BTreeMap<String, BTreeMap<usize, PathBuf>>,
    /// Names of the folder's entries that are not such pictures, hidden ones aside, sorted.
    pub others: Vec<OsString>,
}

impl Numbered {
    /// Those in the folder `from`, or in the `train` or `train.zip` of Kaggle's archive in it; `None` if
    /// there are none.
    ///
    /// # Errors
    /// If a folder cannot be read, there are pictures of one class only, or a number is there twice.
    pub fn find(from: &Path) -> Result<Option<Self>> {
        let mut places = vec![from.to_owned(), from.join("train")];
        let zip = from.join("train.zip");
        if zip.is_file() && Walk::default().entries(from)?.0.is_empty() {
            places.push(archive::unpacked(&zip)?);
        }
        for folder in places.into_iter().filter(|folder| folder.is_dir()) {
            let found = Self::read(folder)?;
            match found.pictures.len() {
                0 => {}
                1 => fault!(
                    DataSet,
                    "expected at least two classes of pictures in {}, found only {}",
                    found.path.display(),
                    found.pictures.keys().next().map_or("", |class| class)
                ),
                _ => return Ok(Some(found)),
            }
        }
        Ok(None)
    }

    fn read(path: PathBuf) -> Result<Self> {
        let cannot_read = || format!("cannot read the folder {}", path.display());
        let (mut pictures, mut others) = (BTreeMap::<_, BTreeMap<_, _>>::new(), Vec::new());
        for entry in std::fs::read_dir(&path).with_context(cannot_read)? {
            let entry = entry.with_context(cannot_read)?;
            let (name, file) = (entry.file_name(), entry.path());
            let Some((class, number)) = parse_name(&file).filter(|_| !file.is_dir()) else {
                if !name.as_encoded_bytes().starts_with(b".") {
                    others.push(name);
                }
                continue;
            };
            let numbered = pictures.entry(class.to_owned()).or_default();
            if let Some(first) = numbered.insert(number, file.clone()) {
                let mut both = [shown(&first), shown(&file)];
                both.sort();
                fault!(
                    DataSet,
                    "expected one picture of each number, found {}; try removing one",
                    both.join(" and ")
                );
            }
        }
        others.sort();
        Ok(Self { path, pictures, others })
    }

    /// The names of the classes: `cats` for `cat.0.jpg`.
    pub fn classes(&self) -> Vec<String> {
        self.pictures.keys().map(|class| format!("{class}s")).collect()
    }

    /// Number of pictures.
    pub fn count(&self) -> usize {
        self.pictures.values().map(BTreeMap::len).sum()
    }

    /// Splits the pictures into the parts of [`Part::ALL`], with `sizes` of each class: the lowest
    /// numbers, from 0, go to the first part. With a seed in `shuffle`, the same numbers are dealt out
    /// in random order, for pictures whose content depends on their number.
    ///
    /// # Errors
    /// If a number is missing, or the first size is 0.
    pub fn split(&self, sizes: [usize; 3], shuffle: Option<u64>) -> Result<[Folder; 3]> {
        ensure_or!(Setting, sizes[0] > 0, "expected `train` of 1 or more, found 0");
        let needed = sizes.iter().sum();
        self.check_complete(needed)?;
        let empty = |part: Part| Folder {
            path: self.path.clone(),
            name: part.name().to_owned(),
            classes: self.classes(),
            samples: Vec::new(),
        };
        let mut parts = Part::ALL.map(empty);
        for (label, numbered) in self.pictures.values().enumerate() {
            let mut pictures: Vec<&PathBuf> = numbered.values().take(needed).collect();
            if let Some(seed) = shuffle {
                pictures.shuffle(&mut generator(seed, Purpose::Split, label as u64));
            }
            let mut samples = pictures.into_iter().map(|path| Sample { path: path.clone(), label });
            for (part, size) in parts.iter_mut().zip(sizes) {
                part.samples.extend(samples.by_ref().take(size));
            }
        }
        Ok(parts)
    }

    fn check_complete(&self, needed: usize) -> Result<()> {
        let absent = |(class, numbered): (&String, &BTreeMap<usize, PathBuf>)| -> Vec<String> {
            let numbers = (0..needed).filter(|number| !numbered.contains_key(number));
            numbers.map(|number| format!("{class}.{number}.jpg")).collect()
        };
        let missing: Vec<String> = self.pictures.iter().flat_map(absent).collect();
        let more = missing.len().saturating_sub(NAMED);
        ensure_or!(
            DataSet,
            missing.is_empty(),
            "expected {needed} pictures of each class in {}, found {} missing: {}{}; try smaller `train`, `validation` and `test`",
            self.path.display(),
            missing.len(),
            missing[..missing.len() - more].join(", "),
            if more > 0 { format!(" and {more} more") } else { String::new() }
        );
        Ok(())
    }
}

/// `folder/cat.12.jpg` → `("cat", 12)`.
pub(super) fn parse_name(picture: &Path) -> Option<(&str, usize)> {
    let (rest, extension) = picture.file_name()?.to_str()?.rsplit_once('.')?;
    let (class, number) = rest.rsplit_once('.')?;
    let jpeg = extension.eq_ignore_ascii_case("jpg") || extension.eq_ignore_ascii_case("jpeg");
    (jpeg && !class.is_empty() && !class.starts_with('.')).then_some(())?;
    Some((class, number.parse().ok()?))
}
