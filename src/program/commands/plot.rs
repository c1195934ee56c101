//! `petite plot`

use super::output_file::{self, Kind};
use crate::program::cli::PlotArgs;
use crate::program::commands::compare::paths_of_curves;
use crate::program::console::{say, warn};
use anyhow::{Result, anyhow};
use petite::report::curves;
use petite::run::folder::checkpoint;
use petite::{history, run::folder::RunFolder};

pub fn run(args: &PlotArgs) -> Result<()> {
    let run = RunFolder::open(args.run.path())?;
    let (png, svg) = paths_of_curves(args.to.as_deref(), run.path(), "curves");
    for file in [&png, &svg].into_iter().filter(|_| args.to.is_some()) {
        output_file::check(file, Kind::Drawing, args.force.force)?;
    }
    let history = history::read(&run.history())?;
    checkpoint::odd_history(&run, &history)
        .iter()
        .for_each(|odd| warn(format_args!("warning: {odd}")));
    curves::write_both(&png, &svg, &history).map_err(|error| anyhow!("{error:#}; try --to DIR"))?;
    say(format_args!("curves  {}, {}", png.display(), svg.display()));
    Ok(())
}
