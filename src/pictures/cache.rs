//! Where decoded pictures are kept between their uses, and opening a split accordingly.

use super::folder::{Folder, Sample};
use super::pixels::{Target, check_all, decode_all};
use super::source::Source;
use super::{disk_cache, stream::Stream};
use crate::error::{BadFolder, BadPictures, ensure_or};
use crate::memory::free_memory;
use crate::stop::{Interrupted, Stop};
use crate::user_folders;
use anyhow::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a split's decoded pictures are kept. Batches are the same, bit for bit, whichever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CachePolicy {
    /// In memory if they take at most a quarter of what is free, else on disk.
    #[default]
    Auto,
    /// Decoded at every start, into memory.
    Memory,
    /// Decoded once, into a file that later runs map into memory.
    Disk,
    /// Decoded for each batch anew, by threads that work ahead.
    None,
}

/// The share of free memory that decoded pictures may take by themselves.
const SHARE: u64 = 4;

impl CachePolicy {
    /// The policy for `bytes` of decoded pictures when `free` bytes of memory are: never
    /// [`Auto`](Self::Auto). Where `free` is not known, they are taken to fit.
    pub fn choose(self, bytes: u64, free: Option<u64>) -> Self {
        match self {
            Self::Auto if free.is_none_or(|free| bytes <= free / SHARE) => Self::Memory,
            Self::Auto => Self::Disk,
            chosen => chosen,
        }
    }
}

/// Bytes of the decoded pictures of `folders`.
pub fn bytes_of(folders: &[&Folder], target: Target) -> u64 {
    let pictures: usize = folders.iter().map(|folder| folder.samples.len()).sum();
    pictures as u64 * target.bytes() as u64
}

/// How the pictures of a split are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// What they are decoded to.
    pub target: Target,
    /// Where they are kept.
    pub cache: CachePolicy,
    /// Threads that decode; `None` is one per core.
    pub loader_threads: Option<usize>,
    /// Whether files that are no pictures are left out instead of being an error.
    pub skip_bad: bool,
    /// Ends the reading early.
    pub stop: &'a Stop,
}

/// Where the pixels of a split come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// All decoded into memory.
    Memory,
    /// A file of decoded pictures, of which so many had to be decoded now.
    Disk {
        /// Pictures that were not in the file.
        decoded: usize,
    },
    /// Decoded for each batch.
    Stream,
}

/// A split that is ready for a loader.
#[derive(Debug)]
pub struct Opened {
    /// What the loader reads from.
    pub source: Source,
    /// Where its pixels come from.
    pub origin: Origin,
    /// Files that were left out, if any.
    pub skipped: Option<BadFolder>,
    /// Why the pictures are not on disk though that was asked for.
    pub no_disk: Option<Error>,
}

/// Opens the pictures of `folder`; `on_decoded` is called after each that was decoded, from any
/// thread. Where a cache on disk cannot be written, they are kept in memory if they fit, else
/// streamed.
///
/// # Errors
/// [`BadPictures`] with all of them, unless they are skipped; if a class has no good picture left, the
/// pixels do not fit in memory, no thread can be started, or a stop was requested.
pub fn open(
    folder: &Folder,
    reading: Reading<'_>,
    on_decoded: &(dyn Fn() + Sync),
) -> Result<Opened> {
    let Reading { target, loader_threads, skip_bad, stop, .. } = reading;
    let threads = loader_threads.unwrap_or(0);
    let (source, origin, bad) = match reading.cache {
        CachePolicy::Auto | CachePolicy::Memory => {
            let (pixels, bad) = decode_all(folder, target, threads, stop, on_decoded)?;
            (pixels.into(), Origin::Memory, bad)
        }
        CachePolicy::Disk => {
            let cache = user_folders::pictures();
            match disk_cache::open(&cache, folder, target, threads, stop, on_decoded) {
                Err(error) if !error.is::<Interrupted>() => {
                    let fits = CachePolicy::Auto.choose(bytes_of(&[folder], target), free_memory());
                    let cache = match fits {
                        CachePolicy::Memory => CachePolicy::Memory,
                        _ => CachePolicy::None,
                    };
                    let opened = open(folder, Reading { cache, ..reading }, on_decoded)?;
                    return Ok(Opened { no_disk: Some(error), ..opened });
                }
                opened => {
                    let opened = opened?;
                    let origin = Origin::Disk { decoded: opened.decoded };
                    (opened.pixels.into(), origin, opened.bad)
                }
            }
        }
        CachePolicy::None => {
            // What is skipped must be known before the first batch; else a look at headers will do.
            let (samples, bad) = check_all(folder, target, threads, skip_bad, stop, on_decoded)?;
            let classes = folder.classes.clone();
            let stream = Stream { target, samples, classes, threads };
            (Source::Streamed(stream), Origin::Stream, bad)
        }
    };
    let skipped = (!bad.is_empty()).then(|| BadFolder {
        folder: folder.path.clone(),
        of: folder.samples.len(),
        pictures: bad,
    });
    match skipped {
        Some(bad) if !skip_bad => return Err(BadPictures(vec![bad]).into()),
        Some(_) => check_classes(&folder.classes, source.samples())?,
        None => {}
    }
    Ok(Opened { source, origin, skipped, no_disk: None })
}

/// Checks that every class still has a picture, as training needs.
fn check_classes(classes: &[String], samples: &[Sample]) -> Result<()> {
    for (label, class) in classes.iter().enumerate() {
        ensure_or!(
            DataSet,
            samples.iter().any(|sample| sample.label == label),
            "expected a good picture of {class}, found none; try replacing the bad ones"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_that_take_more_than_a_quarter_of_free_memory_go_to_disk() {
        assert_eq!(CachePolicy::Auto.choose(25, Some(100)), CachePolicy::Memory);
        assert_eq!(CachePolicy::Auto.choose(26, Some(100)), CachePolicy::Disk);
        assert_eq!(CachePolicy::Auto.choose(26, None), CachePolicy::Memory);
        assert_eq!(CachePolicy::Memory.choose(26, Some(1)), CachePolicy::Memory);
    }
}
