//! Flags of `petite train`.

use super::{Flags, Subset, examples};
use clap::{Args, ValueEnum};
use petite::run::folder::RunFolder;
use petite::settings::Setting;
use std::path::{Path, PathBuf};

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
    #[arg(long, value_name = "FILE", conflicts_with = "recipe", display_order = 9)]
    pub config: Option<PathBuf>,
    /// Continue the run in --out from its last checkpoint; auto begins it if there is none yet, so that
    /// a job that is started again can repeat its command
    #[arg(long, value_enum, value_name = "auto|BOOL", num_args = 0..=1, default_missing_value = "true", default_value = "false", hide_default_value = true, hide_possible_values = true, display_order = 7)]
    pub resume: Resume,
    /// Train N runs with consecutive seeds, in folders seed-SEED inside --out; with --resume, those
    /// that are missing or unfinished
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), display_order = 8)]
    pub repeats: Option<u32>,
    #[command(flatten)]
    pub settings: Flags<All>,
    /// Published weights of the pretrained base: .pth, .safetensors, .npz or .ot [default: the file
    /// that scripts/fetch_weights.sh put into the cache]
    #[arg(long, value_name = "FILE", conflicts_with = "from", help_heading = "Pretrained base")]
    pub weights: Option<PathBuf>,
    /// With --recipe fine-tune: run folder whose head and base to fine-tune, from its best weights.
    /// Without --recipe: run folder whose network to train on, with its settings and a new schedule,
    /// from its last weights
    #[arg(long, value_name = "RUN", help_heading = "Start")]
    pub from: Option<PathBuf>,
}

/// Whether to continue a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Resume {
    /// If there is one.
    Auto,
    /// Yes.
    True,
    /// No.
    False,
}

impl TrainArgs {
    /// Whether there is a run in --out that is to continue.
    pub fn resumes(&self) -> bool {
        let has_run = |path: &Path| RunFolder::open(path).is_ok();
        match self.resume {
            Resume::True => true,
            Resume::False => false,
            Resume::Auto if self.repeats.is_some() => RunFolder::repeats_in(&self.out)
                .is_ok_and(|runs| runs.iter().any(|(_, path)| has_run(path))),
            Resume::Auto => has_run(&self.out),
        }
    }
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
