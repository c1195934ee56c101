//! `petite train --repeats`: one configuration trained with several seeds.

use super::train;
use crate::program::cli::TrainArgs;
use crate::program::console::say;
use crate::program::progress::Terminal;
use anyhow::Result;
use petite::report::figure::{Figure, Run};
use petite::report::statistic::Statistic;
use petite::text::shown::quoted;
use petite::{Ended, Outcome, Recipe, Stop};
use std::path::Path;

/// Trains `repeats` runs, each in its own folder inside `--out`.
pub fn run(args: &TrainArgs, repeats: u32, stop: &Stop) -> Result<()> {
    let config = args.config()?;
    let outcomes = petite::repeat(&config, repeats, &mut Terminal::new(stop))?;
    let out = &args.out;
    if let Some(last) = outcomes.last().filter(|last| last.ended == Ended::Interrupted) {
        let flags = format!("--repeats {repeats} --out {}", quoted(out));
        let number = outcomes.len();
        return Err(
            train::interrupted(last, &flags).context(format!("in run {number} of {repeats}"))
        );
    }
    let diverged = outcomes.iter().find_map(|outcome| match outcome.ended {
        Ended::Diverged(found) => Some(train::diverged(outcome, found, &config)),
        _ => None,
    });
    if let Some(error) = diverged {
        return Err(error);
    }
    let run = |outcome: Outcome| Run {
        name: outcome.run.path().display().to_string(),
        history: outcome.history,
        val_loss_holds: true,
        test_acc: None,
    };
    report(out, &outcomes.into_iter().map(run).collect::<Vec<_>>(), config.recipe);
    Ok(())
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
        quoted(out),
        recipe.name()
    ));
}
