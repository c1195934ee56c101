//! The `petite` program: parses the command line, runs the command, prints errors with flag names
//! and sets the exit code.

mod bad_list;
mod cli;
mod commands;
mod console;
mod duration;
mod estimate;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod openmp;
mod progress;
mod remedy;
mod signals;
mod training_bar;
mod watch;
mod wording;

use self::cli::Cli;
use self::signals::Signals;
use clap::{CommandFactory, FromArgMatches};
use petite::{ErrorKind, machine::device};
use std::process::ExitCode;

/// Exit code of a wrong command line.
const USAGE: u8 = 2;

pub fn main() -> ExitCode {
    device::keep_freed_memory();
    let parsed = Cli::command().try_get_matches().and_then(|matches| {
        let command = matches.subcommand_name().unwrap_or_default().to_owned();
        Ok((Cli::from_arg_matches(&matches)?, command))
    });
    match parsed {
        Ok((cli, command)) => run(cli, &command),
        Err(answer) => {
            console::show(&answer);
            if answer.use_stderr() { ExitCode::from(USAGE) } else { after_output() }
        }
    }
}

/// Runs the command, called `name` on the command line.
fn run(cli: Cli, name: &str) -> ExitCode {
    let signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            console::warn(format_args!("error: {error:#}"));
            return ExitCode::FAILURE;
        }
    };
    let Err(error) = commands::run(cli.command, &signals) else { return after_output() };
    let error = petite::Error::from(error);
    if error.kind() == ErrorKind::Interrupted {
        // The cause is last in the text; the context, which says how to continue, reads better
        // there.
        let text = error.to_string();
        match text.strip_suffix(": interrupted") {
            Some(context) => console::warn(format_args!("interrupted: {context}")),
            None => console::warn(text),
        }
        return signals.exit_code();
    }
    let text = remedy::with_flags(&remedy::add_to(&error, name), name);
    console::warn(format_args!("error: {text}"));
    ExitCode::FAILURE
}

/// The exit code of a program that has done its work: whether its output was written, too.
fn after_output() -> ExitCode {
    match console::check() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::warn(format_args!("error: cannot write to standard output: {error}"));
            ExitCode::FAILURE
        }
    }
}
