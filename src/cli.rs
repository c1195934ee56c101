//! The command line.

use crate::data::resize::Interpolation;
use crate::data::split::Link;
use crate::device::DeviceChoice;
use crate::evaluation::trained::WhichWeights;
use crate::models::{Downsample, ModelKind};
use crate::training::config::Recipe;
use crate::training::optimizer::EpsilonPlace;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Trains an image classifier from a few thousand JPEGs in class folders.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Prepare(PrepareArgs),
    Synthesize(SynthesizeArgs),
    Summary(SummaryArgs),
    Train(Box<TrainArgs>),
    Evaluate(EvaluateArgs),
    Predict(PredictArgs),
    Convert(ConvertArgs),
    Import(ImportArgs),
    Plot(PlotArgs),
    Doctor(DoctorArgs),
}

/// Split Kaggle's pictures into train, validation and test folders (listing 5.4).
///
/// Takes cat.0.jpg, dog.0.jpg and so on: the first numbers of each class become train/cats and
/// train/dogs, the next validation, the next test.
#[derive(Debug, Args)]
pub struct PrepareArgs {
    /// Folder with the original pictures.
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Folder to make; must be new or empty.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Training pictures of each class.
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub train: usize,
    /// Validation pictures of each class.
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub validation: usize,
    /// Test pictures of each class.
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub test: usize,
    /// How a picture gets into the split.
    #[arg(long, value_enum, default_value_t)]
    pub link: Link,
}

/// Draw pictures of spots and stripes, for trying things out.
///
/// Writes spot.0.jpg, stripe.0.jpg and so on, which petite prepare can split.
#[derive(Debug, Args)]
pub struct SynthesizeArgs {
    /// Folder to make; must be new or empty.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Pictures of each class.
    #[arg(long, default_value_t = 500, value_name = "N")]
    pub each: usize,
    /// Other pictures for another seed.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Print a network layer by layer, as Keras's model.summary() does.
#[derive(Debug, Args)]
pub struct SummaryArgs {
    #[arg(long, value_enum, default_value_t)]
    pub model: ModelKind,
    /// What makes the pictures smaller from stage to stage.
    #[arg(long, value_enum, default_value_t)]
    pub downsample: Downsample,
    /// Number of classes [default: 2 for the convnet; mnist is printed without its classifier].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    pub classes: Option<u32>,
    /// Size of the pictures: 150, or HEIGHTxWIDTH [default: what the network was made for].
    #[arg(long, value_name = "SIZE", value_parser = parse_image_size)]
    pub image_size: Option<(usize, usize)>,
}

/// Train a network.
///
/// Writes config.json, history.csv, last.ot, best.ot and curves to --out.
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// Folder that holds train and validation, each with one folder a class.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Folder for the run; must be new or empty.
    #[arg(long, value_name = "RUN")]
    pub out: PathBuf,
    /// Which of the book's strategies; other flags override its settings [default: baseline].
    #[arg(long, value_enum)]
    pub recipe: Option<Recipe>,
    /// Repeat the run of this config.json; other flags override its settings.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["recipe", "resume"])]
    pub config: Option<PathBuf>,
    /// Continue the run in --out after its last whole epoch.
    #[arg(long, conflicts_with = "recipe")]
    pub resume: bool,

    /// [default: convnet]
    #[arg(long, value_enum, help_heading = "Network")]
    pub model: Option<ModelKind>,
    /// What makes the pictures smaller from stage to stage [default: max-pool].
    #[arg(long, value_enum, help_heading = "Network")]
    pub downsample: Option<Downsample>,

    /// Resize pictures to this: 150, or HEIGHTxWIDTH [default: the network's].
    #[arg(long, value_name = "SIZE", value_parser = parse_image_size, help_heading = "Pictures")]
    pub image_size: Option<(usize, usize)>,
    /// How pictures are resized [default: nearest, as Keras's ImageDataGenerator].
    #[arg(long, value_enum, help_heading = "Pictures")]
    pub interpolation: Option<Interpolation>,
    /// Go on without files that are no pictures, and list them.
    #[arg(long, help_heading = "Pictures")]
    pub skip_bad_pictures: bool,
    /// Threads that decode pictures [default: one a core].
    #[arg(long, value_name = "N", help_heading = "Pictures")]
    pub loader_threads: Option<usize>,

    /// [default: 20]
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub batch_size: Option<i64>,
    /// [default: 30]
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub epochs: Option<i64>,
    /// Batches an epoch, counted on from epoch to epoch [default: one pass over the pictures].
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub steps_per_epoch: Option<i64>,
    /// Batches a validation [default: one pass over the pictures].
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub validation_steps: Option<i64>,
    /// Where every random draw comes from [default: 1].
    #[arg(long, help_heading = "Training")]
    pub seed: Option<u64>,

    /// RMSprop's step size [default: 1e-4].
    #[arg(long, value_name = "RATE", help_heading = "Optimizer")]
    pub learning_rate: Option<f64>,
    /// RMSprop's decay of the mean of squared gradients [default: 0.9].
    #[arg(long, help_heading = "Optimizer")]
    pub rho: Option<f64>,
    /// RMSprop's epsilon [default: 1e-8].
    #[arg(long, help_heading = "Optimizer")]
    pub epsilon: Option<f64>,
    /// Where epsilon stands [default: outside-root, as in Keras 2].
    #[arg(long, value_enum, help_heading = "Optimizer")]
    pub epsilon_place: Option<EpsilonPlace>,

    #[command(flatten)]
    pub device: OptionalDeviceArgs,
}

/// Where to compute, when a stored run may say so too.
#[derive(Debug, Args)]
pub struct OptionalDeviceArgs {
    /// auto, cpu, cuda, cuda:N or mps [default: auto].
    #[arg(long, value_parser = parse_device, help_heading = "Machine")]
    pub device: Option<DeviceChoice>,
    /// libtorch's threads on the CPU [default: libtorch's choice].
    #[arg(long, value_name = "N", help_heading = "Machine")]
    pub threads: Option<usize>,
}

/// Measure a trained network on a split.
///
/// Prints loss, accuracy and which classes are taken for which; writes SPLIT.json to the run.
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// Folder of the run.
    #[arg(long, value_name = "RUN")]
    pub run: PathBuf,
    /// Folder of pictures inside the data set.
    #[arg(long, default_value = "test")]
    pub split: String,
    /// Data set [default: the run's].
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    pub weights: WhichWeights,
    /// Go on without files that are no pictures, and list them [default: as the run did].
    #[arg(long)]
    pub skip_bad_pictures: bool,
    /// Print JSON with every digit, and nothing else.
    #[arg(long)]
    pub json: bool,
    /// Also write the decoded pictures with labels and probabilities, as .safetensors, .npz or .ot.
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    #[command(flatten)]
    pub device: OptionalDeviceArgs,
}

/// Tell the class of pictures.
#[derive(Debug, Args)]
pub struct PredictArgs {
    /// Folder of the run.
    #[arg(long, value_name = "RUN")]
    pub run: PathBuf,
    /// JPEGs, or folders of them.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    pub weights: WhichWeights,
    /// Write path, class and one probability a class to this CSV instead of printing.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    #[command(flatten)]
    pub device: OptionalDeviceArgs,
}

/// Write weights in another format: .ot, .safetensors or .npz, told by the extensions.
///
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
    #[arg(long, value_enum, default_value_t)]
    pub model: ModelKind,
    /// What makes the pictures smaller from stage to stage.
    #[arg(long, value_enum, default_value_t)]
    pub downsample: Downsample,
    /// Size of the pictures: 150, or HEIGHTxWIDTH [default: what the network was made for].
    #[arg(long, value_name = "SIZE", value_parser = parse_image_size)]
    pub image_size: Option<(usize, usize)>,
    /// How pictures are resized.
    #[arg(long, value_enum, default_value_t)]
    pub interpolation: Interpolation,
    /// Names of the classes in the order of their labels [default: the folders in DIR/train].
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub classes: Vec<String>,
    /// Data set that later commands use unless told otherwise.
    #[arg(long, value_name = "DIR", required_unless_present = "classes")]
    pub data: Option<PathBuf>,
}

/// Draw a run's curves again (listing 5.10): curves.png and curves.svg.
#[derive(Debug, Args)]
pub struct PlotArgs {
    /// Folder of the run.
    #[arg(long, value_name = "RUN")]
    pub run: PathBuf,
}

/// Say what this machine offers: libtorch, devices, threads, and what is wrong.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Check this device: exit 1 if it cannot be used.
    #[arg(long, value_parser = parse_device, default_value = "auto")]
    pub device: DeviceChoice,
}

fn parse_device(text: &str) -> Result<DeviceChoice, String> {
    text.parse()
}

/// `150` or `150x200`: height, width.
fn parse_image_size(text: &str) -> Result<(usize, usize), String> {
    let (height, width) = text.split_once('x').unwrap_or((text, text));
    match (height.parse(), width.parse()) {
        (Ok(height), Ok(width)) if height > 0 && width > 0 => Ok((height, width)),
        _ => Err(format!("expected a size such as 150 or 150x200, found {text}")),
    }
}
