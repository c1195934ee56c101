//! The flags of the commands that bring weights in and out.

use super::{one_of, parse_image_size, parse_rate};
use clap::Args;
use petite::keras::KerasProfile;
use petite::nn::zoo::{Downsample, Model};
use petite::pictures::resize::Interpolation;
use petite::run::trained::WhichWeights;
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
    pub weights: Option<WhichWeights>,
    /// Replace OUT if it exists.
    #[arg(long)]
    pub force: bool,
}

/// Make a run of weights that were trained elsewhere.
///
/// The file has the names and shapes of petite convert. scripts/keras_import.py brings a model from
/// Keras. petite train --resume trains on from the weights.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Weights in .ot, .safetensors or .npz.
    #[arg(value_name = "FILE")]
    pub weights: PathBuf,
    /// Folder for the run; must be new or empty.
    #[arg(long, value_name = "RUN")]
    pub out: PathBuf,
    #[arg(long, value_parser = one_of(&Model::ALL), default_value = "convnet")]
    pub model: Model,
    /// What makes the pictures smaller from stage to stage.
    #[arg(long, value_parser = one_of(&Downsample::ALL), default_value = "max-pool")]
    pub downsample: Downsample,
    /// Size of the pictures: 150, or HEIGHTxWIDTH [default: what the network was made for].
    #[arg(long, value_name = "SIZE", value_parser = parse_image_size)]
    pub image_size: Option<(usize, usize)>,
    /// How pictures are resized.
    #[arg(long, value_enum, default_value_t)]
    pub interpolation: Interpolation,
    /// Rate of dropout after Flatten, for training on [default: none].
    #[arg(long, value_name = "RATE", value_parser = parse_rate)]
    pub dropout: Option<f64>,
    /// Version of Keras to follow in training on.
    #[arg(long, value_enum, default_value_t, value_name = "VERSION")]
    pub keras: KerasProfile,
    /// Names of the classes in the order of their labels [default: the folders in DIR/train].
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub classes: Vec<String>,
    /// Data set that later commands use unless told otherwise.
    #[arg(long, value_name = "DIR", required_unless_present = "classes")]
    pub data: Option<PathBuf>,
}
