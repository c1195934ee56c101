//! `petite plot`

use crate::cli::PlotArgs;
use crate::console::say;
use anyhow::Result;
use petite::report::curves;
use petite::{history, run::folder::RunFolder};

pub fn run(args: &PlotArgs) -> Result<()> {
    let run = RunFolder::open(args.run.path())?;
    let (png, svg) = (run.curves("png"), run.curves("svg"));
    curves::write_both(&png, &svg, &history::read(&run.history())?)?;
    say(format_args!("curves  {}, {}", png.display(), svg.display()));
    Ok(())
}
