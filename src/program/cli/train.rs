//! Flags of `petite train`.

use super::{Flags, Subset, examples};
use clap::{Args, ValueEnum};
use petite::Config;
use petite::run::settings::assemble::{Assembly, Resume};
use petite::run::settings::on_base::Start;
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
    #[arg(long, value_name = "FILE", conflicts_with = "recipe", display_order = 9)]
    pub config: Option<PathBuf>,
    /// Continue the run in --out from its last checkpoint; auto begins it if there is none yet, so that
    /// a job that is started again can repeat its command
    #[arg(long, value_enum, value_name = "auto|BOOL", num_args = 0..=1, default_missing_value = "true", default_value = "false", hide_default_value = true, hide_possible_values = true, display_order = 7)]
    pub resume: ResumeChoice,
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

/// [`Resume`] as a flag's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ResumeChoice {
    /// If there is one.
    Auto,
    /// Yes.
    True,
    /// No.
    False,
}

impl TrainArgs {
    /// The settings that the flags ask for.
    pub fn config(&self) -> anyhow::Result<Config> {
        let (weights, from) = (self.weights.clone(), self.from.clone());
        Config::assemble(&Assembly {
            out: self.out.clone(),
            repeats: self.repeats.is_some(),
            resume: match self.resume {
                ResumeChoice::Auto => Resume::Auto,
                ResumeChoice::True => Resume::Yes,
                ResumeChoice::False => Resume::No,
            },
            config: self.config.clone(),
            start: weights.map(Start::Weights).or(from.map(Start::Run)),
            changes: self.settings.given(),
        })
    }
}

/// Every setting.
#[derive(Debug, Clone)]
pub struct All;

impl Subset for All {
    const DEFAULTS: bool = true;
    const FIRST: &[&str] = &["data", "recipe", "model", "epochs", "image_size", "seed"];
}
