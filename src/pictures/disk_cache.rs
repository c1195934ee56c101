//! The pictures of a split, decoded once into a file that later runs map into memory.
//!
//! Nothing in it is trusted: a picture is taken only if path, size and time of its file are those of
//! the index and its pixels have the index's checksum; else it is decoded again.

use super::folder::{Folder, Sample};
use super::pixel_file::{Entry, Index, Stamp, Stored, VERSION, end_of_file, map};
use super::pixels::{Bytes, Pixels, Scratch, Target, pool};
use crate::error::BadPicture;
use crate::stop::Stop;
use anyhow::{Context, Result};
use memmap2::Mmap;
use rayon::prelude::*;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use twox_hash::XxHash3_64;

/// How files that are being written are named; those of killed runs are removed after a while.
const TEMPORARY: &str = ".petite-";
const TEMPORARY_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// A split's pixels out of such a file.
#[derive(Debug)]
pub struct Opened {
    pub pixels: Pixels,
    pub bad: Vec<BadPicture>,
    /// Pictures that had to be decoded.
    pub decoded: usize,
}

/// The pixels of `folder` from its file in `cache`, decoding what is missing there. The file is
/// written anew if anything changed. `on_done` is called after each picture.
///
/// # Errors
/// If the file cannot be written, no thread can be started, or Ctrl-C was pressed.
pub fn open(
    cache: &Path,
    folder: &Folder,
    target: Target,
    threads: usize,
    stop: &Stop,
    on_done: &(dyn Fn() + Sync),
) -> Result<Opened> {
    let cannot_read = || format!("cannot read {}", folder.path.display());
    let place = folder.path.canonicalize().with_context(cannot_read)?;
    let path = cache.join(file_name(&place, target));
    pool(threads)?.install(|| {
        // A file's state is taken before it is read: a later change shows in the next run.
        let stamp = |sample: &Sample| Stamp::of(&sample.path, &folder.path);
        let stamps = folder.samples.par_iter().map(stamp).collect();
        let split = Split { folder, place, target, stamps, stop, on_done };
        let stored = Stored::open(&path, &split.place, target);
        let slots = match &stored {
            Some(stored) => stored.find(&split.stamps),
            None => vec![None; split.stamps.len()],
        };
        match stored {
            Some(stored) => match split.still_bad(&stored, &slots)? {
                Some(bad) => Ok(split.unchanged(stored, bad)),
                None => split.write(&path, &slots, Some(&stored)),
            },
            None => split.write(&path, &slots, None),
        }
    })
}

/// `train-150x150-0123456789abcdef.pixels`: one file a folder and target, so that a changed data set
/// replaces its old pixels.
fn file_name(place: &Path, target: Target) -> String {
    let split = place.file_name().unwrap_or_default().to_string_lossy();
    let Target { height, width, .. } = target;
    let name = [place.as_os_str().as_encoded_bytes(), format!("{target:?}").as_bytes()].concat();
    format!("{split}-{height}x{width}-{:016x}.pixels", XxHash3_64::oneshot(&name))
}

/// A split as it is now.
struct Split<'a> {
    folder: &'a Folder,
    place: PathBuf,
    target: Target,
    /// Of each sample.
    stamps: Vec<Stamp>,
    stop: &'a Stop,
    on_done: &'a (dyn Fn() + Sync),
}

impl Split<'_> {
    /// The bad pictures, if `stored` holds all others, in their order, and the bad ones are those it
    /// knows. They are tried again: perhaps they could not be read then.
    fn still_bad(
        &self,
        stored: &Stored,
        slots: &[Option<usize>],
    ) -> Result<Option<Vec<BadPicture>>> {
        let missing: Vec<usize> = (0..slots.len()).filter(|&i| slots[i].is_none()).collect();
        if !slots.iter().flatten().copied().eq(0..stored.index.entries.len())
            || !missing.iter().map(|&i| &self.stamps[i]).eq(&stored.index.bad)
        {
            return Ok(None);
        }
        let (mut scratch, mut slot) = (Scratch::default(), vec![0; self.target.bytes()]);
        let mut bad = Vec::with_capacity(missing.len());
        for index in missing {
            let path = &self.folder.samples[index].path;
            match scratch.decode(path, self.target, &mut slot) {
                Ok(()) => return Ok(None),
                Err(error) => {
                    bad.push(BadPicture { path: path.clone(), reason: format!("{error:#}") });
                }
            }
        }
        self.stop.check()?;
        Ok(Some(bad))
    }

    fn unchanged(&self, stored: Stored, bad: Vec<BadPicture>) -> Opened {
        let is_bad = |sample: &Sample| bad.iter().any(|bad| bad.path == sample.path);
        let samples = self.folder.samples.iter().filter(|sample| !is_bad(sample));
        Opened { pixels: self.pixels(samples.cloned().collect(), stored.map), bad, decoded: 0 }
    }

    fn pixels(&self, samples: Vec<Sample>, map: Mmap) -> Pixels {
        let classes = self.folder.classes.clone();
        Pixels { target: self.target, bytes: Bytes::Mapped(map), samples, classes }
    }

    /// Writes the file, with the pixels that are in `slots` of `stored`, and the others decoded.
    /// It is not flushed to disk: what a power cut leaves of it has wrong checksums.
    fn write(
        &self,
        path: &Path,
        slots: &[Option<usize>],
        stored: Option<&Stored>,
    ) -> Result<Opened> {
        let cannot_write = || format!("cannot write {}", path.display());
        let cache = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(cache).with_context(cannot_write)?;
        remove_leftovers(cache);
        let file = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .suffix(".pixels")
            .permissions(PermissionsExt::from_mode(0o666))
            .tempfile_in(cache)
            .with_context(cannot_write)?;

        let stride = self.target.bytes();
        let at = |slot: usize| (slot * stride) as u64;
        let outcomes: Vec<Result<u64, String>> = (0..slots.len())
            .into_par_iter()
            .map_init(
                || (Scratch::default(), vec![0; stride]),
                |(scratch, slot), index| {
                    let pixels = match (slots[index], stored) {
                        (Some(slot), Some(stored)) => stored.picture(slot),
                        _ => {
                            let path = &self.folder.samples[index].path;
                            let decoded = self
                                .stop
                                .check()
                                .and_then(|()| scratch.decode(path, self.target, slot));
                            (self.on_done)();
                            if let Err(error) = decoded {
                                return Ok(Err(format!("{error:#}")));
                            }
                            slot
                        }
                    };
                    file.as_file().write_all_at(pixels, at(index))?;
                    Ok(Ok(XxHash3_64::oneshot(pixels)))
                },
            )
            .collect::<std::io::Result<_>>()
            .with_context(cannot_write)?;
        self.stop.check()?;

        let (mut samples, mut entries) = (Vec::new(), Vec::new());
        let (mut bad, mut bad_stamps) = (Vec::new(), Vec::new());
        let mut moved = vec![0; stride];
        for (index, outcome) in outcomes.into_iter().enumerate() {
            let (sample, stamp) = (&self.folder.samples[index], self.stamps[index].clone());
            match outcome {
                Err(reason) => {
                    bad.push(BadPicture { path: sample.path.clone(), reason });
                    bad_stamps.push(stamp);
                }
                Ok(checksum) => {
                    // Close the gaps that bad pictures leave.
                    if samples.len() < index {
                        file.as_file()
                            .read_exact_at(&mut moved, at(index))
                            .and_then(|()| file.as_file().write_all_at(&moved, at(samples.len())))
                            .with_context(cannot_write)?;
                    }
                    samples.push(sample.clone());
                    entries.push(Entry { stamp, checksum });
                }
            }
        }
        let (target, folder) = (self.target, self.place.clone());
        let index = Index { version: VERSION, target, folder, entries, bad: bad_stamps };
        let end = end_of_file(&index, at(samples.len())).with_context(cannot_write)?;
        file.as_file()
            .set_len(at(samples.len()))
            .and_then(|()| file.as_file().write_all_at(&end, at(samples.len())))
            .with_context(cannot_write)?;
        let file = file.persist(path).with_context(cannot_write)?;
        let map = map(&file).with_context(|| format!("cannot map {}", path.display()))?;
        let decoded = slots.iter().filter(|slot| slot.is_none()).count();
        Ok(Opened { pixels: self.pixels(samples, map), bad, decoded })
    }
}

/// Removes the pixels of folders that are gone, and what killed runs left, so that the cache does
/// not grow for ever. What cannot be removed stays.
fn remove_leftovers(cache: &Path) {
    for entry in std::fs::read_dir(cache).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_left = if entry.file_name().as_encoded_bytes().starts_with(TEMPORARY.as_bytes()) {
            let age = entry.metadata().and_then(|found| found.modified()).map(|m| m.elapsed());
            matches!(age, Ok(Ok(age)) if age > TEMPORARY_KEPT)
        } else {
            Stored::read(&path).is_some_and(|stored| !stored.index.folder.exists())
        };
        if is_left {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::synthetic::synthesize;
    use crate::pictures::decode::ColorMode;
    use crate::pictures::pixels::decode_all;
    use crate::pictures::resize::Interpolation;

    const TARGET: Target = Target {
        height: 20,
        width: 30,
        color_mode: ColorMode::Rgb,
        interpolation: Interpolation::Nearest,
    };

    fn folder(path: &Path) -> Folder {
        for class in ["a", "b"] {
            synthesize(&path.join(class), 4, 1, &crate::stop::Stop::default()).unwrap();
        }
        Folder::read(path).unwrap()
    }

    #[test]
    fn two_runs_at_once_do_not_harm_each_other() {
        let workspace = tempfile::tempdir().unwrap();
        let (folder, cache) = (folder(workspace.path()), workspace.path().join("cache"));
        let (expected, _) = decode_all(&folder, TARGET, 1, &Stop::default(), &|| ()).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..4 {
                        let opened =
                            open(&cache, &folder, TARGET, 1, &Stop::default(), &|| ()).unwrap();
                        assert!(opened.pixels.pictures().eq(expected.pictures()));
                    }
                });
            }
        });
        assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
    }

    #[test]
    fn pixels_of_folders_that_are_gone_are_removed() {
        let workspace = tempfile::tempdir().unwrap();
        let cache = workspace.path().join("cache");
        let [old, new] = ["old", "new"].map(|name| folder(&workspace.path().join(name)));
        open(&cache, &old, TARGET, 1, &Stop::default(), &|| ()).unwrap();
        std::fs::write(cache.join("notes.txt"), "not ours").unwrap();
        std::fs::remove_dir_all(&old.path).unwrap();
        open(&cache, &new, TARGET, 1, &Stop::default(), &|| ()).unwrap();
        let mut names: Vec<_> =
            std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names[0].to_string_lossy().starts_with("new-20x30-"), "{names:?}");
    }
}
