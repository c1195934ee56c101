//! `petite train --repeats`: the same run with several seeds.

use super::{say, settings, train};
use crate::cli::TrainArgs;
use anyhow::{Context, Result};
use petite::history;
use petite::report::figure::{Figure, Run};
use petite::report::statistic::Statistic;
use petite::run::config::Recipe;
use petite::run::folder::RunFolder;
use petite::stop::Interrupted;
use std::path::{Path, PathBuf};

/// Trains `repeats` runs, each in a folder of its own in `--out`.
pub fn run(args: &TrainArgs, repeats: u32) -> Result<()> {
    let out = &args.out;
    let (first_seed, stored) = match args.resume {
        true => stored_settings(args)?,
        false => (settings::from_args(args)?.seed, None),
    };
    let last_seed = first_seed.checked_add(u64::from(repeats) - 1).with_context(|| {
        format!("expected a --seed that {repeats} runs can count on from, found {first_seed}; try a smaller one")
    })?;
    if !args.resume {
        RunFolder::create(out)?;
    }
    let mut runs = Vec::new();
    let mut recipe = Recipe::default();
    for (seed, number) in (first_seed..=last_seed).zip(1..) {
        let folder = out.join(format!("seed-{seed}"));
        say(format_args!("run {number}/{repeats}     {}", folder.display()));
        let args = arguments(args, seed, folder, stored.as_deref());
        train::run(&args).map_err(|error| {
            // As for one run: what was not begun leaves no folder behind.
            let _ = std::fs::remove_dir(out);
            explain(error, out, number, repeats)
        })?;
        let run = RunFolder::open(&args.out)?;
        recipe = run.read_record()?.train.recipe;
        let history = history::read(&run.history())?;
        let name = format!("seed-{seed}");
        runs.push(Run { name, history, val_loss_holds: true, test_acc: None });
        say("");
    }
    report(out, &runs, recipe);
    Ok(())
}

/// What an interrupted person needs to know. Without a run that has begun, nothing can be resumed.
fn explain(error: anyhow::Error, out: &Path, number: u32, repeats: u32) -> anyhow::Error {
    if !error.is::<Interrupted>() || !first_begun(out).is_ok_and(|run| run.is_some()) {
        return error;
    }
    let out = out.display();
    error.context(format!(
        "in run {number} of {repeats}; petite train --resume --repeats {repeats} --out {out} continues them all"
    ))
}

/// The lowest seed of the runs in `out` that have begun, and that run.
fn first_begun(out: &Path) -> Result<Option<(u64, RunFolder)>> {
    let folders = RunFolder::repeats_in(out)?.into_iter();
    Ok(folders.filter_map(|(seed, path)| Some((seed, RunFolder::open(&path).ok()?))).next())
}

/// The first seed of the runs in `--out`, and the settings of one of them, which those that are
/// missing take.
fn stored_settings(args: &TrainArgs) -> Result<(u64, Option<PathBuf>)> {
    let (seed, run) = first_begun(&args.out)?.with_context(|| {
        format!(
            "expected runs seed-1, seed-2 and so on in {} with --resume --repeats, found none; try without --resume",
            args.out.display()
        )
    })?;
    // Flags that would change the runs are found before any is continued.
    let flags = TrainArgs { out: run.path().to_owned(), seed: None, ..args.clone() };
    settings::from_args(&flags)?;
    Ok((args.seed.unwrap_or(seed), Some(run.config())))
}

/// The arguments of one run: it is resumed if it has begun; else it is trained as asked, or with
/// the settings `stored`.
fn arguments(args: &TrainArgs, seed: u64, out: PathBuf, stored: Option<&Path>) -> TrainArgs {
    let begun = args.resume && RunFolder::open(&out).is_ok();
    TrainArgs {
        repeats: None,
        seed: Some(seed),
        resume: begun,
        config: if begun { None } else { stored.map(Path::to_owned).or(args.config.clone()) },
        out,
        ..args.clone()
    }
}

fn report(out: &Path, runs: &[Run], recipe: Recipe) {
    for figure in [Figure::LastValAcc, Figure::MeanValAcc, Figure::LowestValLoss] {
        let statistic = Statistic::of(runs.iter().map(|run| figure.of(run)));
        let shown = statistic.map_or("n/a".to_owned(), |runs| runs.show(figure.decimals()));
        say(format_args!("{:<26}{shown}", figure.label()));
    }
    say(format_args!("{:<26}{} seeds, in {}", "over", runs.len(), out.display()));
    say(format_args!(
        "next                      petite compare --run {} --reference book-{}",
        out.display(),
        recipe.name()
    ));
}
