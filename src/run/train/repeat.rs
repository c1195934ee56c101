//! Training the same settings with several seeds, each run in a separate folder.

use crate::error::{ensure_or, fault};
use crate::files::folder_lock::FolderLock;
use crate::run::events::{Events, Note};
use crate::run::folder::RunFolder;
use crate::run::outcome::{Ended, Outcome};
use crate::run::settings::config::Config;
use crate::run::train::train;
use anyhow::Result;

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
