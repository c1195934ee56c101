//! Flags of the commands for shells and manuals: completions, man.

use super::{ForceArgs, examples};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Print the completions of a shell
///
/// Commands, flags and named values, such as recipes, models and devices, can then be completed with
/// the Tab key. Write them to where the shell looks for them, and start a new shell; zsh needs
/// fpath=(~/.zfunc $fpath) before compinit in its .zshrc.
#[derive(Debug, Args)]
#[command(after_help = examples::COMPLETIONS)]
pub struct CompletionsArgs {
    /// Shell to complete in
    #[arg(value_enum)]
    pub shell: Shell,
}

/// A shell with completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Print the manual page of a command, or write all pages
#[derive(Debug, Args)]
#[command(after_help = examples::MAN)]
pub struct ManArgs {
    /// Command whose page to print [default: the program's page]
    #[arg(value_name = "COMMAND", conflicts_with = "to")]
    pub command: Option<String>,
    /// Write all pages to this folder, as petite.1, petite-train.1 and so on
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    #[command(flatten)]
    pub force: ForceArgs,
}
