//! What the benches share: pictures, drawn ones or those of `PETITE_PICTURES`, and short measuring.

// Each bench uses its own part.
#![allow(dead_code)]

use criterion::Criterion;
use petite::dataset::{Link, Prepare, synthetic::synthesize};
use petite::pictures::folder::Folder;
use petite::pictures::pixels::{Pixels, Target, decode_all};
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// What the baseline decodes a picture to.
pub const TARGET: Target = Target::rgb(150, 150);

/// Ten samples in a few seconds: enough to see a tenth.
pub fn short() -> Criterion {
    petite::machine::device::keep_freed_memory();
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
}

/// A small data set in a folder of its own.
pub struct DataSet {
    folder: TempDir,
}

impl DataSet {
    /// Splits the originals in `PETITE_PICTURES` (`cat.0.jpg`, …), or drawn ones.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let originals = match std::env::var_os("PETITE_PICTURES") {
            Some(originals) => PathBuf::from(originals),
            None => {
                let drawn = folder.path().join("originals");
                synthesize(&drawn, 150, 1, &petite::Stop::default()).unwrap();
                drawn
            }
        };
        let to = folder.path().join("data");
        let prepare = Prepare { link: Link::Symbolic, ..Prepare::new(originals, to) };
        prepare.counts(100, 50, 0).run(&petite::Stop::default()).unwrap();
        Self { folder }
    }

    /// The folder of the splits.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn split(&self, name: &str) -> Folder {
        Folder::read(&self.path().join(name)).unwrap().0
    }

    /// A split's pictures as the baseline takes them.
    pub fn pixels(&self, name: &str) -> Pixels {
        let (pixels, bad) =
            decode_all(&self.split(name), TARGET, 0, &petite::Stop::default(), &|| ()).unwrap();
        assert!(bad.is_empty(), "{bad:?}");
        pixels
    }
}
