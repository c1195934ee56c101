//! The flags of `petite train`.

use super::{Flags, Subset};
use clap::Args;
use petite::settings::Setting;
use std::path::PathBuf;

/// Train a network
///
/// Writes config.json, history.csv, last.ot, best.ot and curves to --out.
#[derive(Debug, Clone, Args)]
pub struct TrainArgs {
    /// Folder for the run; must be new or empty
    #[arg(long, value_name = "RUN")]
    pub out: PathBuf,
    /// Repeat the run of this config.json; other flags change its settings
    #[arg(long, value_name = "FILE", conflicts_with_all = ["recipe", "resume"])]
    pub config: Option<PathBuf>,
    /// Continue the run in --out after its last whole epoch
    #[arg(long, conflicts_with = "recipe")]
    pub resume: bool,
    /// Train N runs, with the seed, the next and so on, into seed-1, seed-2 and so on inside --out;
    /// with --resume, those that are missing or unfinished
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub repeats: Option<u32>,
    #[command(flatten)]
    pub settings: Flags<All>,
    /// Published weights of the pretrained base: .pth, .safetensors, .npz or .ot [default: what
    /// scripts/fetch_weights.sh has put into the cache]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "resume"], help_heading = "Pretrained base")]
    pub weights: Option<PathBuf>,
    /// Fine-tune the head and base of this run, from its lowest val_loss (--recipe fine-tune)
    #[arg(long, value_name = "RUN", conflicts_with = "resume", help_heading = "Pretrained base")]
    pub from: Option<PathBuf>,
}

/// Every setting.
#[derive(Debug, Clone)]
pub struct All;

impl Subset for All {
    const DEFAULTS: bool = true;

    fn holds(_: &Setting) -> bool {
        true
    }
}
