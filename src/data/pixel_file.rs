//! A file of decoded pictures that later runs map into memory.
//!
//! It holds the pixels of every good picture, then an index in JSON, then 40 bytes: the lengths of
//! pixels and index, the index's checksum, and [`MAGIC`]. Nothing in it is trusted: a picture is
//! taken only if path, size and time of its file are those of the index and its pixels have the
//! index's checksum; else it is decoded again.

use super::cache::{BadPicture, Bytes, Pixels, Scratch, Target, pool};
use super::folder::{Folder, Sample};
use crate::interrupt;
use anyhow::{Context, Result};
use memmap2::Mmap;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use twox_hash::XxHash3_64;

/// The end of every such file.
const MAGIC: &[u8; 16] = b"petite pictures\n";

/// To be raised whenever the same JPEG gives other pixels, or the format changes.
const VERSION: u32 = 1;

/// Lengths of pixels and index, checksum of the index, magic.
const TRAILER: usize = 8 + 8 + 8 + MAGIC.len();

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

/// What tells one state of a picture's file from another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    /// Inside the split's folder.
    path: PathBuf,
    size: u64,
    /// Time of the last change: seconds since 1970, and nanoseconds.
    mtime: (i64, i64),
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    stamp: Stamp,
    /// XXH3 of the pixels.
    checksum: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Index {
    version: u32,
    target: Target,
    /// The split's folder, without links.
    folder: PathBuf,
    /// The good pictures, in the order of their pixels.
    entries: Vec<Entry>,
    /// Files that were no good.
    bad: Vec<Stamp>,
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
    on_done: &(dyn Fn() + Sync),
) -> Result<Opened> {
    let cannot_read = || format!("cannot read {}", folder.path.display());
    let place = folder.path.canonicalize().with_context(cannot_read)?;
    let path = cache.join(file_name(&place, target));
    pool(threads)?.install(|| {
        // A file's state is taken before it is read: a later change shows in the next run.
        let stamp = |sample: &Sample| stamp(&sample.path, &folder.path);
        let stamps = folder.samples.par_iter().map(stamp).collect();
        let split = Split { folder, place, target, stamps, on_done };
        let stored = Stored::open(&path, &split);
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

/// The state of the file at `path`; one that cannot be read has that of no good file.
fn stamp(path: &Path, folder: &Path) -> Stamp {
    let inside = path.strip_prefix(folder).unwrap_or(path).to_owned();
    match path.metadata() {
        Ok(found) => {
            Stamp { path: inside, size: found.size(), mtime: (found.mtime(), found.mtime_nsec()) }
        }
        Err(_) => Stamp { path: inside, ..Stamp::default() },
    }
}

/// `train-150x150-0123456789abcdef.pixels`: one file a folder and target, so that a changed data set
/// replaces its old pixels.
fn file_name(place: &Path, target: Target) -> String {
    let split = place.file_name().unwrap_or_default().to_string_lossy();
    let Target { height, width, .. } = target;
    let name = [place.as_os_str().as_encoded_bytes(), format!("{target:?}").as_bytes()].concat();
    format!("{split}-{height}x{width}-{:016x}.pixels", XxHash3_64::oneshot(&name))
}

/// A file that is there, and whole as far as its index goes.
struct Stored {
    index: Index,
    map: Mmap,
}

impl Stored {
    /// The file at `path`, if it is one of `split`'s.
    fn open(path: &Path, split: &Split) -> Option<Self> {
        let stored = Self::read(path)?;
        let Index { version, target, folder, entries, .. } = &stored.index;
        let pixels = entries.len().checked_mul(target.bytes())?;
        let is_its = *version == VERSION && *target == split.target && *folder == split.place;
        (is_its && stored.map.get(..pixels).is_some()).then_some(stored)
    }

    /// The file at `path`, of whichever split.
    fn read(path: &Path) -> Option<Self> {
        let map = map(&File::open(path).ok()?).ok()?;
        let (rest, trailer) = map.split_last_chunk::<TRAILER>()?;
        let number = |at: usize| Some(u64::from_le_bytes(*trailer.get(at..)?.first_chunk()?));
        let (pixels, index) = rest.split_at_checked(usize::try_from(number(0)?).ok()?)?;
        let is_whole = trailer.ends_with(MAGIC)
            && number(8)? == index.len() as u64
            && number(16)? == XxHash3_64::oneshot(index);
        let index: Index = is_whole.then(|| serde_json::from_slice(index).ok())??;
        let expected = index.entries.len().checked_mul(index.target.bytes())?;
        (pixels.len() == expected).then_some(Self { index, map })
    }

    fn picture(&self, slot: usize) -> &[u8] {
        let stride = self.index.target.bytes();
        &self.map[slot * stride..][..stride]
    }

    /// Where the pixels of each file of `stamps` are, if they are there and undamaged.
    fn find(&self, stamps: &[Stamp]) -> Vec<Option<usize>> {
        let entries = self.index.entries.iter().enumerate();
        let by_path: HashMap<&Path, (usize, &Entry)> =
            entries.map(|(slot, entry)| (entry.stamp.path.as_path(), (slot, entry))).collect();
        let slot_of = |stamp: &Stamp| {
            let (slot, entry) = by_path.get(stamp.path.as_path())?;
            let is_same =
                entry.stamp == *stamp && XxHash3_64::oneshot(self.picture(*slot)) == entry.checksum;
            is_same.then_some(*slot)
        };
        stamps.par_iter().map(slot_of).collect()
    }
}

/// A split as it is now.
struct Split<'a> {
    folder: &'a Folder,
    place: PathBuf,
    target: Target,
    /// Of each sample.
    stamps: Vec<Stamp>,
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
        interrupt::check()?;
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
                            let decoded = scratch.decode(path, self.target, slot);
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
        interrupt::check()?;

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

/// What follows `pixels` bytes of pixels.
fn end_of_file(index: &Index, pixels: u64) -> Result<Vec<u8>> {
    let mut end = serde_json::to_vec(index)?;
    let (length, checksum) = (end.len() as u64, XxHash3_64::oneshot(&end));
    for number in [pixels, length, checksum] {
        end.extend(number.to_le_bytes());
    }
    end.extend(MAGIC);
    Ok(end)
}

fn map(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: such files are never written in place: a new one is renamed over the old, whose pages
    // stay as they are as long as they are mapped.
    unsafe { Mmap::map(file) }
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
    use crate::data::cache::decode_all;
    use crate::data::decode::{ColorMode, decode};
    use crate::data::resize::{Interpolation, resize};
    use crate::data::synthetic::synthesize;

    const TARGET: Target = Target {
        height: 20,
        width: 30,
        color_mode: ColorMode::Rgb,
        interpolation: Interpolation::Nearest,
    };

    fn folder(path: &Path) -> Folder {
        for class in ["a", "b"] {
            synthesize(&path.join(class), 4, 1).unwrap();
        }
        Folder::read(path).unwrap()
    }

    #[test]
    fn two_runs_at_once_do_not_harm_each_other() {
        let workspace = tempfile::tempdir().unwrap();
        let (folder, cache) = (folder(workspace.path()), workspace.path().join("cache"));
        let (expected, _) = decode_all(&folder, TARGET, 1, &|| ()).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..4 {
                        let opened = open(&cache, &folder, TARGET, 1, &|| ()).unwrap();
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
        open(&cache, &old, TARGET, 1, &|| ()).unwrap();
        std::fs::write(cache.join("notes.txt"), "not ours").unwrap();
        std::fs::remove_dir_all(&old.path).unwrap();
        open(&cache, &new, TARGET, 1, &|| ()).unwrap();
        let mut names: Vec<_> =
            std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names[0].to_string_lossy().starts_with("new-20x30-"), "{names:?}");
    }

    /// Where this fails because a decoder or resizing gives other pixels, raise [`VERSION`], or
    /// stored pixels of the old kind are trained on.
    #[test]
    fn the_version_stands_for_these_pixels() {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pillow");
        let mut pixels = Vec::new();
        for name in ["chroma-full", "chroma-halved", "progressive", "grey", "cmyk", "rotated"] {
            let bytes = std::fs::read(golden.join(format!("{name}.jpg"))).unwrap();
            for color_mode in [ColorMode::Rgb, ColorMode::Grayscale] {
                let picture = decode(&bytes, color_mode).unwrap();
                for interpolation in [Interpolation::Nearest, Interpolation::Bilinear] {
                    let mut out = vec![0; 20 * 30 * color_mode.channels()];
                    resize(&picture, 20, 30, interpolation, &mut out);
                    pixels.extend(out);
                }
            }
        }
        assert_eq!((VERSION, XxHash3_64::oneshot(&pixels)), (1, 14_313_121_175_570_723_430));
    }
}
