//! Flags of `petite train`.

use super::{Flags, Subset, examples};
use clap::Args;
use petite::settings::Setting;
use std::path::PathBuf;

/// Train a network
///
/// Writes config.json, history.csv, last.ot, best.ot and the curves to --out.
#[derive(Debug, Clone, Args)]
#[command(after_help = examples::TRAIN)]
pub struct TrainArgs {
    /// Run folder; must be new or empty, except with --resume
    #[arg(long, value_name = "RUN")]
    pub out: PathBuf,
    /// Train with the settings of this config.json; other flags change them
    #[arg(long, value_name = "FILE", conflicts_with_all = ["recipe", "resume"])]
    pub config: Option<PathBuf>,
    /// Continue the run in --out from its last checkpoint
    #[arg(long, conflicts_with = "recipe")]
    pub resume: bool,
    /// Train N runs with consecutive seeds, in folders seed-SEED inside --out; with --resume, those
    /// that are missing or unfinished
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub repeats: Option<u32>,
    #[command(flatten)]
    pub settings: Flags<All>,
    /// Published weights of the pretrained base: .pth, .safetensors, .npz or .ot [default: the file
    /// that scripts/fetch_weights.sh put into the cache]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "resume"], help_heading = "Pretrained base")]
    pub weights: Option<PathBuf>,
    /// Run folder whose head and base to fine-tune, from its best weights (--recipe fine-tune)
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
