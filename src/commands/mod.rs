//! What the program does, one file a subcommand; the only place that prints.

mod compare;
mod convert;
mod doctor;
mod duplicates;
mod evaluate;
mod import;
mod loaders;
mod pictures;
mod plot;
mod predict;
mod prepare;
mod preview;
mod repeats;
mod settings;
mod start;
mod summary;
mod synthesize;
mod train;

use crate::cli::Command;
use anyhow::Result;

/// Runs a subcommand.
///
/// # Errors
/// Whatever kept it from being done, with what to try.
pub fn run(command: Command) -> Result<()> {
    match command {
        Command::Prepare(args) => prepare::run(&args),
        Command::Synthesize(args) => synthesize::run(&args),
        Command::Summary(args) => summary::run(&args),
        Command::Train(args) => match args.repeats {
            Some(repeats) => repeats::run(&args, repeats),
            None => train::run(&args),
        },
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Convert(args) => convert::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Plot(args) => plot::run(&args),
        Command::Preview(args) => preview::run(&args),
        Command::Doctor(args) => doctor::run(&args),
    }
}

/// Prints a line to standard output. A reader that has gone away (`petite … | head`) is no error.
pub fn say(line: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}
