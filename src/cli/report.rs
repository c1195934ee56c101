//! The flags of the commands that show pictures and results.

use super::{Flags, Subset};
use clap::Args;
use petite::settings::Setting;
use std::path::PathBuf;

/// Hold runs against the book's, Keras's or any other history.
///
/// Prints the figures of the runs (of several, mean ± sample standard deviation), the reference's,
/// how far comparable reruns spread, the difference, and whether the runs' mean is inside: from the
/// lowest to the highest of the spread. Overfitting sets in at the epoch around which the mean of
/// val_loss over three epochs is lowest; if that is the last epoch, it has not set in. Draws both
/// curves as compare-NAME.png and compare-NAME.svg.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Folder of a run, or of the runs of train --repeats; may be given several times.
    #[arg(long = "run", value_name = "RUN", required_unless_present = "list")]
    pub runs: Vec<PathBuf>,
    /// What to hold them against: a name from --list, or a CSV with Keras's columns.
    #[arg(long, value_name = "NAME|FILE.csv", required_unless_present = "list")]
    pub reference: Option<PathBuf>,
    /// Exit with 1 if a figure is outside, or the number of epochs is another.
    #[arg(long)]
    pub strict: bool,
    /// Print JSON with every digit, and nothing else.
    #[arg(long)]
    pub json: bool,
    /// Folder for the curves, or their path without .png and .svg [default: the first RUN].
    #[arg(long, value_name = "DIR|PREFIX")]
    pub to: Option<PathBuf>,
    /// Print the built-in references and what is wrong with them.
    #[arg(long, conflicts_with_all = ["runs", "reference", "strict", "json", "to"])]
    pub list: bool,
}

/// Draw a run's curves again (listing 5.10): curves.png and curves.svg.
#[derive(Debug, Args)]
pub struct PlotArgs {
    /// Folder of the run.
    #[arg(long, value_name = "RUN")]
    pub run: PathBuf,
}

/// Draw a contact sheet of pictures, or of one picture augmented many times.
///
/// Without an augmentation: pictures of every class with their sizes (the book's figure 5.8). With
/// one (--recipe augmented, or flags): the first picture, or --picture, as training would see it
/// (figure 5.12).
#[derive(Debug, Args)]
pub struct PreviewArgs {
    /// Folder that holds the split.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Folder of pictures inside the data set.
    #[arg(long, default_value = "train")]
    pub split: String,
    /// The picture to augment [default: the split's first].
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,
    /// Pictures to show [default: 10; augmented: 9 and the picture itself].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=500))]
    pub count: Option<u16>,
    /// The PNG to write.
    #[arg(long, value_name = "FILE.png")]
    pub to: PathBuf,
    #[command(flatten)]
    pub settings: Flags<Seeing>,
}

/// The settings that say what training sees.
#[derive(Debug, Clone)]
pub struct Seeing;

impl Subset for Seeing {
    const DEFAULTS: bool = true;

    fn holds(setting: &Setting) -> bool {
        setting.path[0] == "augmentation"
            || ["recipe", "keras", "image_size", "seed"].contains(&setting.name())
    }
}
