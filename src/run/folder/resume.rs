//! Resuming a run, which continues with its own settings.

use crate::error::ensure_or;
use crate::files::text_file;
use crate::history::{self, Writer};
use crate::pictures::depth::Depth;
use crate::run::folder::made_with::{MadeWith, differences};
use crate::run::folder::progress::Progress;
use crate::run::folder::{RunFolder, RunRecord};
use crate::run::settings::config::Config;
use crate::text::numbers::{difference, listed};
use crate::training::schedule::Schedule;
use anyhow::Result;

/// What has changed since `run` was last trained, with its record `now`, and may change its results by
/// rounding: versions, device and precision, each as `libtorch 2.11.0 instead of 2.10.0`.
///
/// # Errors
/// If the run's record cannot be read.
pub fn changes(now: &RunRecord, run: &RunFolder) -> Result<Vec<String>> {
    let of = |record: &RunRecord| {
        let RunRecord { versions, device, train, .. } = record;
        let precision = serde_json::to_value(train.machine.precision).unwrap_or_default();
        [
            ("petite ", versions.petite.clone()),
            ("libtorch ", versions.libtorch.clone()),
            ("", device.clone()),
            ("", precision.as_str().unwrap_or_default().to_owned()),
        ]
    };
    let pairs = of(now).into_iter().zip(of(&run.read_record()?));
    let changed = pairs.filter(|(now, before)| now != before);
    Ok(changed
        .map(|((what, now), (_, before))| format!("{what}{now} instead of {before}"))
        .collect())
}

/// Writes `history.csv` from the checkpoint's `progress`, and takes the values of the clock, which the
/// checkpoint lacks, from the file. Returns what was wrong with the file if it had other epochs.
///
/// # Errors
/// If the file cannot be written.
pub fn restore_history(
    run: &RunFolder,
    progress: &mut Progress,
) -> Result<(Writer, Option<String>)> {
    let path = run.history();
    let read = text_file::read(&path, u64::MAX);
    let found = read.as_deref().map(history::parse_good).unwrap_or_default();
    for (row, found) in progress.rows.iter_mut().zip(&found) {
        if found.without_clock() == *row {
            *row = *found;
        }
    }
    let wrong = match (read, progress.rows.len()) {
        (_, 0) => None,
        (Err(error), _) => Some(error.to_string()),
        (Ok(text), _) if !text.ends_with('\n') => {
            Some(format!("{} and a cut line", counted(found.len())))
        }
        (Ok(_), _) if found == progress.rows => None,
        (Ok(_), epochs) if found.len() == epochs => Some("other values".to_owned()),
        (Ok(_), _) => Some(counted(found.len())),
    };
    Ok((Writer::start(&path, &progress.rows)?, wrong))
}

/// `1 epoch`, `2 epochs`
fn counted(epochs: usize) -> String {
    format!("{epochs} epoch{}", if epochs == 1 { "" } else { "s" })
}

/// Checks that `run` is resumed with the settings that its checkpoint was `made_with`, or those of its
/// `config.json` if the checkpoint does not know. A `depth` of auto is the one that the run found.
///
/// # Errors
/// If a setting differs that changes the weights; the error names all such settings.
pub fn check(config: &mut Config, run: &RunFolder, made_with: Option<&MadeWith>) -> Result<()> {
    let (record, path) = (run.read_record()?.train, run.path().display());
    let stored = made_with.map_or(&record, |made_with| &made_with.train);
    if config.pictures.depth == Some(Depth::Auto) {
        config.pictures.depth = stored.pictures.depth;
    }
    let config = &*config;
    let is_cosine = [config, stored].iter().all(|config| config.schedule == Schedule::Cosine);
    ensure_or!(
        Run,
        !is_cosine || config.training.epochs == stored.training.epochs,
        "expected `epochs` {} as in {path}, found {}: all rates of the cosine `schedule` depend on it; try `from` {path} with a new `out`, which starts a new schedule from the last weights",
        stored.training.epochs,
        config.training.epochs
    );
    let mut others = differences(config, stored);
    // Without the sums of the pictures, nobody knows whether they are the same elsewhere.
    let is_known = made_with.is_some_and(|made_with| made_with.pictures.is_some());
    if !is_known && !run.pictures().exists() && config.data.path != record.data.path {
        others.push(("`data`".to_owned(), String::new()));
    }
    let is_edited = !others.is_empty() && differences(config, &record).is_empty();
    let names: Vec<&str> = others.iter().map(|(name, _)| name.as_str()).collect();
    ensure_or!(
        Run,
        !(is_edited && made_with.is_some()),
        "expected the settings of the checkpoint in {path}, found another {} in its config.json; try restoring that file, or {}",
        names.join(", "),
        others.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(" ")
    );
    ensure_or!(
        Run,
        others.is_empty(),
        "expected the settings of the run in {path} with `resume`, found another {}; try changing only {}",
        names.join(", "),
        free_settings().join(", ")
    );
    Ok(())
}

/// The names of the settings that may be others when a run is resumed, in backticks.
fn free_settings() -> Vec<String> {
    let free = Config::settings().iter().filter(|setting| setting.on_resume.is_some());
    free.map(|setting| format!("`{}`", setting.name())).collect()
}

/// Checks that the data set still has the classes of `run`: its network has one output for each.
///
/// # Errors
/// If it has others; the error names both lists.
pub fn check_classes(
    classes: &[String],
    run: &RunFolder,
    made_with: Option<&MadeWith>,
) -> Result<()> {
    let recorded = run.read_record()?.classes;
    let stored = made_with.map_or(&recorded, |made_with| &made_with.classes);
    ensure_or!(
        Run,
        stored == classes,
        "expected the classes {} of the run {}, found {}{}; try a new `out`",
        listed(stored),
        run.path().display(),
        listed(classes),
        difference(stored, classes)
    );
    Ok(())
}
