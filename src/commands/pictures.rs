//! Reading a split, with a bar, and what is done about bad pictures.

use super::progress::decoding_bar;
use crate::data::cache::{BadPicture, Pixels, Target, decode_all};
use crate::data::folder::Folder;
use anyhow::{Result, bail};

/// Decodes the pictures of `folder` (`name` in messages). Bad ones are all named: with `skip_bad`
/// on standard error, and the rest is returned; else as an error.
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
    if bad.is_empty() {
        return Ok(pixels);
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
    pixels.check_classes()?;
    Ok(pixels)
}
