//! Samples → pixels: every picture of a split, decoded once, in memory at the network's size.

use super::decode::{self, ColorMode};
use super::folder::{Folder, Sample};
use super::resize::{self, Interpolation};
use crate::interrupt;
use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use std::path::PathBuf;

/// What decoding turns a picture into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// The decoded pictures of one split, in the order of its samples.
#[derive(Debug, Clone)]
pub struct Pixels {
    pub target: Target,
    /// `N · height · width · channels` values 0..=255.
    pub bytes: Vec<u8>,
    /// The samples that could be decoded; their number is `N`.
    pub samples: Vec<Sample>,
    /// Sorted class names of the folder.
    pub classes: Vec<String>,
}

/// A file that cannot be used, and why.
#[derive(Debug, Clone)]
pub struct BadPicture {
    pub path: PathBuf,
    pub reason: String,
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
    on_decoded: &(dyn Fn() + Sync),
) -> Result<(Pixels, Vec<BadPicture>)> {
    let stride = target.bytes();
    let count = folder.samples.len();
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(count * stride).with_context(|| {
        format!(
            "{count} pictures of {stride} bytes do not fit in memory; try a smaller --image-size"
        )
    })?;
    bytes.resize(count * stride, 0);

    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .context("cannot start the loader's threads; try a smaller --loader-threads")?;
    let reasons: Vec<Option<String>> = pool.install(|| {
        bytes
            .par_chunks_exact_mut(stride)
            .zip(&folder.samples)
            .map(|(slot, sample)| {
                let outcome = interrupt::check().and_then(|()| decode_one(sample, target, slot));
                on_decoded();
                outcome.err().map(|error| format!("{error:#}"))
            })
            .collect()
    });

    interrupt::check()?;

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
    bytes.truncate(samples.len() * stride);
    Ok((Pixels { target, bytes, samples, classes: folder.classes.clone() }, bad))
}

/// Decodes and resizes one file into its slot of `target.bytes()` bytes.
fn decode_one(sample: &Sample, target: Target, slot: &mut [u8]) -> Result<()> {
    let file = std::fs::read(&sample.path).context("cannot read it")?;
    let picture = decode::decode(&file, target.color_mode)?;
    resize::resize(&picture, target.height, target.width, target.interpolation, slot);
    Ok(())
}

impl Pixels {
    /// Checks that every class still has a picture, as training needs.
    ///
    /// # Errors
    /// Names the class without one.
    pub fn check_classes(&self) -> Result<()> {
        for (label, class) in self.classes.iter().enumerate() {
            ensure!(
                self.samples.iter().any(|sample| sample.label == label),
                "expected a good picture of {class}, found none; try replacing the bad ones"
            );
        }
        Ok(())
    }
}
