//! The `petite` program: parses the command line, runs the command, prints errors with flag names
//! and sets the exit code.

#![deny(clippy::unwrap_used)]

mod cli;
mod commands;
mod console;
mod progress;
mod remedy;
mod signals;
mod wording;

use clap::{CommandFactory, FromArgMatches};
use cli::Cli;
use petite::{ErrorKind, Stop, device};
use std::process::ExitCode;

fn main() -> ExitCode {
    device::keep_freed_memory();
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let stop = Stop::default();
    let done = signals::listen(&stop).and_then(|()| commands::run(cli.command, &stop));
    let Err(error) = done else { return ExitCode::SUCCESS };
    let error = petite::Error::from(error);
    let command = matches.subcommand_name().unwrap_or_default();
    if error.kind() == ErrorKind::Interrupted {
        // The cause is last in the text; the context, which says how to continue, reads better
        // there.
        let text = error.to_string();
        match text.strip_suffix(": interrupted") {
            Some(context) => eprintln!("interrupted: {context}"),
            None => eprintln!("{text}"),
        }
        return ExitCode::from(signals::EXIT_CODE);
    }
    eprintln!("error: {}", remedy::with_flags(&remedy::add_to(&error, command), command));
    ExitCode::FAILURE
}
