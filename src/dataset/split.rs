//! Splits Kaggle's flat folder of pictures into train, validation and test folders (listing 5.4 of
//! the book).

use super::kaggle::Compared;
use super::staging::Staging;
use crate::error::{ensure_or, fault};
use crate::files::disk::explained;
use crate::random::{Purpose, generator};
use crate::stop::Stop;
use crate::text::shown::shown;
use anyhow::{Context, Result};
use rand::seq::SliceRandom;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How pictures are put into the splits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Link {
    /// A copy, as in the book.
    #[default]
    Copy,
    /// A hard link, which requires the same file system.
    Hard,
    /// A symbolic link to the original's absolute path.
    Symbolic,
}

/// Number of pictures of each class in each split. Listing 5.4 uses 1000, 500 and 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// In `train`, at least 1.
    pub train: usize,
    /// In `validation`.
    pub validation: usize,
    /// In `test`.
    pub test: usize,
}

impl Sizes {
    /// The splits, in the order of the pictures' numbers.
    fn splits(&self) -> [(&'static str, usize); 3] {
        [("train", self.train), ("validation", self.validation), ("test", self.test)]
    }
}

/// Number of pictures put into a class folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// `train`, `validation` or `test`.
    pub split: String,
    /// The name of the class folder, such as `cats`.
    pub class: String,
    /// Number of pictures.
    pub pictures: usize,
}

/// What [`split`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// By split, then class.
    pub counts: Vec<Count>,
    /// Those with Kaggle's names: others than Kaggle's are altered copies, or pictures of one's own.
    pub kaggle: Compared,
    /// Number of pictures with numbers too high to be used.
    pub beyond: usize,
    /// Names of the folder's entries that are not such pictures, hidden ones aside, sorted.
    pub others: Vec<OsString>,
}

/// Splits the pictures `<class>.<number>.jpg` of `from` (or `from/train`) into
/// `to/<split>/<class>s/`. The lowest numbers, from 0, go to train, the next to validation and the
/// next to test. With a seed in `shuffle`, the same numbers are assigned in random order, for
/// pictures whose content depends on their number. Everything is built in a temporary folder next
/// to `to` and renamed at the end, so `to` is complete or absent.
///
/// # Errors
/// If `from` has no such pictures, a number is missing or twice, `sizes.train` is 0, `to` is not empty, a
/// file cannot be copied or linked, or a stop was requested. Nothing is left behind then.
pub fn split(
    from: &Path,
    to: &Path,
    sizes: Sizes,
    link: Link,
    shuffle: Option<u64>,
    stop: &Stop,
) -> Result<Split> {
    let (originals, others) = find_originals(from)?;
    let needed = sizes.train + sizes.validation + sizes.test;
    ensure_or!(Setting, sizes.train > 0, "expected `train` of 1 or more, found 0");
    check_complete(from, &originals, needed)?;

    let beyond = originals.values().map(|numbered| numbered.len().saturating_sub(needed)).sum();
    let ordered: Vec<(String, Vec<(usize, PathBuf)>)> = originals
        .into_iter()
        .enumerate()
        .map(|(label, (class, numbered))| {
            let mut pictures: Vec<_> = numbered.into_iter().take(needed).collect();
            if let Some(seed) = shuffle {
                pictures.shuffle(&mut generator(seed, Purpose::Split, label as u64));
            }
            (class, pictures)
        })
        .collect();

    let staging = Staging::beside(to)?;
    let (mut counts, mut kaggle) = (Vec::new(), Compared::default());
    let mut first = 0;
    for (split, size) in sizes.splits() {
        for (class, pictures) in &ordered {
            let folder = staging.path().join(split).join(format!("{class}s"));
            std::fs::create_dir_all(&folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
            for (number, original) in &pictures[first..first + size] {
                stop.check()?;
                kaggle.add(original, class, *number);
                let name = original.file_name().context("expected a file name")?;
                copy_or_link(original, &folder.join(name), link)?;
            }
            let (split, class) = (split.to_owned(), format!("{class}s"));
            counts.push(Count { split, class, pictures: size });
        }
        first += size;
    }
    staging.rename_to(to)?;
    Ok(Split { counts, kaggle, beyond, others })
}

/// Whether `from` (or `from/train`) has pictures with names like Kaggle's, which [`split`] takes.
///
/// # Errors
/// If the folder cannot be read.
pub fn is_numbered(from: &Path) -> Result<bool> {
    for folder in [from.to_owned(), from.join("train")] {
        if folder.is_dir() && !read_originals(&folder)?.0.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Class → number → path.
type Originals = BTreeMap<String, BTreeMap<usize, PathBuf>>;

/// Also returns the names of the other entries.
fn find_originals(from: &Path) -> Result<(Originals, Vec<OsString>)> {
    ensure_or!(
        DataSet,
        from.is_dir(),
        "expected a folder of pictures at {}, found {}",
        from.display(),
        if from.exists() { "a file" } else { "nothing" }
    );
    // Kaggle's archive unpacks into a folder `train`.
    for folder in [from.to_owned(), from.join("train")] {
        if !folder.is_dir() {
            continue;
        }
        let (originals, others) = read_originals(&folder)?;
        match originals.len() {
            0 => {}
            1 => fault!(
                DataSet,
                "expected at least two classes of pictures in {}, found only {}",
                folder.display(),
                originals.keys().next().map_or("", |class| class)
            ),
            _ => return Ok((originals, others)),
        }
    }
    fault!(
        DataSet,
        "expected pictures named like Kaggle's (cat.0.jpg, dog.0.jpg) in {}, found none",
        from.display()
    )
}

/// As [`find_originals`], in one folder.
fn read_originals(folder: &Path) -> Result<(Originals, Vec<OsString>)> {
    let cannot_read = || format!("cannot read the folder {}", folder.display());
    let (mut originals, mut others) = (Originals::new(), Vec::new());
    for entry in std::fs::read_dir(folder).with_context(cannot_read)? {
        let entry = entry.with_context(cannot_read)?;
        let (name, path) = (entry.file_name(), entry.path());
        let Some((class, number)) = name.to_str().and_then(parse_name).filter(|_| !path.is_dir())
        else {
            if !name.as_encoded_bytes().starts_with(b".") {
                others.push(name);
            }
            continue;
        };
        let numbered = originals.entry(class.to_owned()).or_default();
        if let Some(first) = numbered.insert(number, path.clone()) {
            let mut both = [shown(&first), shown(&path)];
            both.sort();
            fault!(
                DataSet,
                "expected one picture of each number, found {}; try removing one",
                both.join(" and ")
            );
        }
    }
    others.sort();
    Ok((originals, others))
}

/// `cat.12.jpg` → `("cat", 12)`.
fn parse_name(name: &str) -> Option<(&str, usize)> {
    let (rest, extension) = name.rsplit_once('.')?;
    let (class, number) = rest.rsplit_once('.')?;
    let jpeg = extension.eq_ignore_ascii_case("jpg") || extension.eq_ignore_ascii_case("jpeg");
    (jpeg && !class.is_empty() && !class.starts_with('.')).then_some(())?;
    Some((class, number.parse().ok()?))
}

fn check_complete(from: &Path, originals: &Originals, needed: usize) -> Result<()> {
    let mut missing = Vec::new();
    for (class, numbered) in originals {
        missing.extend(
            (0..needed).filter(|n| !numbered.contains_key(n)).map(|n| format!("{class}.{n}.jpg")),
        );
    }
    if missing.is_empty() {
        return Ok(());
    }
    const NAMED: usize = 10;
    let named = missing.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = missing.len().saturating_sub(NAMED);
    fault!(
        DataSet,
        "expected {needed} pictures of each class in {}, found {} missing: {named}{}; try smaller `train`, `validation` and `test`",
        from.display(),
        missing.len(),
        if more > 0 { format!(" and {more} more") } else { String::new() }
    )
}

/// Puts a copy of the file `original`, or a link to it, at `destination`.
///
/// # Errors
/// If that fails; a hard link also if the two are on different file systems.
pub(super) fn copy_or_link(original: &Path, destination: &Path, link: Link) -> Result<()> {
    let done = match link {
        Link::Copy => std::fs::copy(original, destination).map(drop),
        Link::Hard => std::fs::hard_link(original, destination),
        Link::Symbolic => original
            .canonicalize()
            .and_then(|absolute| std::os::unix::fs::symlink(absolute, destination)),
    };
    let folder = destination.parent().unwrap_or(destination);
    done.map_err(|error| explained(error, folder)).with_context(|| {
        let hint = if link == Link::Hard { "; try `link` copy" } else { "" };
        let verb = if link == Link::Copy { "copy" } else { "link" };
        format!("cannot {verb} {} to {}{hint}", original.display(), destination.display())
    })
}
