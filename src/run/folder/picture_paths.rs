//! The pictures at the paths that a user gives: files, folders and glob patterns.

use crate::error::{ensure_or, fault};
use crate::pictures::passed_over::PassedOver;
use crate::pictures::walk::Walk;
use anyhow::{Context, Result};
use glob::MatchOptions;
use std::path::{Path, PathBuf};

/// As in a shell: `*` and `?` match neither `/` nor the dot of a hidden file.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// The paths of the pictures at `paths`, in their order: files as they are, whether they exist or
/// not; the pictures in folders and their subfolders, sorted by path; and the same for what matches
/// a glob pattern (`*`, `?`, `[a-z]`, `**`), unless a file has the pattern itself as its name. Also
/// returns what was passed over in folders.
///
/// # Errors
/// If there are none, a folder has no pictures or cannot be read, or a pattern is malformed or
/// matches nothing.
pub(crate) fn list(paths: &[PathBuf]) -> Result<(Vec<PathBuf>, PassedOver)> {
    let mut found = Found::default();
    for path in paths {
        match path.to_str().filter(|text| text.contains(['*', '?', '['])) {
            Some(pattern) if path.symlink_metadata().is_err() => found.add_matches(pattern)?,
            _ => {
                let before = found.paths.len();
                found.add(path.clone())?;
                check_any(found.paths.len() > before, path)?;
            }
        }
    }
    ensure_or!(DataSet, !found.paths.is_empty(), "expected the paths of pictures, found none");
    Ok((found.paths, found.passed_over))
}

#[derive(Default)]
struct Found {
    paths: Vec<PathBuf>,
    passed_over: PassedOver,
}

impl Found {
    fn add_matches(&mut self, pattern: &str) -> Result<()> {
        let matches = match glob::glob_with(pattern, OPTIONS) {
            Ok(matches) => matches,
            Err(error) => fault!(
                DataSet,
                "expected a file or a glob pattern at {pattern}, found neither: {} at position {}",
                error.msg,
                error.pos
            ),
        };
        let before = self.paths.len();
        for path in matches {
            self.add(path.with_context(|| format!("cannot read what matches {pattern}"))?)?;
        }
        check_any(self.paths.len() > before, Path::new(pattern))
    }

    /// Adds a file, or the pictures in a folder.
    fn add(&mut self, path: PathBuf) -> Result<()> {
        if !path.is_dir() {
            self.paths.push(path);
            return Ok(());
        }
        let mut walk = Walk::default();
        let pictures = walk.pictures(&path, 0)?;
        self.paths.extend(pictures);
        self.passed_over.append(walk.passed_over);
        Ok(())
    }
}

fn check_any(any: bool, path: &Path) -> Result<()> {
    ensure_or!(DataSet, any, "expected pictures in {}, found none", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_folders_and_patterns_keep_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (inner, name) in [("b", "2.jpg"), ("b", "1.jpg"), ("a", "3.jpg"), ("a", ".4.jpg")] {
            std::fs::create_dir_all(at(inner)).unwrap();
            std::fs::write(at(inner).join(name), b"").unwrap();
        }
        std::fs::create_dir(at("empty")).unwrap();
        std::fs::write(at("a/[x].jpg"), b"").unwrap();
        std::fs::write(at("a/x.jpg"), b"").unwrap();
        let listed = |names: &[&str]| {
            let paths: Vec<PathBuf> = names.iter().map(|name| at(name)).collect();
            list(&paths).map(|(paths, _)| {
                let name = |path: PathBuf| {
                    path.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned()
                };
                paths.into_iter().map(name).collect::<Vec<_>>()
            })
        };
        assert_eq!(
            listed(&["nothing.jpg", "b", "*/3.*"]).unwrap(),
            ["nothing.jpg", "b/1.jpg", "b/2.jpg", "a/3.jpg"]
        );
        // The name of a file is not a pattern.
        assert_eq!(listed(&["a/[x].jpg"]).unwrap(), ["a/[x].jpg"]);
        assert_eq!(listed(&["a/[xy].jpg"]).unwrap(), ["a/x.jpg"]);
        assert_eq!(listed(&["[be]*"]).unwrap(), ["b/1.jpg", "b/2.jpg"]);
        assert_eq!(listed(&["?/*.jpg"]).unwrap().len(), 5);
        for (names, expected) in [
            (["empty"].as_slice(), "expected pictures in "),
            (&["e*"], "expected pictures in "),
            (&["b", "*.png"], "*.png, found none"),
            (&["[a"], "found neither"),
            (&[], "expected the paths of pictures, found none"),
        ] {
            let error = listed(names).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
