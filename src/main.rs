//! The `petite` program: parses, dispatches, prints errors with the names of flags, and sets the exit
//! code.

mod cli;
mod commands;
mod progress;
mod remedy;
mod signals;

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
        eprintln!("{error}");
        return ExitCode::from(signals::EXIT_CODE);
    }
    eprintln!("error: {}", remedy::with_flags(&remedy::add_to(&error, command), command));
    ExitCode::FAILURE
}
