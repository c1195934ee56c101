//! `petite evaluate`

use super::pictures::{self, Reading};
use super::{say, settings};
use crate::cli::EvaluateArgs;
use anyhow::{Context, Result, bail};
use petite::atomic_file;
use petite::batches::loader::Loader;
use petite::memory::free_memory;
use petite::pictures::folder::Folder;
use petite::run::evaluate::{Evaluation, evaluate};
use petite::run::export;
use petite::run::trained::WhichWeights;
use petite::weights::Format;
use serde::Serialize;

/// What `SPLIT.json` holds.
#[derive(Debug, Serialize)]
struct Report<'a> {
    split: &'a str,
    weights: WhichWeights,
    /// Whether mirror images were looked at too.
    flip: bool,
    #[serde(flatten)]
    evaluation: &'a Evaluation,
}

pub fn run(args: &EvaluateArgs) -> Result<()> {
    check_split_name(&args.split)?;
    if let Some(file) = &args.export {
        Format::of(file)?;
    }
    let (run, trained) = settings::load_trained(&args.run, args.weights, &args.device)?;
    let config = &trained.record.train;
    let device = trained.network.device();

    let data = args.data.as_ref().unwrap_or(&config.data);
    let classes = &trained.record.classes;
    let folder = Folder::read_split(data, &args.split, Some(classes))?;
    let cache = args.cache.unwrap_or(config.cache);
    let reading = Reading {
        target: config.target(),
        // Only the result is printed here.
        cache: cache.choose(pictures::bytes_of(&[&folder], config.target()), free_memory()),
        loader_threads: config.loader_threads,
        skip_bad: args.skip_bad_pictures || config.skip_bad_pictures,
    };
    let source = pictures::open(&folder, &args.split, reading)?.source;
    let samples = source.samples().to_vec();
    // The batches of training's own validation, so that the same weights give the same numbers.
    let mut loader = Loader::sorted(source, device, config.batch_size)?;
    let (evaluation, probabilities) =
        evaluate(&trained.network, &mut loader, trained.loss, classes, settings::views(args.flip))?;
    if let Some(file) = &args.export {
        export::save(file, &mut loader, &samples, classes, &probabilities)?;
    }

    let report = Report {
        split: &args.split,
        weights: args.weights,
        flip: args.flip,
        evaluation: &evaluation,
    };
    let json = serde_json::to_string_pretty(&report).context("cannot turn the result into JSON")?;
    let written = atomic_file::write_bytes(&run.evaluation(&args.split), json.as_bytes());
    if args.json {
        say(json);
    } else {
        print_table(&args.split, &evaluation);
    }
    written
}

fn print_table(split: &str, evaluation: &Evaluation) {
    say(format_args!(
        "{split}: loss {:.4}, acc {:.4} over {} pictures",
        evaluation.loss, evaluation.acc, evaluation.pictures
    ));
    let confusion = &evaluation.confusion;
    let longest = confusion.classes.iter().map(|class| class.chars().count()).max().unwrap_or(0);
    let width = longest.max(6) + 2;
    let header: String = confusion.classes.iter().map(|class| format!("{class:>width$}")).collect();
    say(format_args!("{:<width$}{header}{:>9}", "told as", "right"));
    for ((class, counts), recall) in
        confusion.classes.iter().zip(&confusion.counts).zip(confusion.recall())
    {
        let row: String = counts.iter().map(|count| format!("{count:>width$}")).collect();
        say(format_args!("{class:<width$}{row}{:>8.1}%", recall * 100.0));
    }
}

/// A split's name is one folder inside the data set, and names a file in the run.
fn check_split_name(split: &str) -> Result<()> {
    if split.is_empty()
        || split.contains(['/', '\\'])
        || split.starts_with('.')
        || split == "config"
    {
        bail!("expected --split to name a folder inside the data set, found {split:?}; try test");
    }
    Ok(())
}
