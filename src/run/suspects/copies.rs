//! The near copies in a set of pictures: found once, then kept on disk.

use crate::dataset::near_copies;
use crate::files::user_folders;
use crate::pictures::folder::Folder;
use crate::pictures::pixel_file::Stamp;
use crate::run::activity::{Activity, Counter};
use crate::run::events::Events;
use crate::stop::Stop;
use crate::weights::{self, Metadata};
use anyhow::Result;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use tch::Tensor;
use twox_hash::XxHash3_64;

/// Part of every key. Must be raised when [`near_copies::group`] groups other pictures.
const VERSION: &[u8] = b"2";

/// For each picture of `folder`, the index of the first picture of its group of near copies. Read
/// from the cache if they were found before in the same files.
///
/// # Errors
/// As [`near_copies::group`].
pub(crate) fn find(
    folder: &Folder,
    threads: usize,
    stop: &Stop,
    events: &mut dyn Events,
) -> Result<Vec<usize>> {
    let file = CopiesFile::new(&user_folders::cache().join("copies"), folder);
    if let Some(first) = file.read(folder.samples.len()) {
        return Ok(first);
    }
    let counter = Counter::new(Activity::Comparing, folder.samples.len(), events);
    let groups = near_copies::group(&folder.samples, threads, stop, &|| counter.add(1))?;
    // The features are kept in the same cache, and their warning says if that is impossible.
    let _ = file.write(&groups.first);
    Ok(groups.first)
}

/// The groups of a folder's pictures on disk, valid for one state of their files.
struct CopiesFile {
    path: PathBuf,
    /// Hash of the state, in hexadecimal.
    key: String,
}

impl CopiesFile {
    /// There is one file per folder, so a new state replaces the old one.
    fn new(cache: &Path, folder: &Folder) -> Self {
        let path = folder.path.canonicalize().unwrap_or_else(|_| folder.path.clone());
        let name = XxHash3_64::oneshot(path.as_os_str().as_encoded_bytes());
        let mut hasher = XxHash3_64::new();
        hasher.write(VERSION);
        for sample in &folder.samples {
            hasher.write(format!("{:?}", Stamp::of(&sample.path, &folder.path)).as_bytes());
        }
        let path = cache.join(format!("{}-{name:016x}.safetensors", folder.name));
        Self { path, key: format!("{:016x}", hasher.finish()) }
    }

    /// The groups of `pictures` pictures, if the file exists, is intact and has the current state.
    fn read(&self, pictures: usize) -> Option<Vec<usize>> {
        let (tensors, metadata) = weights::load(&self.path).ok()?;
        let (_, first) = tensors.iter().find(|(name, _)| name == "first")?;
        let first = Vec::<i64>::try_from(first).ok()?;
        let first: Vec<usize> = first.into_iter().map(|index| index as usize).collect();
        let whole = metadata.get("key") == Some(&self.key)
            && first.len() == pictures
            && first.iter().all(|&index| index < pictures);
        whole.then_some(first)
    }

    fn write(&self, first: &[usize]) -> Result<()> {
        std::fs::create_dir_all(self.path.parent().unwrap_or(Path::new(".")))?;
        let first: Vec<i64> = first.iter().map(|&index| index as i64).collect();
        let tensors = [("first".to_owned(), Tensor::f_from_slice(&first)?)];
        let metadata = Metadata::from([("key".to_owned(), self.key.clone())]);
        weights::save_safetensors(&self.path, &tensors, metadata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::folder::Sample;

    #[test]
    fn a_changed_file_makes_the_groups_invalid() {
        let workspace = tempfile::tempdir().unwrap();
        let path = workspace.path().to_owned();
        let picture = |name: &str| {
            std::fs::write(path.join(name), name).unwrap();
            Sample { path: path.join(name), label: 0 }
        };
        let samples = vec![picture("a"), picture("b"), picture("c")];
        let folder = Folder { path, name: "all".to_owned(), classes: Vec::new(), samples };
        let file = CopiesFile::new(&workspace.path().join("cache"), &folder);
        assert_eq!(file.read(3), None);
        file.write(&[0, 1, 0]).unwrap();
        assert_eq!(file.read(3), Some(vec![0, 1, 0]));
        assert_eq!(file.read(2), None);
        std::fs::write(workspace.path().join("b"), "changed").unwrap();
        let changed = CopiesFile::new(&workspace.path().join("cache"), &folder);
        assert_eq!((changed.path.clone(), changed.read(3)), (file.path, None));
    }
}
