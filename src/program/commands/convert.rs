//! `petite convert`

use super::output_file::{self, Kind};
use crate::program::cli::{ConvertArgs, Weights};
use crate::program::console::{say, warn};
use anyhow::{Result, bail, ensure};
use petite::run::folder::{RunFolder, WhichWeights};
use petite::text::numbers::with_thousands;
use petite::weights::{self, Format};
use std::path::{Path, PathBuf};

pub fn run(args: &ConvertArgs) -> Result<()> {
    let (from, to) = match (&args.run, &args.to) {
        (Some(run), _) => (run, &args.from),
        (None, Some(to)) => (&args.from, to),
        (None, None) => bail!("expected IN and OUT, found one path; try adding OUT"),
    };
    let from = source(from, args.weights)?;
    // Check both extensions before reading a large file.
    weights::format_to_read(&from)?;
    Format::of(to)?;
    let same = match (from.canonicalize(), to.canonicalize()) {
        (Ok(from), Ok(to)) => from == to,
        _ => from == *to,
    };
    ensure!(!same, "expected two files, found {} twice; try another OUT", to.display());
    output_file::check(to, Kind::Tensors, args.force.force)?;
    let (tensors, metadata) = weights::load(&from)?;
    let left_out = metadata.get(weights::LEFT_OUT).cloned();
    weights::save(to, &tensors, metadata)?;
    if let Some(unusable) = weights::unusable(&tensors)? {
        let from = from.display();
        warn(format_args!("warning: expected finite weights in {from}, found {unusable}"));
    }
    if let Some(names) = left_out {
        warn(format_args!("left out    {names}"));
    }
    let values: usize = tensors.iter().map(|(_, tensor)| tensor.numel()).sum();
    say(format_args!(
        "{}: {} tensors, {} values, from {}",
        to.display(),
        tensors.len(),
        with_thousands(values as i64),
        from.display()
    ));
    Ok(())
}

/// The file to read: `from`, or `weights` in the run folder `from`.
fn source(from: &Path, weights: Option<Weights>) -> Result<PathBuf> {
    if !from.is_dir() {
        ensure!(
            weights.is_none(),
            "expected a run folder with --weights, found {}; try leaving out --weights",
            from.display()
        );
        return Ok(from.to_owned());
    }
    let run = RunFolder::open(from)?;
    Ok(run.weights(weights.map_or(WhichWeights::default(), Into::into)))
}
