//! Resuming a run, which continues with its own settings.

use super::config::Config;
use super::folder::{RunFolder, RunRecord, Versions};
use super::progress::Progress;
use crate::device::DeviceChoice;
use crate::error::ensure_or;
use crate::history::{self, Writer};
use crate::numbers::{difference, listed};
use crate::pictures::cache::CachePolicy;
use crate::precision::PrecisionChoice;
use crate::text_file;
use crate::training::schedule::Schedule;
use anyhow::Result;
use std::path::PathBuf;

/// What has changed since `run` was last trained and may change its results by rounding: versions,
/// device and precision, each as `libtorch 2.11.0 instead of 2.10.0`.
///
/// # Errors
/// If the run's record cannot be read.
pub fn changes(config: &Config, device: &str, run: &RunFolder) -> Result<Vec<String>> {
    let RunRecord { versions, device: before, train, .. } = run.read_record()?;
    let now = Versions::current();
    let precision = |choice: PrecisionChoice| {
        let json = serde_json::to_value(choice).unwrap_or_default();
        json.as_str().unwrap_or_default().to_owned()
    };
    let pairs = [
        ("petite ", now.petite, versions.petite),
        ("libtorch ", now.libtorch, versions.libtorch),
        ("", device.to_owned(), before),
        ("", precision(config.precision), precision(train.precision)),
    ];
    let changed = pairs.into_iter().filter(|(_, now, before)| now != before);
    Ok(changed.map(|(what, now, before)| format!("{what}{now} instead of {before}")).collect())
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

/// Checks that `run` is resumed with its own settings.
///
/// # Errors
/// If a setting differs that changes the weights; the error names all such settings.
pub fn check(config: &Config, run: &RunFolder) -> Result<()> {
    let stored = run.read_record()?.train;
    ensure_or!(
        Run,
        config.schedule != Schedule::Cosine || config.epochs == stored.epochs,
        "expected `epochs` {} as in {}, found {}: all rates of the cosine `schedule` depend on it; try a new `out`",
        stored.epochs,
        run.path().display(),
        config.epochs
    );
    let others = differences(config, &stored);
    ensure_or!(
        Run,
        others.is_empty(),
        "expected the settings of the run in {} with `resume`, found another {}; try changing only `epochs`, `device`, `cache`, `threads`, `checkpoint_every`, `keep` and `tensorboard`",
        run.path().display(),
        others.join(", ")
    );
    Ok(())
}

/// Checks that the data set still has the classes of `run`: its network has one output for each.
///
/// # Errors
/// If it has others; the error names both lists.
pub fn check_classes(classes: &[String], run: &RunFolder) -> Result<()> {
    let stored = run.read_record()?.classes;
    ensure_or!(
        Run,
        stored == classes,
        "expected the classes {} of the run {}, found {}{}; try a new `out`",
        listed(&stored),
        run.path().display(),
        listed(classes),
        difference(&stored, classes)
    );
    Ok(())
}

/// The settings of `config`, in backticks, that differ from those of `other` and change the weights
/// by more than rounding. Those of the machine do not, nor does the number of epochs, up to the end
/// of the shorter run.
fn differences(config: &Config, other: &Config) -> Vec<String> {
    let comparable = |config: &Config| Config {
        // All rates of a cosine depend on the number of epochs.
        epochs: if config.schedule == Schedule::Cosine { config.epochs } else { 0 },
        device: DeviceChoice::Auto,
        precision: PrecisionChoice::Auto,
        cuda_graph: true,
        threads: None,
        checkpoint_every: None,
        keep: None,
        tensorboard: false,
        loader_threads: None,
        max_pixels: 0,
        cache: CachePolicy::Auto,
        out: PathBuf::new(),
        resume: false,
        ..config.clone()
    };
    let json = |config| serde_json::to_value(comparable(config)).unwrap_or_default();
    let (own, others) = (json(config), json(other));
    let all = Config::settings().into_iter();
    let differing = all.filter(|setting| setting.value_in(&own) != setting.value_in(&others));
    let mut names: Vec<String> = differing.map(|setting| format!("`{}`", setting.name())).collect();
    if names.is_empty() && own != others {
        names.push("`network`".to_owned());
    }
    names
}
