//! Flags of the commands that read and write weights: convert, import, summary.

use super::trained::Weights;
use super::{Flags, ForceArgs, Subset, examples};
use clap::Args;
use std::path::PathBuf;

/// Convert weights between .ot, .safetensors and .npz
///
/// The extensions of IN and OUT select the formats. PyTorch's .pth can be read too; nothing in it
/// is executed. Names, shapes, types and bits stay the same. Convolution kernels are [out, in,
/// height, width], dense weights [out, in]; Flatten goes over height, width, channels.
#[derive(Debug, Args)]
#[command(after_help = examples::CONVERT)]
pub struct ConvertArgs {
    /// File of weights, or run folder; a run also as --run RUN
    #[arg(value_name = "IN", required = true)]
    pub from: PathBuf,
    /// File to write
    #[arg(value_name = "OUT", required_unless_present = "run")]
    pub to: Option<PathBuf>,
    /// Run folder in place of IN
    #[arg(long, value_name = "RUN", hide = true, conflicts_with = "to")]
    pub run: Option<PathBuf>,
    /// Which of the run's weights to use [default: last]
    #[arg(long, value_enum)]
    pub weights: Option<Weights>,
    #[command(flatten)]
    pub force: ForceArgs,
}

/// Create a run from weights trained elsewhere
///
/// FILE must have the names and shapes that petite convert writes. scripts/keras_import.py imports
/// a model from Keras. petite train --resume continues training from the weights.
#[derive(Debug, Args)]
#[command(after_help = examples::IMPORT)]
pub struct ImportArgs {
    /// File of weights: .ot, .safetensors or .npz
    #[arg(value_name = "FILE")]
    pub weights: PathBuf,
    /// Run folder; must be new or empty
    #[arg(long, value_name = "RUN")]
    pub out: PathBuf,
    /// Class names in the order of their labels [default: the folders in DIR/train]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', required_unless_present = "data")]
    pub classes: Vec<String>,
    #[command(flatten)]
    pub settings: Flags<Importing>,
}

/// The settings of a network trained from scratch and of its pictures.
#[derive(Debug, Clone)]
pub struct Importing;

impl Subset for Importing {
    const NAMES: &[&str] = &[
        "data",
        "keras",
        "model",
        "downsample",
        "dropout",
        "image_size",
        "interpolation",
        "resize",
        "exif_orientation",
    ];
    const DEFAULTS: bool = true;
}

/// Print a network layer by layer, like Keras's model.summary()
#[derive(Debug, Args)]
#[command(after_help = examples::SUMMARY)]
pub struct SummaryArgs {
    /// Number of classes [default: 2 for convnet; mnist is printed without its classifier]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    pub classes: Option<u32>,
    /// Check that this file has the pretrained base's weights: .pth, .safetensors, .npz or .ot
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    #[command(flatten)]
    pub settings: Flags<Building>,
}

/// The settings that determine a network's layers.
#[derive(Debug, Clone)]
pub struct Building;

impl Subset for Building {
    const NAMES: &[&str] = &["model", "downsample", "dropout", "image_size", "alpha", "through"];
    const DEFAULTS: bool = false;
}
