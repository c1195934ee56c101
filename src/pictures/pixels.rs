//! Samples → pixels: decodes and resizes all pictures of a split.

pub use super::file::read_file;
use super::folder::{Folder, Sample};
pub(crate) use super::scratch::Scratch;
pub use super::target::Target;
use super::traits::Traits;
use crate::error::{BadPicture, ErrorKind, Fault};
use crate::machine::threads;
use crate::stop::Stop;
use anyhow::{Context, Result};
use memmap2::MmapMut;
use rayon::{ThreadPool, prelude::*};
use rustix::fs::Advice;
use std::borrow::Cow;
use std::fs::File;
use std::num::NonZero;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// Bytes in memory or in a file.
#[derive(Debug)]
pub enum Bytes {
    /// An anonymous mapping: zeroed without being written, so that the decoding threads, rather than a
    /// single thread before them, fault its pages in. A `Vec` would be written, from memory that
    /// [`keep_freed_memory`](crate::machine::device::keep_freed_memory) keeps.
    Memory(MmapMut),
    /// A file, which is read, not mapped: of a mapped file, what another program cuts off ends the
    /// process without a word.
    File {
        /// The open file.
        file: File,
        /// Where it was opened.
        path: PathBuf,
    },
}

/// The decoded pictures of a split, in the order of its samples.
#[derive(Debug)]
pub struct Pixels {
    /// Size and color mode of every picture.
    pub target: Target,
    /// `[N, height, width, channels]` u8 in row-major order; bytes after these are ignored.
    pub bytes: Bytes,
    /// The `N` samples that could be decoded.
    pub samples: Vec<Sample>,
    /// What decoding noticed about each of them.
    pub traits: Vec<Traits>,
    /// Sorted class names of the folder.
    pub classes: Vec<String>,
}

/// Decodes every sample of `folder` on `threads` threads (0: one per core). `on_decoded` is called
/// after each, from any thread. The result, including the order of the bad pictures, does not
/// depend on the number of threads.
///
/// # Errors
/// If the pixels do not fit in memory, a thread cannot be started, or a stop was requested. Bad
/// pictures are not an error but returned: the caller decides whether to continue without them.
pub fn decode_all(
    folder: &Folder,
    target: Target,
    threads: usize,
    stop: &Stop,
    on_decoded: &(dyn Fn() + Sync),
) -> Result<(Pixels, Vec<BadPicture>)> {
    let stride = target.bytes();
    let count = folder.samples.len();
    let mut bytes = MmapMut::map_anon(count * stride).with_context(|| Fault {
        kind: ErrorKind::OutOfMemory,
        message: format!(
            "expected {count} pictures of {stride} bytes to fit in memory; try `cache` disk or none, or a smaller `image_size`"
        ),
    })?;

    let outcomes: Vec<Result<Traits, String>> = pool(threads)?.install(|| {
        bytes
            .par_chunks_exact_mut(stride)
            .zip(&folder.samples)
            .map_init(Scratch::default, |scratch, (slot, sample)| {
                let outcome =
                    stop.check().and_then(|()| scratch.decode(&sample.path, target, slot));
                on_decoded();
                outcome.map(|()| scratch.traits).map_err(|error| format!("{error:#}"))
            })
            .collect()
    });

    stop.check()?;

    // Closes the gaps left by bad pictures.
    let (mut samples, mut traits) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut bad = Vec::new();
    for (index, (sample, outcome)) in folder.samples.iter().zip(outcomes).enumerate() {
        match outcome {
            Err(reason) => bad.push(BadPicture { path: sample.path.clone(), reason }),
            Ok(noticed) => {
                if samples.len() < index {
                    bytes.copy_within(index * stride..(index + 1) * stride, samples.len() * stride);
                }
                samples.push(sample.clone());
                traits.push(noticed);
            }
        }
    }
    let bytes = Bytes::Memory(bytes);
    Ok((Pixels { target, bytes, samples, traits, classes: folder.classes.clone() }, bad))
}

/// What [`check_all`] found.
#[derive(Debug, Default, PartialEq)]
pub struct Checked {
    /// The good pictures.
    pub samples: Vec<Sample>,
    /// XXH3 of what was read of each of their files.
    pub contents: Vec<u64>,
    /// The bad pictures, in the order of the samples.
    pub bad: Vec<BadPicture>,
}

/// Checks every file of `folder` for good and bad pictures, as [`decode_all`] does, without keeping
/// pixels. Without `decode`, only headers and end markers are checked, so that undecodable data goes
/// unnoticed. `threads` and `on_checked` are as in [`decode_all`].
///
/// # Errors
/// If a thread cannot be started or a stop was requested.
pub fn check_all(
    folder: &Folder,
    target: Target,
    threads: usize,
    decode: bool,
    stop: &Stop,
    on_checked: &(dyn Fn() + Sync),
) -> Result<Checked> {
    let check = |scratch: &mut Scratch, sample: &Sample| {
        let outcome = stop.check().and_then(|()| match decode {
            true => scratch.decode(&sample.path, target, &mut vec![0; target.bytes()]),
            false => scratch.check(&sample.path, target),
        });
        on_checked();
        outcome.map(|()| scratch.content()).map_err(|error| format!("{error:#}"))
    };
    let samples = &folder.samples;
    let outcomes = pool(threads)?
        .install(|| samples.par_iter().map_init(Scratch::default, check).collect::<Vec<_>>());
    stop.check()?;
    let mut checked = Checked::default();
    for (sample, outcome) in samples.iter().zip(outcomes) {
        match outcome {
            Err(reason) => checked.bad.push(BadPicture { path: sample.path.clone(), reason }),
            Ok(content) => {
                checked.samples.push(sample.clone());
                checked.contents.push(content);
            }
        }
    }
    Ok(checked)
}

/// A pool of decoding threads; 0 is as many as the process can run at once.
pub(crate) fn pool(threads: usize) -> Result<ThreadPool> {
    threads::pool(threads)
        .build()
        .context("cannot start the loader's threads; try a smaller `loader_threads`")
}

impl Pixels {
    /// The pixels of picture `index`, `[height, width, channels]`.
    ///
    /// # Errors
    /// If they are in a file that can no longer be read.
    ///
    /// # Panics
    /// If `index` is out of range.
    pub fn picture(&self, index: usize) -> Result<Cow<'_, [u8]>> {
        let stride = self.target.bytes();
        if let Bytes::Memory(bytes) = &self.bytes {
            return Ok(Cow::from(&bytes[index * stride..][..stride]));
        }
        let mut read = Vec::new();
        self.append(index, &mut read)?;
        Ok(Cow::from(read))
    }

    /// Appends the pixels of picture `index` to `to`.
    ///
    /// # Errors
    /// As [`Pixels::picture`].
    ///
    /// # Panics
    /// As [`Pixels::picture`].
    pub fn append(&self, index: usize, to: &mut Vec<u8>) -> Result<()> {
        let stride = self.target.bytes();
        match &self.bytes {
            Bytes::Memory(bytes) => to.extend_from_slice(&bytes[index * stride..][..stride]),
            Bytes::File { file, path } => {
                let start = to.len();
                to.resize(start + stride, 0);
                let read = file.read_exact_at(&mut to[start..], (index * stride) as u64);
                read.with_context(|| {
                    let (count, path) = (self.samples.len(), path.display());
                    format!("expected {count} decoded pictures in {path}, found it cut or unreadable; try again, which decodes what is missing")
                })?;
            }
        }
        Ok(())
    }

    /// The pixels of every picture, in order.
    pub fn pictures(&self) -> impl ExactSizeIterator<Item = Result<Cow<'_, [u8]>>> {
        (0..self.samples.len()).map(|index| self.picture(index))
    }

    /// Hints that picture `index` will be needed soon; only affects files.
    pub fn read_ahead(&self, index: usize) {
        if let Bytes::File { file, .. } = &self.bytes {
            let stride = self.target.bytes();
            let (start, length) = ((index * stride) as u64, NonZero::new(stride as u64));
            // Failure is harmless: the picture is then read when needed.
            let _ = rustix::fs::fadvise(file, start, length, Advice::WillNeed);
        }
    }
}
