//! Finding pictures that are in two splits.

use crate::console::say;
use crate::progress::Terminal;
use anyhow::{Context, Result, bail, ensure};
use petite::Stop;
use petite::dataset::duplicates::{Duplicate, describe, find};
use petite::pictures::decode::ColorMode;
use petite::pictures::folder::Folder;
use petite::pictures::pixels::{Pixels, Target, decode_all};
use petite::pictures::resize::Interpolation;
use std::path::{Path, PathBuf};

/// Duplicates listed per pair of splits.
const EXAMPLES: usize = 5;

/// Looks for pictures that are in more than one split of the data set `data`.
///
/// # Errors
/// If there are any, or a split cannot be read.
pub fn check(data: &Path, stop: &Stop) -> Result<()> {
    let splits = read_splits(data, stop)?;
    let mut shared = false;
    for (index, (name, originals)) in splits.iter().enumerate() {
        for (other, copies) in &splits[index + 1..] {
            let found = find(originals, copies)?;
            if found.is_empty() {
                say(format_args!("data      no picture of {name} is in {other}"));
                continue;
            }
            shared = true;
            say(format_args!("data      {}", describe(&found, copies.samples.len(), name, other)));
            for Duplicate { of, copy, likeness } in found.iter().take(EXAMPLES) {
                say(format_args!(
                    "          {} is {} ({})",
                    copies.samples[*copy].path.display(),
                    originals.samples[*of].path.display(),
                    likeness.name()
                ));
            }
        }
    }
    ensure!(
        !shared,
        "expected every picture in one split of {} only, found some in two, which makes accuracy too optimistic; try removing the copies",
        data.display()
    );
    Ok(())
}

/// The splits of `data`, train first, decoded to small pictures. Bad pictures are skipped.
fn read_splits(data: &Path, stop: &Stop) -> Result<Vec<(String, Pixels)>> {
    let interpolation = Interpolation::Nearest;
    let target = Target { height: 64, width: 64, color_mode: ColorMode::Rgb, interpolation };
    let entries = std::fs::read_dir(data).with_context(|| {
        format!("expected a data set at --data {}, found none; try petite prepare", data.display())
    })?;
    let mut folders: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort_by_key(|path| (!path.ends_with("train"), path.clone()));
    let mut splits = Vec::new();
    for path in folders {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let folder = Folder::read(&path)?;
        let bar = Terminal::bar(&name, folder.samples.len());
        let decoded = decode_all(&folder, target, 0, stop, &|| bar.inc(1));
        bar.finish_and_clear();
        let (pixels, bad) = decoded?;
        for picture in bad {
            eprintln!("skipping {}: {}", picture.path.display(), picture.reason);
        }
        splits.push((name, pixels));
    }
    if splits.len() < 2 {
        bail!(
            "expected two or more splits, such as train and validation, in {}, found {}; try petite prepare",
            data.display(),
            splits.first().map_or("none", |(name, _)| name)
        );
    }
    Ok(splits)
}
