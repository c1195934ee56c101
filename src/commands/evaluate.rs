//! `petite evaluate`

use crate::cli::{EvaluateArgs, machine_overrides};
use crate::commands::evaluation_text;
use crate::console::say;
use crate::progress::Terminal;
use anyhow::{Context, Result};
use petite::{Evaluate, Stop};

pub fn run(args: &EvaluateArgs, stop: &Stop) -> Result<()> {
    let mut settings = args.settings.clone();
    let evaluation = petite::evaluate(
        &Evaluate {
            run: args.run.clone(),
            split: args.split.clone(),
            data: args.data.clone(),
            labels: args.labels.clone(),
            weights: args.view.weights.into(),
            views: args.view.views(),
            skip_bad_pictures: settings.take("skip_bad_pictures")?.unwrap_or(false),
            cache: settings.take("cache")?,
            machine: machine_overrides(&mut settings)?,
            export: args.export.clone(),
            against: args.against.clone(),
        },
        &mut Terminal::new(stop),
    )?;
    if args.json {
        let json = serde_json::to_string_pretty(&evaluation);
        say(json.context("cannot serialize the result")?);
    } else {
        evaluation_text::print(&evaluation);
    }
    Ok(())
}
