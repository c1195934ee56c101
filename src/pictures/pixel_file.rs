//! The file format of the disk cache, validation of existing files, and removal of stale ones.
//!
//! A file is the pixels of every good picture, an index in JSON, and a trailer of 40 bytes: the
//! lengths of pixels and index and the index's XXH3 checksum (u64, little-endian), and `MAGIC`.

use super::pixels::Target;
use super::traits::Traits;
use crate::files::input_file;
use crate::files::temporary::sweep;
use anyhow::Result;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use twox_hash::XxHash3_64;

/// The last bytes of every file.
const MAGIC: &[u8; 16] = b"petite pictures\n";

/// Must be raised whenever the format changes or the same picture gives different pixels.
pub(super) const VERSION: u32 = 4;

/// Lengths of pixels and index, checksum of the index, magic.
const TRAILER: usize = 8 + 8 + 8 + MAGIC.len();

/// Longest index in bytes, some million pictures.
const LONGEST_INDEX: u64 = 1 << 30;

/// Identifies one version of a picture file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The path relative to the split's folder.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Modification time: seconds since 1970, and nanoseconds.
    pub mtime: (i64, i64),
    /// Time of the last change of the contents or the file's other properties, which programs
    /// cannot set. 0 in files of earlier versions.
    #[serde(default)]
    pub ctime: (i64, i64),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub stamp: Stamp,
    /// XXH3 of the pixels.
    pub checksum: u64,
    /// What decoding noticed.
    #[serde(default, skip_serializing_if = "Traits::is_plain")]
    pub traits: Traits,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Index {
    pub version: u32,
    pub target: Target,
    /// The canonical path of the split's folder.
    pub folder: PathBuf,
    /// The good pictures, in the order of their pixels.
    pub entries: Vec<Entry>,
    /// Files that could not be decoded.
    pub bad: Vec<Stamp>,
}

impl Stamp {
    /// The stamp of the file `path` inside `folder`. Size and times are 0 if it cannot be read.
    pub fn of(path: &Path, folder: &Path) -> Self {
        let inside = path.strip_prefix(folder).unwrap_or(path).to_owned();
        match path.metadata() {
            Ok(found) => Self {
                path: inside,
                size: found.size(),
                mtime: (found.mtime(), found.mtime_nsec()),
                ctime: (found.ctime(), found.ctime_nsec()),
            },
            Err(_) => Self { path: inside, ..Self::default() },
        }
    }

    /// Everything but the path: whether a file is the same version as another of its name.
    pub fn state(&self) -> Self {
        Self { path: PathBuf::new(), ..self.clone() }
    }
}

/// A cache file whose index is valid; pixels are verified by [`find`](Self::find).
pub(super) struct Stored {
    pub index: Index,
    pub file: File,
}

impl Stored {
    /// The file at `path`, if it is valid and of this version, `folder` and `target`.
    pub fn open(path: &Path, folder: &Path, target: Target) -> Option<Self> {
        Self::read(path).filter(|Self { index, .. }| {
            index.version == VERSION && index.target == target && index.folder == folder
        })
    }

    /// The file at `path`, if it is valid.
    pub fn read(path: &Path) -> Option<Self> {
        let file = input_file::open(path).ok()?;
        let end = file.metadata().ok()?.len().checked_sub(TRAILER as u64)?;
        let mut trailer = [0; TRAILER];
        file.read_exact_at(&mut trailer, end).ok()?;
        let number = |at: usize| Some(u64::from_le_bytes(*trailer.get(at..)?.first_chunk()?));
        let (pixels, length) = (number(0)?, number(8)?);
        let is_whole = trailer.ends_with(MAGIC)
            && length <= LONGEST_INDEX
            && pixels.checked_add(length) == Some(end);
        let mut index = vec![0; is_whole.then_some(length as usize)?];
        file.read_exact_at(&mut index, pixels).ok()?;
        let is_same = number(16)? == XxHash3_64::oneshot(&index);
        let index: Index = is_same.then(|| serde_json::from_slice(&index).ok())??;
        let Target { height, width, color_mode, .. } = index.target;
        // What a file claims may overflow `Target::bytes`.
        let stride = height.checked_mul(width)?.checked_mul(color_mode.channels())?;
        let expected = index.entries.len().checked_mul(stride)?;
        (pixels == expected as u64).then_some(Self { index, file })
    }

    /// Reads the pixels of a slot into `to`, which is as long, if they are undamaged.
    pub fn picture(&self, slot: usize, to: &mut [u8]) -> Option<()> {
        self.file.read_exact_at(to, (slot * to.len()) as u64).ok()?;
        (XxHash3_64::oneshot(to) == self.index.entries.get(slot)?.checksum).then_some(())
    }

    /// The slot of each stamp's pixels, if present and undamaged.
    pub fn find(&self, stamps: &[Stamp]) -> Vec<Option<usize>> {
        let entries = self.index.entries.iter().enumerate();
        let by_path: HashMap<&Path, (usize, &Entry)> =
            entries.map(|(slot, entry)| (entry.stamp.path.as_path(), (slot, entry))).collect();
        let slot_of = |pixels: &mut Vec<u8>, stamp: &Stamp| {
            let (slot, entry) = by_path.get(stamp.path.as_path())?;
            let is_same = entry.stamp == *stamp && self.picture(*slot, pixels).is_some();
            is_same.then_some(*slot)
        };
        let new_buffer = || vec![0; self.index.target.bytes()];
        stamps.par_iter().map_init(new_buffer, slot_of).collect()
    }
}

/// Index and trailer of a file with `pixels` bytes of pixels.
pub(super) fn end_of_file(index: &Index, pixels: u64) -> Result<Vec<u8>> {
    let mut end = serde_json::to_vec(index)?;
    let (length, checksum) = (end.len() as u64, XxHash3_64::oneshot(&end));
    for number in [pixels, length, checksum] {
        end.extend(number.to_le_bytes());
    }
    end.extend(MAGIC);
    Ok(end)
}

/// Removes pixels of deleted folders and of other versions, and what dead processes left, so that
/// the cache does not grow forever. Failures are ignored.
pub(super) fn remove_leftovers(cache: &Path) {
    sweep(cache);
    for entry in std::fs::read_dir(cache).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_of_no_use = Stored::read(&path)
            .is_some_and(|Stored { index, .. }| index.version != VERSION || !index.folder.exists());
        if is_of_no_use {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::aspect::{Fitter, Resize};
    use crate::pictures::decode::decode;
    use crate::pictures::orientation::ExifOrientation;
    use crate::pictures::picture::ColorMode;
    use crate::pictures::resize::{Interpolation, resize};

    const JPEGS: [&str; 6] =
        ["chroma-full", "chroma-halved", "progressive", "grey", "cmyk", "rotated"];

    /// JPEGs, and a picture of every other format.
    fn pictures() -> Vec<Vec<u8>> {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pillow");
        let read = |name: &str| std::fs::read(golden.join(name)).unwrap();
        let mut files: Vec<_> = JPEGS.iter().map(|name| read(&format!("{name}.jpg"))).collect();
        let cases: Vec<serde_json::Value> = serde_json::from_slice(&read("formats.json")).unwrap();
        for name in
            ["png-rgb16-alpha", "webp-lossy", "bmp-rgb565", "tiff-cmyk", "gif-inside-transparent"]
        {
            let case = cases.iter().find(|case| case["name"] == name).unwrap();
            let (digits, _) = case["file"].as_str().unwrap().as_bytes().as_chunks::<2>();
            let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
            files.push(digits.iter().map(|pair| byte(pair)).collect());
        }
        files
    }

    /// If decoding or resizing gives different pixels, this fails: raise [`VERSION`], or cached
    /// pixels of the old version stay in use.
    #[test]
    fn the_version_identifies_these_pixels() {
        use Interpolation::{Bicubic, Bilinear, Nearest};
        let (mut pixels, mut fitter) = (Vec::new(), Fitter::default());
        for file in pictures() {
            for color_mode in [ColorMode::Rgb, ColorMode::Grayscale] {
                let picture = decode(&file, color_mode, ExifOrientation::Apply).unwrap();
                for interpolation in [Nearest, Bilinear, Bicubic] {
                    for resize in [Resize::Stretch, Resize::Crop, Resize::Pad] {
                        let mut out = vec![0; 20 * 30 * color_mode.channels()];
                        fitter.fit(&picture, (20, 30), resize, interpolation, &mut out);
                        pixels.extend(out);
                    }
                }
            }
        }
        assert_eq!((VERSION, XxHash3_64::oneshot(&pixels)), (4, 10_894_420_422_781_076_143));
    }

    /// Raising the version for other formats must not hide a change of JPEGs' pixels, with which
    /// runs reproduce those of earlier versions.
    #[test]
    fn jpegs_give_the_pixels_of_version_1() {
        let mut pixels = Vec::new();
        for file in &pictures()[..JPEGS.len()] {
            for color_mode in [ColorMode::Rgb, ColorMode::Grayscale] {
                let picture = decode(file, color_mode, ExifOrientation::Ignore).unwrap();
                for interpolation in [Interpolation::Nearest, Interpolation::Bilinear] {
                    let mut out = vec![0; 20 * 30 * color_mode.channels()];
                    resize(&picture, 20, 30, interpolation, &mut out);
                    pixels.extend(out);
                }
            }
        }
        assert_eq!(XxHash3_64::oneshot(&pixels), 14_313_121_175_570_723_430);
    }

    #[test]
    fn files_of_another_version_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        // Of version 1, whose targets lack the later settings.
        let target = r#"{"height":2,"width":2,"color_mode":"rgb","interpolation":"nearest"}"#;
        let index = format!(
            r#"{{"version":1,"target":{target},"folder":{:?},"entries":[],"bad":[]}}"#,
            folder.path()
        );
        let index: Index = serde_json::from_str(&index).unwrap();
        let write = |name: &str, index: &Index| {
            std::fs::write(folder.path().join(name), end_of_file(index, 0).unwrap()).unwrap();
        };
        write("old.pixels", &index);
        write("current.pixels", &Index { version: VERSION, ..index });
        remove_leftovers(folder.path());
        let left: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["current.pixels"]);
    }
}
