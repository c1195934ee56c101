//! Finding pictures that are in two splits.

use crate::program::bad_list;
use crate::program::console::{say, warn};
use crate::program::progress::Terminal;
use crate::program::remedy::warn_of_data;
use anyhow::{Result, ensure};
use petite::Stop;
use petite::dataset::contradictions;
use petite::dataset::data_set::DataSet;
use petite::dataset::duplicates::{Duplicate, describe, find};
use petite::dataset::{near_copies, thumbnails};
use petite::error::{BadFolder, BadRows};
use petite::pictures::folder::{Folder, Sample};
use petite::pictures::pixels::{Pixels, Target, decode_all};
use petite::text::numbers::with_thousands;
use petite::text::shown::shown;
use std::path::Path;
use tch::Tensor;

/// Duplicates listed per pair of splits.
const EXAMPLES: usize = 5;

/// Pairs listed that are in two classes.
const CONTRADICTIONS: usize = 20;

/// Looks for pictures that are in more than one split of the data set `data`, or, if it is not
/// split, more than once in it. Prints all rows of the list `labels` that name no file.
///
/// # Errors
/// If there are any in two splits, or a split cannot be read.
pub fn check(data: &Path, labels: Option<&Path>, stop: &Stop) -> Result<()> {
    let found = match DataSet::read(data, labels, false) {
        Err(error) => {
            let bad = error.downcast_ref::<BadRows>().map(|bad| &bad.rows);
            bad.into_iter().flatten().for_each(|row| say(format_args!("data      {row}")));
            return Err(error);
        }
        Ok(found) => found,
    };
    warn_of_data(&found, "doctor");
    if let [whole] = &found.folders[..] {
        return count_copies(whole, &found.path, stop);
    }
    let splits = read_splits(&found, stop)?;
    let samples: Vec<&Sample> = splits.iter().flat_map(|(_, pixels)| &pixels.samples).collect();
    if samples.len() <= near_copies::MOST {
        let thumbnails = splits.iter().map(|(_, pixels)| thumbnails::of_pixels(pixels));
        let thumbnails = Tensor::f_cat(&thumbnails.collect::<Result<Vec<_>>>()?, 0)?;
        let all: Vec<usize> = (0..samples.len()).collect();
        let first = near_copies::with_near(all.clone(), &all, &thumbnails, stop)?;
        list_contradictions(&samples, &first, &found.classes, &found.path);
    }
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
                    shown(&copies.samples[*copy].path),
                    shown(&originals.samples[*of].path),
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

/// Lists near copies with different labels: the first ones, and their number.
fn list_contradictions(samples: &[&Sample], first: &[usize], classes: &[String], path: &Path) {
    let found = contradictions::find(samples, first);
    let pairs = with_thousands(found.len() as i64);
    match found.len() {
        0 => return say("data      no picture is in two classes"),
        1 => say(
            "data      1 pair of equal or nearly equal pictures is in two classes; petite suspects lists it for correction",
        ),
        _ => say(format_args!(
            "data      {pairs} pairs of equal or nearly equal pictures are in two classes; petite suspects lists them for correction"
        )),
    }
    for pair in found.iter().take(CONTRADICTIONS) {
        say(format_args!("          {}", contradictions::describe(pair, classes, path)));
    }
    if found.len() > CONTRADICTIONS {
        say("          …");
    }
}

/// Counts the near copies in a data set that is not split, and lists those with different labels.
fn count_copies(folder: &Folder, path: &Path, stop: &Stop) -> Result<()> {
    let bar = Terminal::bar("comparing", folder.samples.len());
    let groups = near_copies::group(&folder.samples, 0, stop, &|| bar.inc(1));
    bar.finish_and_clear();
    let groups = groups?;
    let samples: Vec<&Sample> = folder.samples.iter().collect();
    list_contradictions(&samples, &groups.first, &folder.classes, path);
    let copies = with_thousands(groups.copies() as i64);
    let of = with_thousands(folder.samples.len() as i64);
    say(format_args!(
        "data      not split; {copies} of {of} pictures are near copies of others, which petite train keeps on one side"
    ));
    Ok(())
}

/// The splits of `data`, decoded to small pictures. Bad pictures are skipped.
fn read_splits(data: &DataSet, stop: &Stop) -> Result<Vec<(String, Pixels)>> {
    let target = Target::rgb(64, 64);
    let mut splits = Vec::new();
    for folder in &data.folders {
        let bar = Terminal::bar(&folder.name, folder.samples.len());
        let decoded = decode_all(folder, target, 0, stop, &|| bar.inc(1));
        bar.finish_and_clear();
        let (pixels, bad) = decoded?;
        if !bad.is_empty() {
            let (of, folder) = (folder.samples.len(), folder.path.clone());
            let bad = BadFolder { folder, of, pictures: bad };
            warn(bad_list::skipping(&bad));
        }
        splits.push((folder.name.clone(), pixels));
    }
    Ok(splits)
}
