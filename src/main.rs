//! The `petite` program: parses, dispatches, prints the error chain, and sets the exit code.

use clap::Parser;
use petite::{cli::Cli, commands, device, interrupt};
use std::process::ExitCode;

fn main() -> ExitCode {
    device::keep_freed_memory();
    let cli = Cli::parse();
    let done = interrupt::listen().and_then(|()| commands::run(cli.command));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<interrupt::Interrupted>() => {
            eprintln!("{error:#}");
            ExitCode::from(interrupt::EXIT_CODE)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
