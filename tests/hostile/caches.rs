//! Files of cached pixels: what is not the pictures' is decoded again.

use crate::damage::{cuts, flips};
use petite::Stop;
use petite::batches::loader::Loader;
use petite::dataset::synthetic::synthesize;
use petite::pictures::disk_cache::open;
use petite::pictures::folder::Folder;
use petite::pictures::pixels::{Pixels, Target, decode_all};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tch::Device;
use tempfile::TempDir;
use twox_hash::XxHash3_64;

const TARGET: Target = Target::rgb(2, 3);

/// Two pictures, their pixels, and a cache that has them.
struct Cache {
    _workspace: TempDir,
    folder: Folder,
    cache: PathBuf,
    pixels: Vec<u8>,
    file: PathBuf,
}

/// The pixels of all pictures.
fn all(pixels: &Pixels) -> Vec<u8> {
    pixels.pictures().map(Result::unwrap).collect::<Vec<_>>().concat()
}

impl Cache {
    fn new() -> Self {
        let workspace = tempfile::tempdir().unwrap();
        let data = workspace.path().join("data");
        for class in ["a", "b"] {
            synthesize(&data.join(class), 1, 1, &Stop::default()).unwrap();
        }
        let folder = Folder::read(&data).unwrap().0;
        let (pixels, _) = decode_all(&folder, TARGET, 1, &Stop::default(), &|| ()).unwrap();
        let pixels = all(&pixels);
        let cache = workspace.path().join("cache");
        let mut new = Self { _workspace: workspace, folder, cache, pixels, file: PathBuf::new() };
        assert_eq!(new.decoded(), new.folder.samples.len());
        let mut files = std::fs::read_dir(&new.cache).unwrap();
        new.file = files.next().unwrap().unwrap().path();
        assert_eq!(new.decoded(), 0);
        new
    }

    /// Opens the cache, whose pixels must be those of the pictures. Returns how many were decoded.
    fn decoded(&self) -> usize {
        let opened = open(&self.cache, &self.folder, TARGET, 1, &Stop::default(), &|| ()).unwrap();
        assert!(all(&opened.pixels) == self.pixels && opened.bad.is_empty());
        opened.decoded
    }

    /// The same with another file in the cache.
    fn decoded_from(&self, bytes: &[u8]) -> usize {
        std::fs::write(&self.file, bytes).unwrap();
        self.decoded()
    }
}

#[test]
fn damaged_files_give_the_same_pixels() {
    let cache = Cache::new();
    let whole = std::fs::read(&cache.file).unwrap();
    for cut in cuts(&whole) {
        assert_eq!(cache.decoded_from(cut), cache.folder.samples.len(), "cut to {}", cut.len());
    }
    for (bit, damaged) in flips(&whole) {
        assert!(cache.decoded_from(&damaged) > 0, "bit {bit}");
        assert!(std::fs::read(&cache.file).unwrap() == whole);
    }
}

/// Another program may cut a file that is in use.
#[test]
fn what_is_cut_off_while_it_is_used_is_an_error() {
    let cache = Cache::new();
    let opened = open(&cache.cache, &cache.folder, TARGET, 1, &Stop::default(), &|| ()).unwrap();
    let mut loader = Loader::sorted(opened.pixels, Device::Cpu, 1).unwrap();
    loader.batch(0, 0).unwrap();
    std::fs::File::options().write(true).open(&cache.file).unwrap().set_len(0).unwrap();
    let error = format!("{:#}", loader.batch(0, 1).unwrap_err());
    let named = cache.file.display().to_string();
    assert!(error.contains(&named) && error.contains("found it cut or unreadable; try"), "{error}");
    assert_eq!(cache.decoded(), cache.folder.samples.len());
}

/// A file with this index and trailer, whose checksum is right.
fn crafted(pixels: &[u8], index: &[u8], lengths: [u64; 2]) -> Vec<u8> {
    let numbers = [lengths[0], lengths[1], XxHash3_64::oneshot(index)];
    let numbers: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    [pixels, index, &numbers, b"petite pictures\n"].concat()
}

#[test]
fn crafted_files_give_the_same_pixels() {
    let cache = Cache::new();
    let whole = std::fs::read(&cache.file).unwrap();
    let (pixels, rest) = whole.split_at(cache.pixels.len());
    let index = &rest[..rest.len() - 40];
    let lengths = [pixels.len() as u64, index.len() as u64];
    assert!(crafted(pixels, index, lengths) == whole);
    for lengths in [
        [u64::MAX, lengths[1]],
        [lengths[0], u64::MAX],
        [u64::MAX, u64::MAX],
        [lengths[0] + lengths[1], 0],
        [1 << 60, 1 << 60],
    ] {
        assert!(cache.decoded_from(&crafted(pixels, index, lengths)) > 0);
    }
    let original: Value = serde_json::from_slice(index).unwrap();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut changed = original.clone();
        change(&mut changed);
        let index = changed.to_string();
        crafted(pixels, index.as_bytes(), [lengths[0], index.len() as u64])
    };
    // The same index in another order of keys is as good.
    assert_eq!(cache.decoded_from(&with(&|_| ())), 0);
    let sizes = [(1u64 << 63, 2u64), (1 << 32, 1 << 32), (u64::MAX, u64::MAX), (0, 3), (4, 3)];
    for (height, width) in sizes {
        let damaged = with(&|index| {
            index["target"]["height"] = json!(height);
            index["target"]["width"] = json!(width);
        });
        assert!(cache.decoded_from(&damaged) > 0, "{height} {width}");
    }
    let last = original["entries"].as_array().unwrap().len() - 1;
    for change in [
        (&|index: &mut Value| index["entries"] = json!([])) as &dyn Fn(&mut Value),
        &|index| index["entries"].as_array_mut().unwrap().reverse(),
        &|index| index["entries"][0] = index["entries"][last].clone(),
        &|index| index["entries"][0]["checksum"] = json!(0),
        &|index| index["bad"] = json!([index["entries"][0]["stamp"].clone()]),
        &|index| index["version"] = json!(u32::MAX),
        &|index| index["folder"] = json!("/nowhere"),
        &|index| *index = json!(null),
    ] {
        cache.decoded_from(&with(change));
    }
    let deep = b"[".repeat(100_000);
    assert!(cache.decoded_from(&crafted(pixels, &deep, [lengths[0], deep.len() as u64])) > 0);
}

#[test]
fn other_files_in_the_cache_do_no_harm() {
    let cache = Cache::new();
    let path = |name: &str| cache.cache.join(name);
    std::fs::write(path("empty.pixels"), b"").unwrap();
    std::fs::create_dir(path("folder.pixels")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", path("zero.pixels")).unwrap();
    std::fs::write(path("sparse.pixels"), b"").unwrap();
    let sparse = std::fs::File::options().write(true).open(path("sparse.pixels")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(path("pipe.pixels")).status().unwrap();
    assert!(pipe.success());
    // Writing removes what is left of earlier versions, for which all files are looked at.
    assert!(cache.decoded_from(b"another") > 0);
    assert!(Path::new(&path("sparse.pixels")).exists());
}
