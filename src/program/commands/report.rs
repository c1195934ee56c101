//! `petite report`

use super::output_file::{self, Kind};
use crate::program::cli::ReportArgs;
use crate::program::console::say;
use crate::program::progress::Terminal;
use anyhow::Result;
use petite::{Report, Stop};
use std::path::Path;

pub fn run(args: &ReportArgs, stop: &Stop) -> Result<()> {
    let runs = args.runs.paths();
    let first = runs.first().map_or(Path::new("."), |run| run.as_path());
    if let Some(to) = &args.to {
        output_file::check(to, Kind::Report, args.force.force)?;
    }
    let to = args.to.clone().unwrap_or_else(|| first.join("report.html"));
    let report = Report {
        scoring: args.pictures.scoring()?,
        reference: args.reference.clone(),
        ..Report::new(runs.iter().cloned(), &to)
    };
    petite::report(&report, &mut Terminal::new(stop))?;
    say(to.display());
    Ok(())
}
