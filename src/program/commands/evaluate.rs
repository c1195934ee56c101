//! `petite evaluate`

use crate::program::cli::EvaluateArgs;
use crate::program::commands::evaluation_text;
use crate::program::commands::output_file::{self, Kind};
use crate::program::console::say;
use crate::program::progress::Terminal;
use anyhow::{Context, Result};
use petite::{Evaluate, Stop};

pub fn run(args: &EvaluateArgs, stop: &Stop) -> Result<()> {
    if let Some(file) = &args.export {
        output_file::check(file, Kind::Tensors, args.force.force)?;
    }
    let what = Evaluate {
        run: args.run.path().to_owned(),
        scoring: args.pictures.scoring()?,
        store: true,
        export: args.export.clone(),
        against: args.against.clone(),
    };
    let evaluation = petite::evaluate(&what, &mut Terminal::new(stop))?;
    if args.json {
        let json = serde_json::to_string_pretty(&evaluation);
        say(json.context("cannot serialize the result")?);
    } else {
        evaluation_text::print(&evaluation);
    }
    Ok(())
}
