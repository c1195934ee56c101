//! The files that a list of labels names.

use super::labels::{Labeled, List};
use crate::error::{BadRow, BadRows, ensure_or, fault};
use crate::pictures::identity::{Identities, Identity};
use crate::pictures::passed_over::{PassedOver, Why};
use crate::text::shown::{shown, shown_name};
use crate::text::spelling::{composed, likeness};
use anyhow::Result;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::read_dir;
use std::path::{Component, Path, PathBuf};

/// The rows of a list, each file once.
#[derive(Debug)]
pub(super) struct ListedFiles {
    /// A row for each file, with the path that the file has in the folder.
    pub rows: Vec<Labeled>,
    /// The rows that name a file again.
    pub passed_over: PassedOver,
    /// The rows that name no file, which are among [`ListedFiles::rows`] too.
    pub bad: BadRows,
}

impl ListedFiles {
    /// Finds the files of `list`, read from the file `path`, in `folder`. A class's name that is spelled
    /// in several Unicode forms is one, and so is a file's.
    ///
    /// # Errors
    /// If none of the files is there, or rows give one file different labels or parts.
    pub fn find(folder: &Path, path: &Path, list: List) -> Result<Self> {
        let (mut names, mut identities) = (Names::default(), Identities::default());
        let mut classes: HashMap<String, String> = HashMap::new();
        let mut known: HashMap<Identity, (u64, Labeled)> = HashMap::new();
        let (mut rows, mut bad, mut passed_over) = (Vec::new(), Vec::new(), PassedOver::default());
        let of = list.rows.len();
        for (line, written) in list.rows {
            let label = classes.entry(composed(&written.label).into_owned());
            let label = label.or_insert_with(|| written.label.clone()).clone();
            let found = names.find(folder, &written.path, false);
            let is_there = found.is_some();
            let row = Labeled { path: found.unwrap_or(written.path), label, ..written };
            let file = folder.join(&row.path);
            let id = identities.of(&file, file.metadata().ok().as_ref());
            match known.get(&id) {
                None => {
                    known.insert(id, (line, row.clone()));
                }
                Some((_, first)) if (&first.label, first.part) == (&row.label, row.part) => {
                    passed_over.add(row.path, Why::Again);
                    continue;
                }
                Some((earlier, first)) => fault!(
                    DataSet,
                    "expected one label and one split for {}, found {} in line {earlier} of {} and {} in line {line}{}; try removing one",
                    shown(&first.path),
                    described(first),
                    shown(path),
                    described(&row),
                    if row.path == first.path {
                        String::new()
                    } else {
                        format!(" for {}, the same file", shown(&row.path))
                    }
                ),
            }
            if !is_there {
                let instead = names.find_near(folder, &row.path);
                bad.push(BadRow { line, path: row.path.clone(), instead });
            }
            rows.push(row);
        }
        let bad = BadRows { list: path.to_owned(), folder: folder.to_owned(), of, rows: bad };
        ensure_or!(DataSet, bad.rows.len() < rows.len(), "{}", nothing_found(&bad));
        Ok(Self { rows, passed_over, bad })
    }
}

/// The class of a row, and its part.
fn described(row: &Labeled) -> String {
    let part = row.part.map_or(String::new(), |part| format!(", {}", part.name()));
    format!("{}{part}", shown_name(&row.label))
}

/// The error that none of the files of a list is there.
fn nothing_found(bad: &BadRows) -> String {
    let beside = bad.list.parent().unwrap_or(Path::new("."));
    let is_beside = bad.rows.iter().any(|row| beside.join(&row.path).is_file());
    let first = bad.rows.first().map_or(String::new(), BadRow::to_string);
    format!(
        "expected the files of the list {} in {}, found none of them; {}\n  {first}",
        shown(&bad.list),
        shown(&bad.folder),
        match is_beside {
            true => format!("try the folder {}, where they are", shown(beside)),
            false => "try paths that are relative to it, or another folder".to_owned(),
        }
    )
}

/// The names in folders, read once: for each folder, by the spellings that lead to them.
#[derive(Debug, Default)]
struct Names {
    entries: HashMap<PathBuf, HashMap<Spelling, OsString>>,
}

/// How a name may be spelled.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Spelling {
    /// In one Unicode form.
    Composed(String),
    /// In another case, or with other blanks.
    Alike(String),
    /// The same without extension.
    Stem(String),
}

impl Names {
    /// The path below `folder` of the file `path`, whose names may be in another Unicode form; also of
    /// one with nearly that name, if `is_near`.
    fn find(&mut self, folder: &Path, path: &Path, is_near: bool) -> Option<PathBuf> {
        if folder.join(path).is_file() {
            return Some(path.to_owned());
        }
        let mut found = PathBuf::new();
        for part in path.components() {
            let above = folder.join(&found);
            let name = part.as_os_str();
            let is_there = !matches!(part, Component::Normal(_))
                || above.join(name).symlink_metadata().is_ok();
            match is_there {
                true => found.push(name),
                false => found.push(self.spelled(&above, name, is_near)?),
            }
        }
        folder.join(&found).is_file().then_some(found)
    }

    /// A file with nearly the name `path`: other blanks, another case or extension, `\` for `/`, or
    /// without the first folders.
    fn find_near(&mut self, folder: &Path, path: &Path) -> Option<PathBuf> {
        let text = path.to_str()?.replace('\\', "/");
        let mut rest = text.trim();
        loop {
            if let Some(found) = self.find(folder, Path::new(rest), true) {
                return Some(found);
            }
            rest = rest.split_once('/')?.1;
        }
    }

    /// The name in `folder` that `name` may be meant to be.
    fn spelled(&mut self, folder: &Path, name: &OsStr, is_near: bool) -> Option<&OsString> {
        let names = self.entries.entry(folder.to_owned()).or_insert_with(|| names_in(folder));
        let [composed, alike, stem] = spellings(name)?;
        let whole = Spelling::Stem(likeness(name.to_str()?));
        let all = [composed, alike, whole, stem];
        let tried = if is_near { &all[..] } else { &all[..1] };
        tried.iter().find_map(|spelling| names.get(spelling))
    }
}

/// The spellings of `name`, the surest first; `None` if it is not in UTF-8.
fn spellings(name: &OsStr) -> Option<[Spelling; 3]> {
    let text = name.to_str()?;
    let stem = Path::new(text).file_stem().and_then(OsStr::to_str).unwrap_or(text);
    Some([
        Spelling::Composed(composed(text).into_owned()),
        Spelling::Alike(likeness(text)),
        Spelling::Stem(likeness(stem)),
    ])
}

/// The names in `folder` by their spellings, of which the first in order counts; none if it cannot be
/// read.
fn names_in(folder: &Path) -> HashMap<Spelling, OsString> {
    let entries = read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<OsString> = entries.map(|entry| entry.file_name()).collect();
    names.sort();
    let mut known = HashMap::new();
    for name in names {
        for spelling in spellings(&name).into_iter().flatten() {
            known.entry(spelling).or_insert_with(|| name.clone());
        }
    }
    known
}
