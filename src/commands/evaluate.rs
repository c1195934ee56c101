//! `petite evaluate`

use crate::cli::{EvaluateArgs, machine_overrides};
use crate::console::say;
use crate::progress::Terminal;
use anyhow::{Context, Result};
use petite::{Evaluate, Evaluation, Stop};

pub fn run(args: &EvaluateArgs, stop: &Stop) -> Result<()> {
    let mut settings = args.settings.clone();
    let evaluation = petite::evaluate(
        &Evaluate {
            run: args.run.clone(),
            split: args.split.clone(),
            data: args.data.clone(),
            labels: args.labels.clone(),
            weights: args.view.weights.into(),
            views: args.view.views(),
            skip_bad_pictures: settings.take("skip_bad_pictures")?.unwrap_or(false),
            cache: settings.take("cache")?,
            machine: machine_overrides(&mut settings)?,
            export: args.export.clone(),
        },
        &mut Terminal::new(stop),
    )?;
    if args.json {
        let json = serde_json::to_string_pretty(&evaluation);
        say(json.context("cannot serialize the result")?);
    } else {
        print_table(&evaluation);
    }
    Ok(())
}

fn print_table(evaluation: &Evaluation) {
    say(format_args!(
        "{}: loss {:.4}, acc {:.4} over {} pictures",
        evaluation.split, evaluation.loss, evaluation.acc, evaluation.pictures
    ));
    let confusion = &evaluation.confusion;
    let corner = r"true \ predicted";
    let longest = confusion.classes.iter().map(|class| class.chars().count()).max().unwrap_or(0);
    let first = longest.max(corner.len()) + 2;
    let width = longest.max(6) + 2;
    let header: String = confusion.classes.iter().map(|class| format!("{class:>width$}")).collect();
    say(format_args!("{corner:<first$}{header}{:>9}", "recall"));
    for ((class, counts), recall) in
        confusion.classes.iter().zip(&confusion.counts).zip(confusion.recall())
    {
        let row: String = counts.iter().map(|count| format!("{count:>width$}")).collect();
        say(format_args!("{class:<first$}{row}{:>8.1}%", recall * 100.0));
    }
}
