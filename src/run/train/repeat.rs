//! Training the same settings with several seeds, each run in a separate folder.

use crate::error::{ensure_or, fault};
use crate::files::folder_lock::FolderLock;
use crate::run::events::{Events, Note};
use crate::run::folder::RunFolder;
use crate::run::outcome::{Ended, Outcome};
use crate::run::settings::config::Config;
use crate::run::train::train;
use anyhow::Result;
use std::path::Path;

/// Trains `repeats` runs: see [`petite::repeat`](crate::repeat).
pub(crate) fn repeat(
    config: &Config,
    repeats: u32,
    events: &mut dyn Events,
) -> Result<Vec<Outcome>> {
    let (out, first_seed) = (&config.output.folder, config.seed);
    ensure_or!(Setting, repeats > 0, "expected `repeats` of 1 or more, found 0");
    let Some(last_seed) = first_seed.checked_add(u64::from(repeats) - 1) else {
        fault!(
            Setting,
            "expected a `seed` of at most {} for {repeats} runs, found {first_seed}; try a smaller one",
            u64::MAX - (u64::from(repeats) - 1)
        );
    };
    if !config.output.resume {
        RunFolder::create_for_repeats(out)?;
    }
    let lock = FolderLock::take(out)?;
    let mut outcomes = Vec::new();
    for (seed, number) in (first_seed..=last_seed).zip(1..) {
        let folder = out.join(format!("seed-{seed}"));
        events.note(&Note::Repeat { number, of: repeats, out: &folder });
        let resume = config.output.resume && RunFolder::open(&folder).is_ok();
        let mut one = Config { seed, ..config.clone() };
        one.output.folder = folder;
        one.output.resume = resume;
        let outcome = match train(&one, events) {
            Ok(outcome) => outcome,
            Err(error) => {
                // As for a single run, remove the folder if it is still empty.
                drop(lock);
                let _ = std::fs::remove_dir(out);
                return Err(error.context(format!("in run {number} of {repeats}")));
            }
        };
        let is_interrupted = outcome.ended == Ended::Interrupted;
        outcomes.push(outcome);
        if is_interrupted {
            break;
        }
    }
    Ok(outcomes)
}

/// The settings of the runs in `out`: those of the started run with the lowest seed.
///
/// # Errors
/// If no run was started there.
pub fn stored(out: &Path) -> Result<Config> {
    let folders = RunFolder::repeats_in(out)?.into_iter();
    let mut started = folders.filter_map(|(seed, path)| Some((seed, RunFolder::open(&path).ok()?)));
    let Some((seed, run)) = started.next() else {
        fault!(
            Run,
            "expected runs seed-1, seed-2 and so on in {} with `resume` `repeats`, found none; try without `resume`",
            out.display()
        );
    };
    Ok(Config { seed, ..run.read_record()?.train })
}
