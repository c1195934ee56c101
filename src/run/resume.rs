//! Resuming a run, which continues with its own settings.

use super::config::Config;
use super::folder::RunFolder;
use crate::device::DeviceChoice;
use crate::error::ensure_or;
use crate::numbers::{difference, listed};
use crate::pictures::cache::CachePolicy;
use crate::precision::PrecisionChoice;
use crate::training::schedule::Schedule;
use anyhow::Result;
use std::path::PathBuf;

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
        "expected the settings of the run in {} with `resume`, found another {}; try changing only `epochs`, `device`, `cache` and `threads`",
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
        loader_threads: None,
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
