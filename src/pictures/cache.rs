//! Opens a split's pictures under a cache policy: in memory, on disk or streamed.

use super::folder::Folder;
use super::pixels::{Target, decode_all};
use super::source::Source;
use super::{disk_cache, stream::Stream};
use crate::error::{BadFolder, BadPictures};
use crate::files::user_folders;
use crate::machine::memory::free_memory;
use crate::stop::{Interrupted, Stop};
use anyhow::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a split's decoded pictures are cached. Batches are bit-identical under every policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CachePolicy {
    /// In memory if they take at most a quarter of the free memory, else on disk.
    #[default]
    Auto,
    /// In memory, decoded at every start.
    Memory,
    /// In a file, decoded once and read from it by later runs.
    Disk,
    /// Not at all: decoded again for every batch, by threads that work ahead.
    None,
}

/// `Auto` keeps pictures in memory up to 1/`SHARE` of the free memory.
const SHARE: u64 = 4;

impl CachePolicy {
    /// Resolves [`Auto`](Self::Auto) for `bytes` of decoded pictures and `free` bytes of memory;
    /// the other policies are returned unchanged. If `free` is unknown, the pictures are assumed to
    /// fit.
    pub fn choose(self, bytes: u64, free: Option<u64>) -> Self {
        match self {
            Self::Auto if free.is_none_or(|free| bytes <= free / SHARE) => Self::Memory,
            Self::Auto => Self::Disk,
            chosen => chosen,
        }
    }
}

/// Size of all decoded pictures of `folders`, in bytes.
pub fn bytes_of(folders: &[&Folder], target: Target) -> u64 {
    let pictures: usize = folders.iter().map(|folder| folder.samples.len()).sum();
    pictures as u64 * target.bytes() as u64
}

/// How to read the pictures of a split.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// The size and color mode to decode to.
    pub target: Target,
    /// Where decoded pictures are cached.
    pub cache: CachePolicy,
    /// Number of decoding threads; `None` is one per core.
    pub loader_threads: Option<usize>,
    /// Whether bad pictures are left out instead of being an error.
    pub skip_bad: bool,
    /// Ends the reading early when requested.
    pub stop: &'a Stop,
}

/// Where the pixels of a split come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// All decoded into memory.
    Memory,
    /// A file of decoded pictures.
    Disk {
        /// Number of pictures that were missing from the file and had to be decoded.
        decoded: usize,
    },
    /// Decoded for each batch.
    Stream,
}

/// A split ready for a loader.
#[derive(Debug)]
pub struct Opened {
    /// The source for the loader.
    pub source: Source,
    /// Where the pixels come from.
    pub origin: Origin,
    /// Bad pictures that were left out, if any.
    pub skipped: Option<BadFolder>,
    /// Why [`CachePolicy::Disk`] could not be used, if so.
    pub no_disk: Option<Error>,
}

/// Opens the pictures of `folder`. `on_decoded` is called after each decoded picture, from any
/// thread. If the disk cache cannot be written, pictures are kept in memory if they fit there, else
/// streamed.
///
/// # Errors
/// [`BadPictures`] listing all bad pictures, unless `skip_bad` is set. Also if the pixels do not
/// fit in memory, a thread cannot be started, or a stop was requested.
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
            // Skipping requires knowing every bad picture before the first batch, hence a full
            // decode. Otherwise checking headers is enough.
            let (stream, bad) = Stream::open(folder, target, threads, skip_bad, stop, on_decoded)?;
            (Source::Streamed(stream), Origin::Stream, bad)
        }
    };
    let skipped = (!bad.is_empty()).then(|| BadFolder {
        folder: folder.path.clone(),
        of: folder.samples.len(),
        pictures: bad,
    });
    match skipped {
        Some(bad) if !skip_bad => Err(BadPictures(vec![bad]).into()),
        skipped => Ok(Opened { source, origin, skipped, no_disk: None }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_uses_disk_above_a_quarter_of_free_memory() {
        assert_eq!(CachePolicy::Auto.choose(25, Some(100)), CachePolicy::Memory);
        assert_eq!(CachePolicy::Auto.choose(26, Some(100)), CachePolicy::Disk);
        assert_eq!(CachePolicy::Auto.choose(26, None), CachePolicy::Memory);
        assert_eq!(CachePolicy::Memory.choose(26, Some(1)), CachePolicy::Memory);
    }
}
