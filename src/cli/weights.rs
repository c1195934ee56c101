//! The flags of the commands that bring weights in and out.

use super::trained::Weights;
use super::{Flags, Subset};
use clap::Args;
use petite::settings::Setting;
use std::path::PathBuf;

/// Write weights in another format: .ot, .safetensors or .npz, told by the extensions.
///
/// PyTorch's .pth can be read too; nothing in it is executed.
/// Names, shapes, types and bits stay. Convolutions are [out, in, height, width], dense layers [out,
/// in], and Flatten runs over height, width, channels.
#[derive(Debug, Args)]
pub struct ConvertArgs {
    /// File of weights, or folder of a run.
    #[arg(value_name = "IN")]
    pub from: PathBuf,
    /// File to write.
    #[arg(value_name = "OUT")]
    pub to: PathBuf,
    /// Which of a run's weights [default: last].
    #[arg(long, value_enum)]
    pub weights: Option<Weights>,
    /// Replace OUT if it exists.
    #[arg(long)]
    pub force: bool,
}

/// Make a run of weights that were trained elsewhere
///
/// The file has the names and shapes of petite convert. scripts/keras_import.py brings a model from
/// Keras. petite train --resume trains on from the weights.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Weights in .ot, .safetensors or .npz
    #[arg(value_name = "FILE")]
    pub weights: PathBuf,
    /// Folder for the run; must be new or empty
    #[arg(long, value_name = "RUN")]
    pub out: PathBuf,
    /// Names of the classes in the order of their labels [default: the folders in DIR/train]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', required_unless_present = "data")]
    pub classes: Vec<String>,
    #[command(flatten)]
    pub settings: Flags<Importing>,
}

/// The settings of a network from scratch and its pictures.
#[derive(Debug, Clone)]
pub struct Importing;

impl Subset for Importing {
    const DEFAULTS: bool = true;

    fn holds(setting: &Setting) -> bool {
        let names =
            ["data", "keras", "model", "downsample", "dropout", "image_size", "interpolation"];
        names.contains(&setting.name())
    }
}

/// Print a network layer by layer, as Keras's model.summary() does
#[derive(Debug, Args)]
pub struct SummaryArgs {
    /// Number of classes [default: 2 for the convnet; mnist is printed without its classifier]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    pub classes: Option<u32>,
    /// Check that this file has the weights of the pretrained base: .pth, .safetensors, .npz or .ot
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
    #[command(flatten)]
    pub settings: Flags<Building>,
}

/// The settings that say how a network is built.
#[derive(Debug, Clone)]
pub struct Building;

impl Subset for Building {
    const DEFAULTS: bool = false;

    fn holds(setting: &Setting) -> bool {
        let names = ["model", "downsample", "dropout", "image_size", "alpha", "through"];
        names.contains(&setting.name())
    }
}
