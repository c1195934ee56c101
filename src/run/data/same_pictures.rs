//! Whether a data set still has the pictures that a run was trained on.

use crate::dataset::data_set::DataSet;
use crate::dataset::layout::ALL;
use crate::dataset::part::Part;
use crate::error::ensure_or;
use crate::pictures::folder::Folder;
use crate::run::events::Events;
use crate::run::folder::RunFolder;
use crate::run::folder::changes::{Change, Changes};
use crate::run::folder::checkpoint::Checkpoint;
use crate::run::folder::fingerprint::{Fingerprint, TEST};
use crate::run::settings::config::Config;
use crate::run::warning::Warning;
use crate::stop::Stop;
use anyhow::Result;
use std::collections::HashMap;
use std::path::Path;

/// The state of the pictures of `folders`. A resumed `run` must have been trained on the same
/// training and validation pictures; other test pictures are a warning, and those of the run stay
/// in its file.
///
/// # Errors
/// If it was trained on others; also as [`Fingerprint::of`].
pub fn checked(
    folders: &[&Folder],
    config: &Config,
    run: &RunFolder,
    resumed: Option<&Checkpoint>,
    events: &mut dyn Events,
) -> Result<Fingerprint> {
    let (path, stop) = (run.pictures(), events.stop());
    let stored = match config.output.resume && path.exists() {
        true => Some(Fingerprint::read(&path)?),
        false => None,
    };
    let mut found = Fingerprint::of(
        folders,
        stored.as_ref(),
        config.pictures.loader_threads.unwrap_or(0),
        &stop,
    )?;
    let data = config.data.path.as_deref().unwrap_or(Path::new(""));
    let expected = |changes: &Changes| {
        format!(
            "expected the pictures in {} as at the start of the run {}, found {changes}; try restoring them",
            data.display(),
            run.path().display()
        )
    };
    if let Some(stored) = &stored {
        let changes = found.changes_since(stored, |part| part != TEST);
        ensure_or!(
            Run,
            changes.is_empty(),
            "{}, or a new `out`{}",
            expected(&changes),
            changes.list()
        );
    }
    let sum = resumed.and_then(|saved| saved.made_with.as_ref()?.pictures.as_ref());
    ensure_or!(
        Run,
        sum.is_none_or(|sum| *sum == found.sum()),
        "expected the pictures in {} as the run {} was trained on them, found others, which {} does not name; try restoring them, or a new `out`",
        data.display(),
        run.path().display(),
        path.display()
    );
    let has_begun = |saved: &Checkpoint| saved.progress.epochs() + saved.progress.steps() > 0;
    if stored.is_none() && resumed.is_some_and(has_begun) {
        events.warning(&Warning::Odd(&format!(
            "expected the state of the pictures in {}, found none, so it is not known whether {} pictures have changed; it is written again",
            path.display(),
            if sum.is_some() { TEST } else { "the" }
        )));
    }
    if let Some(before) = stored.and_then(|stored| stored.of_part(TEST)) {
        let changes = found.changes_since(&before, |part| part == TEST);
        if !changes.is_empty() {
            events.warning(&Warning::Odd(&format!("{}{}", expected(&changes), changes.list())));
            found = found.with_part(TEST, before);
        }
    }
    Ok(found)
}

/// How the pictures of `folder`, a part of the data set of `run`, differ from those at the run's
/// start, in a sentence; `None` if they do not, or the run does not know.
///
/// # Errors
/// As [`Fingerprint::of`].
pub fn odd(folder: &Folder, run: &RunFolder, stop: &Stop) -> Result<Option<String>> {
    let path = run.pictures();
    if !path.exists() {
        return Ok(run.checkpoint().exists().then(|| {
            format!(
                "expected the state of the run's pictures in {}, found none, so it is not known whether they have changed; try petite train --resume, which writes it again",
                path.display()
            )
        }));
    }
    let stored = match Fingerprint::read(&path) {
        Ok(stored) => stored,
        Err(error) => return Ok(Some(format!("{error:#}"))),
    };
    let name = folder.name.clone();
    let part = Part::named(&name).map_or(name.as_str(), |part| part.name());
    let Some(stored) = stored.of_part(part) else { return Ok(None) };
    let folder = Folder { name: part.to_owned(), ..folder.clone() };
    let changes =
        Fingerprint::of(&[&folder], Some(&stored), 0, stop)?.changes_since(&stored, |_| true);
    Ok((!changes.is_empty()).then(|| {
        format!(
            "expected the {part} pictures in {} as at the start of the run {}, found {changes}; try restoring them{}",
            folder.path.display(),
            run.path().display(),
            changes.list()
        )
    }))
}

/// Checks that the pictures of the run's `split.csv` still have their classes, and if a list names
/// their parts, these; warns about pictures that were added.
///
/// # Errors
/// If a picture has another class or part now.
pub fn check_labels(
    own: &DataSet,
    now: &DataSet,
    run: &RunFolder,
    events: &mut dyn Events,
) -> Result<()> {
    let before: HashMap<&Path, _> = labels_of(own).collect();
    // Petite took the run's validation pictures from those to train on if there were no others.
    let is_split = now.part(Part::Validation).is_some();
    let is_same = |part: &str, old: &str| {
        let is_from_train = part == Part::Train.name() && old == Part::Validation.name();
        part == ALL || part == old || (!is_split && is_from_train)
    };
    let (mut anew, mut added) = (Changes::default(), Changes::default());
    for (path, (label, part)) in labels_of(now) {
        let shown = path.strip_prefix(&now.path).unwrap_or(path).to_owned();
        match before.get(path) {
            None => added.0.push((Change::Added, part.to_owned(), shown)),
            Some(&(old, old_part)) if old != label || !is_same(part, old_part) => {
                anew.0.push((Change::LabeledAnew, old_part.to_owned(), shown));
            }
            Some(_) => {}
        }
    }
    let list = run.split();
    ensure_or!(
        Run,
        anew.is_empty(),
        "expected the classes and parts of {} in {}, found {anew}; try restoring them, or a new `out`{}",
        list.display(),
        now.path.display(),
        anew.list()
    );
    if !added.is_empty() {
        events.warning(&Warning::Odd(&format!(
            "expected the pictures of {} in {}, found {added}, which the run does not use; try a new `out`{}",
            list.display(),
            now.path.display(),
            added.list()
        )));
    }
    Ok(())
}

/// The class and the part of every picture.
fn labels_of(data: &DataSet) -> impl Iterator<Item = (&Path, (&str, &str))> {
    data.folders.iter().flat_map(|folder| {
        folder.samples.iter().map(move |sample| {
            let label = folder.classes.get(sample.label).map_or("", String::as_str);
            (sample.path.as_path(), (label, folder.name.as_str()))
        })
    })
}
