//! The `petite` program: parses, dispatches, prints the error chain, and sets the exit code.

mod cli;
mod commands;
mod progress;

use clap::Parser;
use cli::Cli;
use petite::{device, stop};
use std::process::ExitCode;

fn main() -> ExitCode {
    device::keep_freed_memory();
    let cli = Cli::parse();
    let done = stop::listen().and_then(|()| commands::run(cli.command));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<stop::Interrupted>() => {
            eprintln!("{error:#}");
            ExitCode::from(stop::EXIT_CODE)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
