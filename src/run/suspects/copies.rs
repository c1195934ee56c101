//! The near copies in a set of pictures: found once, then kept on disk.

use crate::dataset::near_copies;
use crate::files::user_folders;
use crate::pictures::folder::Folder;
use crate::pictures::pixel_file::Stamp;
use crate::run::activity::{Activity, Counter};
use crate::run::data::kept::Kept;
use crate::run::events::Events;
use crate::stop::Stop;
use anyhow::Result;
use std::hash::Hasher;
use std::path::Path;
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
    let file = file(&user_folders::cache().join("copies"), folder);
    if let Some(first) = read(&file, folder.samples.len()) {
        return Ok(first);
    }
    let counter = Counter::new(Activity::Comparing, folder.samples.len(), events);
    let groups = near_copies::group(&folder.samples, threads, stop, &|| counter.add(1))?;
    // The features are kept in the same cache, and their warning says if that is impossible.
    let _ = write(&file, &groups.first);
    Ok(groups.first)
}

/// The file of the groups, valid for one state of the pictures' files. There is one per folder, so a new
/// state replaces the old one.
fn file(cache: &Path, folder: &Folder) -> Kept {
    let path = folder.path.canonicalize().unwrap_or_else(|_| folder.path.clone());
    let name = XxHash3_64::oneshot(path.as_os_str().as_encoded_bytes());
    let mut hasher = XxHash3_64::new();
    hasher.write(VERSION);
    for sample in &folder.samples {
        hasher.write(format!("{:?}", Stamp::of(&sample.path, &folder.path)).as_bytes());
    }
    Kept::new(cache, &format!("{}-{name:016x}", folder.name), hasher.finish())
}

/// The groups of `pictures` pictures, if the file has them.
fn read(file: &Kept, pictures: usize) -> Option<Vec<usize>> {
    let first = Vec::<i64>::try_from(file.read()?.get("first")?).ok()?;
    let first: Vec<usize> = first.into_iter().map(|index| index as usize).collect();
    let whole = first.len() == pictures && first.iter().all(|&index| index < pictures);
    whole.then_some(first)
}

fn write(file: &Kept, first: &[usize]) -> Result<()> {
    let first: Vec<i64> = first.iter().map(|&index| index as i64).collect();
    file.write(&[("first", &Tensor::f_from_slice(&first)?)])
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
        let cache = workspace.path().join("cache");
        let before = file(&cache, &folder);
        assert_eq!(read(&before, 3), None);
        write(&before, &[0, 1, 0]).unwrap();
        assert_eq!(read(&before, 3), Some(vec![0, 1, 0]));
        assert_eq!(read(&before, 2), None);
        std::fs::write(workspace.path().join("b"), "changed").unwrap();
        let changed = file(&cache, &folder);
        assert_eq!(read(&changed, 3), None);
        write(&changed, &[0, 1, 2]).unwrap();
        assert_eq!((read(&before, 3), std::fs::read_dir(&cache).unwrap().count()), (None, 1));
    }
}
