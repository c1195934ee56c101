//! What is said of pictures that are in two splits.

use super::say;
use crate::progress::Terminal;
use anyhow::{Context, Result, bail, ensure};
use petite::Stop;
use petite::dataset::duplicates::{Duplicate, Likeness, find};
use petite::numbers::with_thousands;
use petite::pictures::decode::ColorMode;
use petite::pictures::folder::Folder;
use petite::pictures::pixels::{Pixels, Target, decode_all};
use petite::pictures::resize::Interpolation;
use std::path::{Path, PathBuf};

/// Duplicates named as examples.
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
                    "          {} is {}, {}",
                    copies.samples[*copy].path.display(),
                    originals.samples[*of].path.display(),
                    likeness.name()
                ));
            }
        }
    }
    ensure!(
        !shared,
        "expected every picture in one split of {}, found some in two; try removing them: accuracy on them says little about new pictures",
        data.display()
    );
    Ok(())
}

/// `749 of 1,000 validation pictures are train pictures (250 the same, 249 mirrored, …)`.
pub fn describe(found: &[Duplicate], of: usize, original: &str, copy: &str) -> String {
    let counts: Vec<String> = Likeness::ALL
        .into_iter()
        .map(|likeness| (found.iter().filter(|d| d.likeness == likeness).count(), likeness.name()))
        .filter(|&(count, _)| count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    format!(
        "{} of {} {copy} pictures are {original} pictures ({})",
        with_thousands(found.len() as i64),
        with_thousands(of as i64),
        counts.join(", ")
    )
}

/// Every split of `data` that is there, small; train first. Files that are no pictures are left out.
fn read_splits(data: &Path, stop: &Stop) -> Result<Vec<(String, Pixels)>> {
    let interpolation = Interpolation::Nearest;
    let target = Target { height: 64, width: 64, color_mode: ColorMode::Rgb, interpolation };
    let entries = std::fs::read_dir(data).with_context(|| {
        format!("expected a data set at --data {}; try petite prepare", data.display())
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
            "expected folders such as train, validation and test in {}, found {}; try petite prepare",
            data.display(),
            splits.first().map_or("none", |(name, _)| name)
        );
    }
    Ok(splits)
}
