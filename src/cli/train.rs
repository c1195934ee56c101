//! Flags of `petite train`.

use super::{Flags, Subset, examples};
use clap::Args;
use petite::settings::Setting;
use std::path::PathBuf;

/// Train a network
///
/// A new run needs --data (or --labels) and --out; --recipe and --model choose what is trained, and all
/// other settings have defaults. Writes config.json, history.csv, last.ot, best.ot and the curves to
/// the run folder.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = examples::TRAIN,
    override_usage = "petite train --data <DIR> --out <RUN> [OPTIONS]\n       petite train --resume --out <RUN> [OPTIONS]"
)]
pub struct TrainArgs {
    /// Run folder, required; must be new or empty, except with --resume
    #[arg(long, value_name = "RUN", display_order = 0)]
    pub out: PathBuf,
    /// Train with the settings of this config.json; other flags change them
    #[arg(long, value_name = "FILE", conflicts_with_all = ["recipe", "resume"], display_order = 9)]
    pub config: Option<PathBuf>,
    /// Continue the run in --out from its last checkpoint
    #[arg(long, conflicts_with = "recipe", display_order = 7)]
    pub resume: bool,
    /// Train N runs with consecutive seeds, in folders seed-SEED inside --out; with --resume, those
    /// that are missing or unfinished
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), display_order = 8)]
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
    const FIRST: &[&str] = &["data", "recipe", "model", "epochs", "image_size", "seed"];

    fn holds(_: &Setting) -> bool {
        true
    }
}
