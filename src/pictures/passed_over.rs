//! Files and folders that are not used as pictures, and the line that names them.

use crate::text::numbers::with_thousands;
use crate::text::shown::shown;
use std::fmt;
use std::path::{Path, PathBuf};

/// Names listed per reason.
const NAMED: usize = 3;

/// Why an entry of a folder is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Neither its name nor its first bytes are a picture's.
    NoPicture,
    /// Its name starts with a dot, or is that of a folder of the operating system.
    Hidden,
    /// A picture, but not in a class folder.
    Unlabeled,
    /// A folder of test pictures that are not in folders of the training pictures' classes.
    NoTest,
    /// A link to a file or folder that was already read.
    Repeated,
    /// A row of a list that names a file of an earlier row.
    Again,
    /// A pipe, socket or device.
    Special,
    /// A folder that petite wrote, such as a run's.
    Output,
    /// A folder that has the class folders beside it once more.
    Nested,
    /// Beside the folders that the data set consists of.
    Beside,
}

impl Why {
    const ALL: [Self; 10] = [
        Self::NoPicture,
        Self::Hidden,
        Self::Unlabeled,
        Self::NoTest,
        Self::Repeated,
        Self::Again,
        Self::Special,
        Self::Output,
        Self::Nested,
        Self::Beside,
    ];

    /// The noun of a count.
    fn noun(self, count: usize) -> &'static str {
        let one = count == 1;
        match self {
            Self::NoPicture if one => "file that is not a picture",
            Self::NoPicture => "files that are not pictures",
            Self::Hidden => "hidden",
            Self::Unlabeled if one => "file outside the class folders",
            Self::Unlabeled => "files outside the class folders",
            Self::NoTest => "test folder without folders of the training classes",
            Self::Repeated if one => "link to what was already read",
            Self::Repeated => "links to what was already read",
            Self::Again if one => "row of a file that is listed already",
            Self::Again => "rows of files that are listed already",
            Self::Special if one => "pipe or device",
            Self::Special => "pipes or devices",
            Self::Output if one => "folder that petite wrote",
            Self::Output => "folders that petite wrote",
            Self::Nested if one => "folder that repeats the class folders beside it",
            Self::Nested => "folders that repeat the class folders beside them",
            Self::Beside => "beside the data set's folders",
        }
    }
}

/// Entries of folders that are not used, with the reasons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PassedOver(Vec<(PathBuf, Why)>);

impl PassedOver {
    /// Adds an entry.
    pub fn add(&mut self, path: PathBuf, why: Why) {
        self.0.push((path, why));
    }

    /// Adds the entries of another list.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// The entries, in the order in which they were found.
    pub fn entries(&self) -> &[(PathBuf, Why)] {
        &self.0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `4 files that are not pictures (Thumbs.db, 3 .txt), 1 hidden (.DS_Store)`.
impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for why in Why::ALL {
            let of_kind = self.0.iter().filter(|(_, found)| *found == why).map(|(path, _)| path);
            let count = of_kind.clone().count();
            if count > 0 {
                let names = names(of_kind.map(PathBuf::as_path));
                let number = with_thousands(count as i64);
                write!(f, "{separator}{number} {} ({names})", why.noun(count))?;
                separator = ", ";
            }
        }
        Ok(())
    }
}

/// `Thumbs.db, 3 .txt, …`: equal names, and names with equal extensions, are counted.
fn names<'a>(paths: impl Iterator<Item = &'a Path>) -> String {
    let mut groups: Vec<(String, String, usize)> = Vec::new();
    for path in paths {
        let name = shown(Path::new(path.file_name().unwrap_or_default()));
        let extension =
            path.extension().map(|extension| format!(".{}", shown(Path::new(extension))));
        let key = extension.unwrap_or_else(|| name.clone());
        match groups.iter_mut().find(|(known, _, _)| *known == key) {
            Some((_, _, count)) => *count += 1,
            None => groups.push((key, name, 1)),
        }
    }
    groups.sort_by_key(|&(_, _, count)| std::cmp::Reverse(count));
    let shown = groups.iter().take(NAMED).map(|(key, name, count)| match count {
        1 => name.clone(),
        _ => format!("{} {key}", with_thousands(*count as i64)),
    });
    let mut shown: Vec<String> = shown.collect();
    if groups.len() > NAMED {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_counts_by_reason_and_extension() {
        let mut passed_over = PassedOver::default();
        for (path, why) in [
            ("cats/Thumbs.db", Why::NoPicture),
            ("cats/1.txt", Why::NoPicture),
            ("cats/2.txt", Why::NoPicture),
            ("cats/.DS_Store", Why::Hidden),
            ("dogs/.DS_Store", Why::Hidden),
            ("dogs/all", Why::Repeated),
        ] {
            passed_over.add(path.into(), why);
        }
        assert_eq!(
            passed_over.to_string(),
            "3 files that are not pictures (2 .txt, Thumbs.db), 2 hidden (2 .DS_Store), \
             1 link to what was already read (all)"
        );
    }
}
