//! `petite completions`

use crate::program::cli::{Cli, CompletionsArgs, Shell};
use crate::program::console::say;
use anyhow::Result;
use clap::CommandFactory;
use clap_complete::{generate, shells};

pub fn run(args: &CompletionsArgs) -> Result<()> {
    let (mut command, name, mut script) = (Cli::command(), "petite", Vec::new());
    match args.shell {
        Shell::Bash => generate(shells::Bash, &mut command, name, &mut script),
        Shell::Zsh => generate(shells::Zsh, &mut command, name, &mut script),
        Shell::Fish => generate(shells::Fish, &mut command, name, &mut script),
    }
    say(String::from_utf8(script)?.trim_end());
    Ok(())
}
