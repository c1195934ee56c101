//! Folders that petite wrote, which hold no pictures to train on: runs, and what it sorted or drew.

use crate::files::folder_lock;
use crate::files::text_file;
use crate::text::shown::shown;
use anyhow::{Context, Result};
use serde_json::Value;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

/// The file that [`mark`] writes.
const MARKER: &str = ".made-by-petite";

/// Maximum length of a run's `config.json` in bytes, and of a lock.
const MAX_TEXT: u64 = 16 << 20;

/// Whether petite wrote `folder`: a marked one, or a run's, which has settings with petite's version, or
/// in its first seconds the lock of its process.
pub fn is_output(folder: &Path) -> bool {
    let text = |name: &str| -> Option<String> {
        let path = folder.join(name);
        path.metadata().ok().filter(Metadata::is_file)?;
        text_file::read(&path, MAX_TEXT).ok()
    };
    let is_run = |text: String| {
        let json = serde_json::from_str::<Value>(&text).unwrap_or_default();
        json.pointer("/versions/petite").is_some_and(Value::is_string)
    };
    folder.join(MARKER).exists()
        || text("config.json").is_some_and(is_run)
        || text(folder_lock::NAME).is_some_and(|text| text.parse::<u32>().is_ok())
}

/// Marks `folder`, so that it is no class where it lies among class folders. It can still be read as a
/// data set itself.
///
/// # Errors
/// If the file cannot be written.
pub fn mark(folder: &Path) -> Result<()> {
    let path = folder.join(MARKER);
    std::fs::write(&path, "petite passes this folder over in a data set around it.\n")
        .with_context(|| format!("cannot write {}", path.display()))
}

/// What is odd about writing to `to`, the value of `setting`, if that is inside the folder `data` of
/// pictures.
pub fn inside(setting: &str, to: &Path, data: &Path) -> Option<String> {
    let is_inside = data.is_dir() && real(to).starts_with(real(data));
    is_inside.then(|| {
        format!(
            "expected `{setting}` outside of the pictures in {}, found {}, where it may be taken for pictures of the data set; try another `{setting}`",
            shown(data),
            shown(to)
        )
    })
}

/// The path without links, of which the last parts need not exist.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let known = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    let Some((above, real)) = known else { return path };
    path.strip_prefix(above).map_or(path.clone(), |rest| real.join(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_runs_and_marked_folders_from_other_ones() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text, expected) in [
            ("config.json", "{\"versions\": {\"petite\": \"0.1.0\"}}", true),
            ("config.json", "{\"versions\": {\"torch\": \"2.0\"}}", false),
            ("config.json", "no JSON", false),
            (".lock", "1234", true),
            (".lock", "", false),
            ("notes.txt", "1234", false),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
            assert_eq!(is_output(folder.path()), expected, "{name}: {text}");
            std::fs::remove_file(folder.path().join(name)).unwrap();
        }
        mark(folder.path()).unwrap();
        assert!(is_output(folder.path()));
    }

    #[test]
    fn what_is_inside_a_folder_need_not_exist() {
        let folder = tempfile::tempdir().unwrap();
        let (data, link) = (folder.path().join("data"), folder.path().join("link"));
        std::fs::create_dir(&data).unwrap();
        std::os::unix::fs::symlink("data", &link).unwrap();
        let odd = inside("out", &link.join("new/run"), &data).unwrap();
        assert!(odd.starts_with("expected `out` outside of the pictures in "), "{odd}");
        assert_eq!(inside("out", &folder.path().join("data-2/run"), &data), None);
    }
}
