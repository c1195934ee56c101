//! `petite convert`

use crate::cli::ConvertArgs;
use crate::console::{say, warn};
use anyhow::{Result, ensure};
use petite::numbers::with_thousands;
use petite::run::folder::{RunFolder, WhichWeights};
use petite::weights::{self, Format};
use std::path::PathBuf;

pub fn run(args: &ConvertArgs) -> Result<()> {
    let from = source(args)?;
    let to = &args.to;
    // Check both extensions before reading a large file.
    weights::format_to_read(&from)?;
    Format::of(to)?;
    let same = match (from.canonicalize(), to.canonicalize()) {
        (Ok(from), Ok(to)) => from == to,
        _ => from == *to,
    };
    ensure!(!same, "expected two files, found {} twice; try another OUT", to.display());
    ensure!(
        !to.is_dir(),
        "expected a file name for OUT, found the folder {}; try a file in it",
        to.display()
    );
    ensure!(
        args.force || to.symlink_metadata().is_err(),
        "expected no file at {}, found one; try --force to replace it, or another name",
        to.display()
    );
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

/// The file to read: IN, or the weights in the run folder IN.
fn source(args: &ConvertArgs) -> Result<PathBuf> {
    if !args.from.is_dir() {
        ensure!(
            args.weights.is_none(),
            "expected a run folder with --weights, found {}; try leaving out --weights",
            args.from.display()
        );
        return Ok(args.from.clone());
    }
    let run = RunFolder::open(&args.from)?;
    Ok(run.weights(args.weights.map_or(WhichWeights::default(), Into::into)))
}
