//! `petite man`

use super::output_file::{self, Kind};
use crate::program::cli::{Cli, ManArgs};
use crate::program::console::say;
use anyhow::{Context, Result};
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
use petite::files::atomic_file;

/// What the program's page says besides its help.
const SECTIONS: [(&str, &str); 2] = [
    (
        "EXIT STATUS",
        "0: success\n1: failure, with a message\n2: wrong usage\n130: interrupted (129 by SIGHUP, 143 by SIGTERM)",
    ),
    (
        "ENVIRONMENT",
        "PETITE_CACHE: folder of decoded pictures, features and weights instead of ~/.cache/petite\nNO_COLOR: if set, no colors on terminals either",
    ),
];

pub fn run(args: &ManArgs) -> Result<()> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let Some(folder) = &args.to else {
        let command = match &args.command {
            None => &program,
            Some(name) => program.find_subcommand(name).with_context(|| {
                let names: Vec<_> = program.get_subcommands().map(Command::get_name).collect();
                format!("expected a command, found {name}; try {}", names.join(", "))
            })?,
        };
        say(String::from_utf8(page(command, args.command.is_none())?)?.trim_end());
        return Ok(());
    };
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create `to` {}; try another folder", folder.display()))?;
    let pages = std::iter::once((&program, true));
    let pages = pages.chain(program.get_subcommands().map(|command| (command, false)));
    let file = |command: &Command| {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name());
        folder.join(format!("{name}.1"))
    };
    let pages: Vec<_> = pages.collect();
    for (command, _) in &pages {
        output_file::check(&file(command), Kind::Manual, args.force.force)?;
    }
    for (command, is_program) in &pages {
        atomic_file::write_bytes(&file(command), &page(command, *is_program)?)?;
    }
    say(format_args!("{} pages  {}", pages.len(), folder.display()));
    Ok(())
}

/// The page of a command, in roff.
fn page(command: &Command, is_program: bool) -> Result<Vec<u8>> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    // Man's own title has its version where the date belongs.
    let title = format!(".TH {name} 1 \"\" \"petite {}\" petite\n", env!("CARGO_PKG_VERSION"));
    let mut page = title.into_bytes();
    let man = Man::new(command.clone().name(name));
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if is_program {
        man.render_subcommands_section(&mut page)?;
        for (heading, text) in SECTIONS {
            unfilled(heading, text.lines()).to_writer(&mut page)?;
        }
    }
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    if let Some(examples) = help.strip_prefix("Examples:\n") {
        unfilled("EXAMPLES", examples.lines().map(str::trim_start)).to_writer(&mut page)?;
    }
    Ok(page)
}

/// A section whose lines stay as they are.
fn unfilled<'a>(heading: &str, lines: impl Iterator<Item = &'a str>) -> Roff {
    let mut roff = Roff::default();
    roff.control("SH", [heading]);
    roff.control("nf", []);
    for line in lines {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
    roff
}
