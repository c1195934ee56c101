//! One file per command. Only these and `progress` write to standard output.

mod compare;
mod completions;
mod convert;
mod doctor;
pub mod duplicates;
mod evaluate;
mod evaluation_text;
mod export;
mod import;
mod keras;
mod libraries;
mod man;
pub mod output_file;
mod plot;
mod predict;
mod prediction_output;
mod prepare;
mod preview;
mod processor;
mod repeats;
mod report;
mod serve;
mod speed;
mod summary;
mod suspects;
mod synthesize;
mod train;
mod watch;

use crate::program::cli::Command;
use crate::program::signals::Signals;
use anyhow::Result;

/// Runs a command. One that may take long stops early at a signal.
///
/// # Errors
/// If the command fails or is stopped.
pub fn run(command: Command, signals: &Signals) -> Result<()> {
    match command {
        Command::Prepare(args) => prepare::run(&args, &signals.stop()),
        Command::Synthesize(args) => synthesize::run(&args, &signals.stop()),
        Command::Summary(args) => summary::run(&args),
        Command::Train(args) => match args.repeats {
            Some(repeats) => repeats::run(&args, repeats, &signals.stop()),
            None => train::run(&args, &signals.stop()),
        },
        Command::Evaluate(args) => evaluate::run(&args, &signals.stop()),
        Command::Predict(args) => predict::run(&args, signals),
        Command::Report(args) => report::run(&args, &signals.stop()),
        Command::Serve(args) => serve::run(&args, signals),
        Command::Compare(args) => compare::run(&args),
        Command::Convert(args) => convert::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Plot(args) => plot::run(&args),
        Command::Preview(args) => preview::run(&args, &signals.stop()),
        Command::Watch(args) => watch::run(&args, &signals.stop()),
        Command::Suspects(args) => suspects::run(&args, &signals.stop()),
        Command::Doctor(args) => doctor::run(&args, &signals.stop()),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}
