//! The disk cache: a split's pictures, decoded once into a file that later runs read.
//!
//! The file is not trusted: a cached picture is used only if its source file's path, size and times
//! of modification and change match the index and its pixels match the index's checksum. Otherwise it is
//! decoded again.

use super::folder::{Folder, Sample};
use super::pixel_file::{Entry, Index, Stamp, Stored, VERSION, end_of_file, remove_leftovers};
use super::pixels::{Bytes, Pixels, Scratch, Target, pool};
use super::traits::Traits;
use crate::error::BadPicture;
use crate::files::temporary;
use crate::stop::Stop;
use anyhow::{Context, Result};
use rayon::prelude::*;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use twox_hash::XxHash3_64;

/// A split's pixels, in a cache file.
#[derive(Debug)]
pub struct Opened {
    /// The pixels of the good pictures.
    pub pixels: Pixels,
    /// Files that could not be decoded, in the order of the folder's samples.
    pub bad: Vec<BadPicture>,
    /// Number of pictures that were missing from the file and had to be decoded.
    pub decoded: usize,
}

/// Reads the pixels of `folder` from its file in the directory `cache` and decodes the missing ones
/// on `threads` threads (0: one per core). If anything changed, the file is rewritten. `on_done` is
/// called after each decoded picture, from any thread.
///
/// # Errors
/// If the file cannot be written, a thread cannot be started, or a stop was requested.
pub fn open(
    cache: &Path,
    folder: &Folder,
    target: Target,
    threads: usize,
    stop: &Stop,
    on_done: &(dyn Fn() + Sync),
) -> Result<Opened> {
    let cannot_read = || format!("cannot read {}", folder.path.display());
    let root = folder.path.canonicalize().with_context(cannot_read)?;
    let path = cache.join(file_name(&root, &folder.name, target));
    pool(threads)?.install(|| {
        // Taken before a file is read, so that the next run notices a later change.
        let stamp = |sample: &Sample| Stamp::of(&sample.path, &folder.path);
        let stamps = folder.samples.par_iter().map(stamp).collect();
        let split = Split { folder, root, target, stamps, stop, on_done };
        let stored = Stored::open(&path, &split.root, target);
        let slots = match &stored {
            Some(stored) => stored.find(&split.stamps),
            None => vec![None; split.stamps.len()],
        };
        match stored {
            Some(stored) => match split.still_bad(&stored, &slots)? {
                Some(bad) => Ok(split.unchanged(path, stored, bad)),
                None => split.write(&path, &slots, Some(&stored)),
            },
            None => split.write(&path, &slots, None),
        }
    })
}

/// Such as `train-150x150-0123456789abcdef.pixels`: one file per split and target, so that a
/// changed data set replaces its old pixels.
fn file_name(root: &Path, split: &str, target: Target) -> String {
    let Target { height, width, .. } = target;
    let key = format!("{split} {target:?}");
    let key = [root.as_os_str().as_encoded_bytes(), key.as_bytes()].concat();
    format!("{split}-{height}x{width}-{:016x}.pixels", XxHash3_64::oneshot(&key))
}

/// A split in its current state.
struct Split<'a> {
    folder: &'a Folder,
    /// The canonical path of `folder`.
    root: PathBuf,
    target: Target,
    /// One per sample.
    stamps: Vec<Stamp>,
    stop: &'a Stop,
    on_done: &'a (dyn Fn() + Sync),
}

impl Split<'_> {
    /// The bad pictures, if `stored` is up to date: it has exactly the other pictures, in order,
    /// and lists exactly these as bad. They are decoded again, since reading may have failed
    /// temporarily.
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
            self.stop.check()?;
            let path = &self.folder.samples[index].path;
            match scratch.decode(path, self.target, &mut slot) {
                Ok(()) => return Ok(None),
                Err(error) => {
                    bad.push(BadPicture { path: path.clone(), reason: format!("{error:#}") });
                }
            }
        }
        Ok(Some(bad))
    }

    fn unchanged(&self, path: PathBuf, stored: Stored, bad: Vec<BadPicture>) -> Opened {
        let is_bad = |sample: &Sample| bad.iter().any(|bad| bad.path == sample.path);
        let samples = self.folder.samples.iter().filter(|sample| !is_bad(sample));
        let traits = stored.index.entries.iter().map(|entry| entry.traits).collect();
        let bytes = Bytes::File { file: stored.file, path };
        let pixels = self.pixels(samples.cloned().collect(), traits, bytes);
        Opened { pixels, bad, decoded: 0 }
    }

    fn pixels(&self, samples: Vec<Sample>, traits: Vec<Traits>, bytes: Bytes) -> Pixels {
        let classes = self.folder.classes.clone();
        Pixels { target: self.target, bytes, samples, traits, classes }
    }

    /// Writes a new file: pictures with a slot are copied from `stored`, the others decoded. It is
    /// not flushed to disk, since checksums reveal what a power cut damaged.
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
        let file = temporary::file_in(cache, ".pixels").with_context(cannot_write)?;

        let outcomes =
            self.write_pixels(file.as_file(), slots, stored).with_context(cannot_write)?;
        self.stop.check()?;
        let (samples, index, bad) =
            self.close_gaps(file.as_file(), outcomes).with_context(cannot_write)?;
        let length = self.offset(samples.len());
        let end = end_of_file(&index, length).with_context(cannot_write)?;
        file.as_file()
            .set_len(length)
            .and_then(|()| file.as_file().write_all_at(&end, length))
            .with_context(cannot_write)?;
        let file = temporary::persist(file, path).with_context(cannot_write)?;
        let decoded = slots.iter().filter(|slot| slot.is_none()).count();
        let traits = index.entries.iter().map(|entry| entry.traits).collect();
        let bytes = Bytes::File { file, path: path.to_owned() };
        Ok(Opened { pixels: self.pixels(samples, traits, bytes), bad, decoded })
    }

    /// Writes the pixels of every good picture to the slot of its sample. Returns, for each sample,
    /// the pixels' checksum and what decoding noticed, or why the picture is bad.
    fn write_pixels(
        &self,
        file: &File,
        slots: &[Option<usize>],
        stored: Option<&Stored>,
    ) -> std::io::Result<Vec<Result<(u64, Traits), String>>> {
        let write = |(scratch, slot): &mut (Scratch, Vec<u8>), index: usize| {
            let known = slots[index].zip(stored).and_then(|(at, from)| {
                from.picture(at, slot)?;
                Some(from.index.entries[at].traits)
            });
            if known.is_none() {
                let path = &self.folder.samples[index].path;
                let decoded =
                    self.stop.check().and_then(|()| scratch.decode(path, self.target, slot));
                (self.on_done)();
                if let Err(error) = decoded {
                    return Ok(Err(format!("{error:#}")));
                }
            }
            file.write_all_at(slot, self.offset(index))?;
            Ok(Ok((XxHash3_64::oneshot(slot), known.unwrap_or(scratch.traits))))
        };
        let new_buffers = || (Scratch::default(), vec![0; self.target.bytes()]);
        (0..slots.len()).into_par_iter().map_init(new_buffers, write).collect()
    }

    /// Moves pixels to the gaps left by bad pictures. Returns the good samples, the file's index
    /// and the bad pictures.
    fn close_gaps(
        &self,
        file: &File,
        outcomes: Vec<Result<(u64, Traits), String>>,
    ) -> std::io::Result<(Vec<Sample>, Index, Vec<BadPicture>)> {
        let (mut samples, mut entries) = (Vec::new(), Vec::new());
        let (mut bad, mut bad_stamps) = (Vec::new(), Vec::new());
        let mut moved = vec![0; self.target.bytes()];
        for (index, outcome) in outcomes.into_iter().enumerate() {
            let (sample, stamp) = (&self.folder.samples[index], self.stamps[index].clone());
            match outcome {
                Err(reason) => {
                    bad.push(BadPicture { path: sample.path.clone(), reason });
                    bad_stamps.push(stamp);
                }
                Ok((checksum, traits)) => {
                    if samples.len() < index {
                        file.read_exact_at(&mut moved, self.offset(index))?;
                        file.write_all_at(&moved, self.offset(samples.len()))?;
                    }
                    samples.push(sample.clone());
                    entries.push(Entry { stamp, checksum, traits });
                }
            }
        }
        let (target, folder) = (self.target, self.root.clone());
        let index = Index { version: VERSION, target, folder, entries, bad: bad_stamps };
        Ok((samples, index, bad))
    }

    /// The offset of a slot in the file, in bytes.
    fn offset(&self, slot: usize) -> u64 {
        (slot * self.target.bytes()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::synthetic::synthesize;
    use crate::pictures::pixels::decode_all;

    const TARGET: Target = Target::rgb(20, 30);

    fn folder(path: &Path) -> Folder {
        for class in ["a", "b"] {
            synthesize(&path.join(class), 4, 1, &crate::stop::Stop::default()).unwrap();
        }
        Folder::read(path).unwrap().0
    }

    #[test]
    fn concurrent_runs_do_not_interfere() {
        let workspace = tempfile::tempdir().unwrap();
        let (folder, cache) = (folder(workspace.path()), workspace.path().join("cache"));
        let (expected, _) = decode_all(&folder, TARGET, 1, &Stop::default(), &|| ()).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..4 {
                        let opened =
                            open(&cache, &folder, TARGET, 1, &Stop::default(), &|| ()).unwrap();
                        let found = opened.pixels.pictures().map(Result::unwrap);
                        assert!(found.eq(expected.pictures().map(Result::unwrap)));
                    }
                });
            }
        });
        assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
    }

    #[test]
    fn pixels_of_deleted_folders_are_removed() {
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
