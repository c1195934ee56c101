//! Samples → pixels: every picture of a split, decoded once, at the network's size.

use super::decode::{self, ColorMode, Picture};
use super::folder::{Folder, Sample};
use super::resize::{self, Interpolation};
use crate::error::BadPicture;
use crate::stop::Stop;
use anyhow::{Context, Result};
use memmap2::{Mmap, MmapMut};
use rayon::{ThreadPool, prelude::*};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read;
use std::ops::Deref;
use std::path::Path;

/// What decoding turns a picture into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub height: usize,
    pub width: usize,
    pub color_mode: ColorMode,
    pub interpolation: Interpolation,
}

impl Target {
    /// Bytes a picture takes once decoded.
    pub fn bytes(&self) -> usize {
        self.height * self.width * self.color_mode.channels()
    }
}

/// Bytes in memory, or of a file that is mapped into it.
#[derive(Debug)]
pub enum Bytes {
    /// Apart from the heap: zero without being written, so that the threads that decode, and not
    /// one before them, make the system's pages.
    Memory(MmapMut),
    Mapped(Mmap),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Memory(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

/// The decoded pictures of one split, in the order of its samples.
#[derive(Debug)]
pub struct Pixels {
    pub target: Target,
    /// `N · height · width · channels` values 0..=255, and perhaps others after them.
    pub bytes: Bytes,
    /// The samples that could be decoded; their number is `N`.
    pub samples: Vec<Sample>,
    /// Sorted class names of the folder.
    pub classes: Vec<String>,
}

/// Decodes every sample of `folder` on `threads` threads (0: one a core). `on_decoded` is called
/// after each, from whichever thread did it. Neither the result nor the order of the bad pictures
/// depends on the number of threads.
///
/// # Errors
/// If the pixels do not fit in memory or no thread can be started. Bad pictures are returned, not
/// an error: whether to go on without them is the caller's choice.
pub fn decode_all(
    folder: &Folder,
    target: Target,
    threads: usize,
    stop: &Stop,
    on_decoded: &(dyn Fn() + Sync),
) -> Result<(Pixels, Vec<BadPicture>)> {
    let stride = target.bytes();
    let count = folder.samples.len();
    let mut bytes = MmapMut::map_anon(count * stride).with_context(|| {
        format!(
            "{count} pictures of {stride} bytes do not fit in memory; try `cache` disk or none, or a smaller `image_size`"
        )
    })?;

    let reasons: Vec<Option<String>> = pool(threads)?.install(|| {
        bytes
            .par_chunks_exact_mut(stride)
            .zip(&folder.samples)
            .map_init(Scratch::default, |scratch, (slot, sample)| {
                let outcome =
                    stop.check().and_then(|()| scratch.decode(&sample.path, target, slot));
                on_decoded();
                outcome.err().map(|error| format!("{error:#}"))
            })
            .collect()
    });

    stop.check()?;

    // Close the gaps that bad pictures leave.
    let mut samples = Vec::with_capacity(count);
    let mut bad = Vec::new();
    for (index, (sample, reason)) in folder.samples.iter().zip(reasons).enumerate() {
        match reason {
            Some(reason) => bad.push(BadPicture { path: sample.path.clone(), reason }),
            None => {
                if samples.len() < index {
                    bytes.copy_within(index * stride..(index + 1) * stride, samples.len() * stride);
                }
                samples.push(sample.clone());
            }
        }
    }
    let bytes = Bytes::Memory(bytes);
    Ok((Pixels { target, bytes, samples, classes: folder.classes.clone() }, bad))
}

/// Looks at every file of `folder` without keeping pixels, and returns the samples that can be used
/// and the bad pictures, as [`decode_all`] would. Without `decode`, headers and ends alone are
/// looked at, and data that cannot be decoded passes.
///
/// # Errors
/// If no thread can be started, or Ctrl-C was pressed.
pub fn check_all(
    folder: &Folder,
    target: Target,
    threads: usize,
    decode: bool,
    stop: &Stop,
    on_checked: &(dyn Fn() + Sync),
) -> Result<(Vec<Sample>, Vec<BadPicture>)> {
    let reasons: Vec<Option<String>> = pool(threads)?.install(|| {
        folder
            .samples
            .par_iter()
            .map_init(Scratch::default, |scratch, sample| {
                let outcome = stop.check().and_then(|()| match decode {
                    true => scratch.decode(&sample.path, target, &mut vec![0; target.bytes()]),
                    false => scratch.check(&sample.path),
                });
                on_checked();
                outcome.err().map(|error| format!("{error:#}"))
            })
            .collect()
    });
    stop.check()?;
    let mut samples = Vec::with_capacity(folder.samples.len());
    let mut bad = Vec::new();
    for (sample, reason) in folder.samples.iter().zip(reasons) {
        match reason {
            Some(reason) => bad.push(BadPicture { path: sample.path.clone(), reason }),
            None => samples.push(sample.clone()),
        }
    }
    Ok((samples, bad))
}

/// Threads for decoding, 0 for one a core.
pub(super) fn pool(threads: usize) -> Result<ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("cannot start the loader's threads; try a smaller `loader_threads`")
}

/// Memory that a thread uses again for the next file.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    file: Vec<u8>,
    picture: Picture,
}

impl Scratch {
    /// Decodes and resizes one file into its slot of `target.bytes()` bytes.
    pub fn decode(&mut self, path: &Path, target: Target, slot: &mut [u8]) -> Result<()> {
        self.read(path)?;
        decode::decode_into(&self.file, target.color_mode, &mut self.picture)?;
        resize::resize(&self.picture, target.height, target.width, target.interpolation, slot);
        Ok(())
    }

    fn check(&mut self, path: &Path) -> Result<()> {
        self.read(path)?;
        decode::check(&self.file)
    }

    fn read(&mut self, path: &Path) -> Result<()> {
        self.file.clear();
        let mut file = File::open(path).context("cannot read it")?;
        file.read_to_end(&mut self.file).context("cannot read it")?;
        Ok(())
    }
}

impl Pixels {
    /// The pixels of the picture `index`; it panics if there is none.
    pub fn picture(&self, index: usize) -> &[u8] {
        let stride = self.target.bytes();
        &self.bytes[index * stride..][..stride]
    }

    /// Every picture's pixels, in order.
    pub fn pictures(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.target.bytes()).take(self.samples.len())
    }

    /// Asks for the picture `index` of a mapped file to be read ahead.
    pub fn read_ahead(&self, index: usize) {
        #[cfg(unix)]
        if let Bytes::Mapped(map) = &self.bytes {
            let stride = self.target.bytes();
            // Advice that is not taken costs nothing but a later wait.
            let _ = map.advise_range(memmap2::Advice::WillNeed, index * stride, stride);
        }
    }
}
