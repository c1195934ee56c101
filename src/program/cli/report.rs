//! Flags of the commands that draw pictures and results: compare, plot, preview, watch.

use super::{Flags, ForceArgs, RunArgs, RunsArgs, Subset, examples};
use clap::Args;
use petite::settings::Setting;
use std::path::PathBuf;

/// Compare runs with the history of the book, of Keras or of any other training
///
/// Prints each figure of the runs (of several runs, the mean ± sample standard deviation) and of
/// the reference, the spread of comparable reruns, the difference, and whether the runs' mean is
/// inside the spread, from its lowest to its highest value. A run overfits from the epoch where
/// val_loss, averaged over three epochs, is lowest; the last epoch means that it does not overfit
/// yet. Draws both curves as compare-NAME.png and compare-NAME.svg.
#[derive(Debug, Args)]
#[command(after_help = examples::COMPARE)]
pub struct CompareArgs {
    #[command(flatten)]
    pub runs: RunsArgs,
    /// What to compare with: a name from --list, or a CSV with Keras's columns
    #[arg(long, value_name = "NAME|FILE.csv", required_unless_present = "list")]
    pub reference: Option<PathBuf>,
    /// Exit with 1 if a figure is outside the spread or the number of epochs differs
    #[arg(long)]
    pub strict: bool,
    /// Print only JSON, with every digit
    #[arg(long)]
    pub json: bool,
    /// Folder for the curves, or their path without .png and .svg [default: the first RUN]
    #[arg(long, value_name = "DIR|PREFIX")]
    pub to: Option<PathBuf>,
    #[command(flatten)]
    pub force: ForceArgs,
    /// List the built-in references and their flaws
    #[arg(long, group = "RunsArgs", exclusive = true)]
    pub list: bool,
}

/// Redraw a run's curves (listing 5.10): curves.png and curves.svg
#[derive(Debug, Args)]
#[command(after_help = examples::PLOT)]
pub struct PlotArgs {
    #[command(flatten)]
    pub run: RunArgs,
    /// Folder for the curves, or their path without .png and .svg [default: RUN]
    #[arg(long, value_name = "DIR|PREFIX")]
    pub to: Option<PathBuf>,
    #[command(flatten)]
    pub force: ForceArgs,
}

/// Show the curves of runs in the terminal while they train
///
/// Draws accuracy and loss after every epoch, also through ssh, with the best epoch so far and the
/// time left; several runs share the plots. Keys: q, Esc or Ctrl-C leave; the runs go on. If the output
/// is not a terminal, prints a line per epoch as it comes, until the runs have ended.
#[derive(Debug, Args)]
#[command(after_help = examples::WATCH)]
pub struct WatchArgs {
    #[command(flatten)]
    pub runs: RunsArgs,
}

/// Draw a contact sheet of pictures, or of one picture augmented many times
///
/// Without augmentation: pictures of every class with their sizes (the book's figure 5.8). With
/// --recipe augmented or flags of an augmentation: the first picture, or --picture, as training
/// sees it (figure 5.12).
#[derive(Debug, Args)]
#[command(after_help = examples::PREVIEW)]
pub struct PreviewArgs {
    /// Data set: a folder or an archive
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Split: a folder of the data set [default: train; all pictures if it is not split]
    #[arg(long)]
    pub split: Option<String>,
    /// Picture to augment [default: the split's first]
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,
    /// Number of pictures [default: 10; augmented: 9 besides the original]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=500))]
    pub count: Option<u16>,
    /// PNG file to write
    #[arg(long, value_name = "FILE.png")]
    pub to: PathBuf,
    #[command(flatten)]
    pub force: ForceArgs,
    #[command(flatten)]
    pub settings: Flags<Seeing>,
}

/// The settings that determine what training sees.
#[derive(Debug, Clone)]
pub struct Seeing;

impl Subset for Seeing {
    const NAMES: &[&str] = &[
        "recipe",
        "labels",
        "keras",
        "image_size",
        "interpolation",
        "exif_orientation",
        "background",
        "depth",
        "resize",
        "seed",
    ];
    const DEFAULTS: bool = true;

    fn holds(setting: &Setting) -> bool {
        setting.path[0] == "augmentation" || Self::NAMES.contains(&setting.name())
    }
}
