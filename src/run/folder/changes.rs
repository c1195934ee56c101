//! Differences between the pictures of a data set and those that a run was trained on.

use crate::text::numbers::with_thousands;
use crate::text::shown::shown;
use std::fmt;
use std::path::PathBuf;

/// Number of pictures named.
const NAMED: usize = 5;

/// What has happened to a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Changed,
    LabeledAnew,
    Added,
    Removed,
}

impl Change {
    const ALL: [Self; 4] = [Self::Changed, Self::LabeledAnew, Self::Added, Self::Removed];

    fn words(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::LabeledAnew => "labeled anew",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// The pictures that differ, each with its part and what has happened to it.
#[derive(Debug, Default)]
pub(crate) struct Changes(pub Vec<(Change, String, PathBuf)>);

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first of them, a line each, behind a line end.
    pub fn list(&self) -> String {
        let named = self.0.iter().take(NAMED);
        let mut lines: String = named
            .map(|(change, part, path)| format!("\n  {part}: {} {}", shown(path), change.words()))
            .collect();
        if self.0.len() > NAMED {
            lines += "\n  …";
        }
        lines
    }
}

/// `1 changed, 2 added`
impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = Change::ALL.map(|change| {
            let count = self.0.iter().filter(|(found, ..)| *found == change).count();
            (count > 0).then(|| format!("{} {}", with_thousands(count as i64), change.words()))
        });
        f.write_str(&counts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}
