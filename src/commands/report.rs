//! `petite report`

use crate::cli::{ReportArgs, machine_overrides};
use crate::console::say;
use crate::progress::Terminal;
use anyhow::Result;
use petite::{Report, Stop};
use std::path::Path;

pub fn run(args: &ReportArgs, stop: &Stop) -> Result<()> {
    let mut settings = args.settings.clone();
    let first = args.runs.first().map_or(Path::new("."), |run| run.as_path());
    let to = args.to.clone().unwrap_or_else(|| first.join("report.html"));
    let report = Report {
        split: args.split.clone(),
        data: args.data.clone(),
        labels: args.labels.clone(),
        weights: args.view.weights.into(),
        views: args.view.views(),
        skip_bad_pictures: settings.take("skip_bad_pictures")?.unwrap_or(false),
        cache: settings.take("cache")?,
        machine: machine_overrides(&mut settings)?,
        reference: args.reference.clone(),
        ..Report::new(args.runs.iter().cloned(), &to)
    };
    petite::report(&report, &mut Terminal::new(stop))?;
    say(to.display());
    Ok(())
}
