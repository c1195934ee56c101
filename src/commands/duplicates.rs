//! What is said of pictures that stand in two splits.

use super::{pictures, say};
use anyhow::{Context, Result, bail, ensure};
use petite::dataset::duplicates::{Duplicate, Likeness, find};
use petite::numbers::with_thousands;
use petite::pictures::decode::ColorMode;
use petite::pictures::folder::Folder;
use petite::pictures::pixels::{Pixels, Target};
use petite::pictures::resize::Interpolation;
use std::path::{Path, PathBuf};

/// Pairs of pictures up to which training looks by itself: less than a second.
const QUICK: usize = 20_000_000;

/// Duplicates named as examples.
const EXAMPLES: usize = 5;

/// Warns on standard error if pictures of `validation` are also in `train`: accuracy on them says
/// little about new pictures. Large sets are left to `petite doctor --data`.
pub fn warn(data: &Path, train: &Pixels, validation: &Pixels) -> Result<()> {
    if train.samples.len() * validation.samples.len() > QUICK {
        return Ok(());
    }
    let found = find(train, validation)?;
    if !found.is_empty() {
        eprintln!(
            "warning: {}; val_loss and val_acc on them say little about new pictures; petite doctor --data {} names them",
            describe(&found, ("train", train), ("validation", validation)),
            data.display()
        );
    }
    Ok(())
}

/// Looks for pictures that stand in more than one split of the data set `data`.
///
/// # Errors
/// If there are any, or pictures that cannot be read.
pub fn check(data: &Path) -> Result<()> {
    let splits = read_splits(data)?;
    let mut shared = false;
    for (index, (name, originals)) in splits.iter().enumerate() {
        for (other, copies) in &splits[index + 1..] {
            let found = find(originals, copies)?;
            if found.is_empty() {
                say(format_args!("data      no picture of {name} is in {other}"));
                continue;
            }
            shared = true;
            let both = describe(&found, (name, originals), (other, copies));
            say(format_args!("data      {both}"));
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
fn describe(found: &[Duplicate], of: (&str, &Pixels), copies: (&str, &Pixels)) -> String {
    let counts: Vec<String> = Likeness::ALL
        .into_iter()
        .map(|likeness| (found.iter().filter(|d| d.likeness == likeness).count(), likeness.name()))
        .filter(|&(count, _)| count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    format!(
        "{} of {} {} pictures are {} pictures ({})",
        with_thousands(found.len() as i64),
        with_thousands(copies.1.samples.len() as i64),
        copies.0,
        of.0,
        counts.join(", ")
    )
}

/// Every split of `data` that is there, small; train first.
fn read_splits(data: &Path) -> Result<Vec<(String, Pixels)>> {
    let target = Target {
        height: 64,
        width: 64,
        color_mode: ColorMode::Rgb,
        interpolation: Interpolation::Nearest,
    };
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
        splits.push((name.clone(), pictures::read(&folder, &name, target, None, true)?));
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
