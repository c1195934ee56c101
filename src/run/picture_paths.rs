//! The pictures at the paths that a user gives: files, folders and glob patterns.

use crate::error::{ensure_or, fault};
use crate::pictures::folder::{Sample, collect_pictures};
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
/// a glob pattern (`*`, `?`, `[a-z]`, `**`), unless a file has the pattern itself as its name.
///
/// # Errors
/// If there are none, a folder has no pictures or cannot be read, or a pattern is malformed or
/// matches nothing.
pub(super) fn list(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut samples = Vec::new();
    for path in paths {
        match path.to_str().filter(|text| text.contains(['*', '?', '['])) {
            Some(pattern) if path.symlink_metadata().is_err() => {
                add_matches(pattern, &mut samples)?;
            }
            _ if path.is_dir() => {
                let before = samples.len();
                collect_pictures(path, 0, &mut samples)?;
                check_any(samples.len() > before, path)?;
            }
            _ => add_file(path.clone(), &mut samples),
        }
    }
    ensure_or!(DataSet, !samples.is_empty(), "expected the paths of pictures, found none");
    Ok(samples.into_iter().map(|sample| sample.path).collect())
}

fn add_matches(pattern: &str, samples: &mut Vec<Sample>) -> Result<()> {
    let matches = match glob::glob_with(pattern, OPTIONS) {
        Ok(matches) => matches,
        Err(error) => fault!(
            DataSet,
            "expected a file or a glob pattern at {pattern}, found neither: {} at position {}",
            error.msg,
            error.pos
        ),
    };
    let before = samples.len();
    for path in matches {
        let path = path.with_context(|| format!("cannot read what matches {pattern}"))?;
        match path.is_dir() {
            true => collect_pictures(&path, 0, samples)?,
            false => add_file(path, samples),
        }
    }
    check_any(samples.len() > before, Path::new(pattern))
}

fn add_file(path: PathBuf, samples: &mut Vec<Sample>) {
    samples.push(Sample { path, label: 0 });
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
            list(&paths).map(|paths| {
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
