//! `petite synthesize`

use crate::program::cli::SynthesizeArgs;
use crate::program::console::say;
use anyhow::Result;
use petite::Stop;
use petite::dataset::synthetic::{CLASSES, synthesize};

pub fn run(args: &SynthesizeArgs, stop: &Stop) -> Result<()> {
    synthesize(&args.to, args.each, args.seed, stop)?;
    say(format_args!(
        "drew {} {}s and {} {}s in {}",
        args.each,
        CLASSES[0],
        args.each,
        CLASSES[1],
        args.to.display()
    ));
    Ok(())
}
