//! Flags of suspects.

use super::{Flags, Subset, examples};
use clap::Args;
use petite::settings::Setting;
use std::path::PathBuf;

/// Look for wrong labels in a data set
///
/// Classifiers on the features of a pretrained base (MobileNet unless --model names another) predict
/// every picture, each without having seen it or a near copy of it. Suspects are the pictures that are
/// confidently predicted to be of another class (confident learning), after near copies that have
/// different labels. Many a suspect is labeled correctly and only hard: look at it.
///
/// DIR gets two files. suspects.png shows the first 100 suspects with their given and their suggested
/// label. suspects.csv lists every picture with its label, the suspects first: to correct a
/// label, change it in the column label; to leave a picture out, remove its line. Then train with
/// `petite train --data … --labels DIR/suspects.csv`, or look again with `petite suspects --data …
/// --labels DIR/suspects.csv`: features are kept for the same pictures, so that takes seconds.
#[derive(Debug, Args)]
#[command(after_help = examples::SUSPECTS)]
pub struct SuspectsArgs {
    /// Folder to create for suspects.csv and suspects.png; must be new or empty
    #[arg(long, value_name = "DIR", default_value = "suspects")]
    pub to: PathBuf,
    /// Number of suspects to list [default: all that are confidently predicted to be of another
    /// class, and near copies with different labels]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub count: Option<u32>,
    /// Number of parts of the pictures, each of which is predicted by a classifier trained on the
    /// others
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub folds: u32,
    /// Print only JSON, with every digit
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub settings: Flags<Judging>,
    /// Published weights of the pretrained base: .pth, .safetensors, .npz or .ot [default: the file
    /// that scripts/fetch_weights.sh put into the cache]
    #[arg(long, value_name = "FILE", help_heading = "Pretrained base")]
    pub weights: Option<PathBuf>,
}

/// The settings of the data set, of the base and of what it sees.
#[derive(Debug, Clone)]
pub struct Judging;

impl Subset for Judging {
    const NAMES: &[&str] = &[
        "data",
        "labels",
        "model",
        "alpha",
        "through",
        "preprocess",
        "image_size",
        "interpolation",
        "resize",
        "exif_orientation",
        "background",
        "depth",
        "skip_bad_pictures",
        "max_pixels",
        "loader_threads",
        "cache",
        "seed",
        "device",
        "precision",
        "threads",
    ];
    const DEFAULTS: bool = false;

    fn holds(setting: &Setting) -> bool {
        Self::NAMES.contains(&setting.name())
    }
}
