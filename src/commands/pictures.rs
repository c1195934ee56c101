//! Reading a split, with a bar, and what is said of its pictures.

use super::say;
use crate::progress::decoding_bar;
use anyhow::{Result, bail};
use petite::batches::loader::Source;
use petite::memory::free_memory;
use petite::numbers::with_thousands;
use petite::pictures::cache::CachePolicy;
use petite::pictures::folder::{Folder, Sample};
use petite::pictures::pixels::{BadPicture, Pixels, Target, check_all, check_classes, decode_all};
use petite::pictures::{disk_cache, stream::Stream};
use petite::stop::Interrupted;
use petite::user_folders;

/// How the pictures of a split are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    pub target: Target,
    /// Not [`CachePolicy::Auto`], which [`choose`] turns into another.
    pub cache: CachePolicy,
    pub loader_threads: Option<usize>,
    pub skip_bad: bool,
}

/// A split that is ready for a loader.
#[derive(Debug)]
pub struct Opened {
    pub source: Source,
    /// Where its pixels come from, to be said after its number of pictures.
    pub note: String,
}

/// What `cache` comes to for all of `folders` at once, said if it is not memory.
pub fn choose(cache: CachePolicy, folders: &[&Folder], target: Target) -> CachePolicy {
    let bytes = bytes_of(folders, target);
    let free = free_memory();
    let chosen = cache.choose(bytes, free);
    let why = match (cache, free) {
        (CachePolicy::Auto, Some(free)) => format!(
            ": {} MB of pixels are more than a quarter of the {} MB of memory that are free",
            with_thousands((bytes >> 20) as i64),
            with_thousands((free >> 20) as i64)
        ),
        _ => String::new(),
    };
    if chosen == CachePolicy::Disk {
        say(format_args!("cache       {}{why}", user_folders::pictures().display()));
    }
    chosen
}

/// Bytes of the decoded pictures of `folders`.
pub fn bytes_of(folders: &[&Folder], target: Target) -> u64 {
    let pictures: usize = folders.iter().map(|folder| folder.samples.len()).sum();
    pictures as u64 * target.bytes() as u64
}

/// Opens the pictures of `folder` (`name` in messages) as `reading` says. Bad ones are all named:
/// on standard error if they are to be skipped, else as an error.
pub fn open(folder: &Folder, name: &str, reading: Reading) -> Result<Opened> {
    let Reading { target, cache, loader_threads, skip_bad } = reading;
    let threads = loader_threads.unwrap_or(0);
    match cache {
        CachePolicy::Auto | CachePolicy::Memory => {
            let pixels = read(folder, name, target, loader_threads, skip_bad)?;
            Ok(Opened { source: pixels.into(), note: String::new() })
        }
        CachePolicy::Disk => {
            let bar = decoding_bar(folder.samples.len(), name);
            let opened =
                disk_cache::open(&user_folders::pictures(), folder, target, threads, &|| {
                    bar.inc(1)
                });
            bar.finish_and_clear();
            let opened = match opened {
                Err(error) if !error.is::<Interrupted>() => {
                    return without_disk(folder, name, reading, &error);
                }
                opened => opened?,
            };
            report_bad(folder, &opened.bad, &opened.pixels.samples, skip_bad)?;
            let note = match opened.decoded {
                0 => " (from the cache)".to_owned(),
                decoded => format!(" ({} decoded into the cache)", with_thousands(decoded as i64)),
            };
            Ok(Opened { source: opened.pixels.into(), note })
        }
        CachePolicy::None => {
            let bar = decoding_bar(folder.samples.len(), name);
            // What is skipped must be known before the first batch; else a look at headers will do.
            let checked = check_all(folder, target, threads, skip_bad, &|| bar.inc(1));
            bar.finish_and_clear();
            let (samples, bad) = checked?;
            report_bad(folder, &bad, &samples, skip_bad)?;
            let classes = folder.classes.clone();
            let stream = Stream { target, samples, classes, threads };
            let note = " (decoded as they are needed)".to_owned();
            Ok(Opened { source: Source::Streamed(stream), note })
        }
    }
}

/// Goes on without a cache that cannot be written.
fn without_disk(
    folder: &Folder,
    name: &str,
    reading: Reading,
    error: &anyhow::Error,
) -> Result<Opened> {
    let fits = CachePolicy::Auto.choose(bytes_of(&[folder], reading.target), free_memory());
    let (cache, instead) = match fits {
        CachePolicy::Memory => (CachePolicy::Memory, "keeping them in memory"),
        _ => (CachePolicy::None, "decoding them as they are needed"),
    };
    eprintln!(
        "warning: cannot keep the {name} pictures on disk ({error:#}); {instead}; try another PETITE_CACHE"
    );
    open(folder, name, Reading { cache, ..reading })
}

/// Decodes the pictures of `folder` (`name` in messages) into memory. Bad ones are all named: with
/// `skip_bad` on standard error, and the rest is returned; else as an error.
pub fn read(
    folder: &Folder,
    name: &str,
    target: Target,
    loader_threads: Option<usize>,
    skip_bad: bool,
) -> Result<Pixels> {
    let bar = decoding_bar(folder.samples.len(), name);
    let decoded = decode_all(folder, target, loader_threads.unwrap_or(0), &|| bar.inc(1));
    bar.finish_and_clear();
    let (pixels, bad) = decoded?;
    report_bad(folder, &bad, &pixels.samples, skip_bad)?;
    Ok(pixels)
}

/// Says what is `bad`, if anything, and ends there unless it is to be skipped and every class has a
/// picture left in `good`.
fn report_bad(folder: &Folder, bad: &[BadPicture], good: &[Sample], skip_bad: bool) -> Result<()> {
    if bad.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = bad
        .iter()
        .map(|BadPicture { path, reason }| format!("\n  {}: {reason}", path.display()))
        .collect();
    let count =
        format!("{} of {} pictures in {}", bad.len(), folder.samples.len(), folder.path.display());
    if !skip_bad {
        bail!(
            "{count} cannot be used:{}\ntry removing them, or --skip-bad-pictures",
            list.concat()
        );
    }
    eprintln!("skipping {count}:{}", list.concat());
    check_classes(&folder.classes, good)
}
