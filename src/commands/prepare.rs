//! `petite prepare`

use crate::cli::PrepareArgs;
use crate::console::say;
use anyhow::Result;
use petite::Stop;
use petite::dataset::split::{Sizes, split};

pub fn run(args: &PrepareArgs, stop: &Stop) -> Result<()> {
    let sizes = Sizes { train: args.train, validation: args.validation, test: args.test };
    // The book's sanity check: count the pictures of each folder.
    for count in split(&args.from, &args.to, sizes, args.link.into(), args.shuffle, stop)? {
        say(format_args!("{:<10} {:<10} {:>6}", count.split, count.class, count.pictures));
    }
    Ok(())
}
