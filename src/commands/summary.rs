//! `petite summary`

use super::say;
use crate::cli::SummaryArgs;
use crate::models::summary::table;
use anyhow::Result;

pub fn run(args: &SummaryArgs) -> Result<()> {
    let image_size = args.image_size.unwrap_or_else(|| args.model.image_size());
    let classes = args.classes.map(|classes| classes as usize);
    say(table(&args.model.architecture(image_size, classes, args.downsample, args.dropout)?)
        .trim_end());
    Ok(())
}
