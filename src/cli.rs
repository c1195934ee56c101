//! The command line.

mod augment;
mod report;
mod transfer;
mod weights;

use crate::data::policy::CachePolicy;
use crate::data::resize::Interpolation;
use crate::data::split::Link;
use crate::device::DeviceChoice;
use crate::evaluation::trained::WhichWeights;
use crate::keras::{EpsilonPlace, KerasProfile};
use crate::models::{Downsample, ModelKind};
use crate::precision::PrecisionChoice;
use crate::training::config::Recipe;
use crate::training::objective::ClassWeights;
use crate::training::schedule::Schedule;
pub use augment::AugmentArgs;
use clap::{Args, Parser, Subcommand};
pub use report::{CompareArgs, PlotArgs, PreviewArgs};
use std::path::PathBuf;
pub use transfer::TransferArgs;
pub use weights::{ConvertArgs, ImportArgs};

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
    Compare(CompareArgs),
    Convert(ConvertArgs),
    Import(ImportArgs),
    Plot(PlotArgs),
    Preview(PreviewArgs),
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
    /// Deal out the pictures at random, from this seed, not by their numbers.
    #[arg(long, value_name = "SEED")]
    pub shuffle: Option<u64>,
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
    /// Rate of dropout after Flatten (listing 5.13: 0.5) [default: none].
    #[arg(long, value_name = "RATE", value_parser = parse_rate)]
    pub dropout: Option<f64>,
    /// Size of the pictures: 150, or HEIGHTxWIDTH [default: what the network was made for].
    #[arg(long, value_name = "SIZE", value_parser = parse_image_size)]
    pub image_size: Option<(usize, usize)>,
    /// Width of MobileNet: the number of filters is multiplied by this [default: 1].
    #[arg(long)]
    pub alpha: Option<f64>,
    /// Last block of a pretrained base that is kept [default: all, or the last in --weights].
    #[arg(long, value_name = "BLOCK")]
    pub through: Option<String>,
    /// Check that this file has the weights of the pretrained base: .pth, .safetensors, .npz or
    /// .ot.
    #[arg(long, value_name = "FILE")]
    pub weights: Option<PathBuf>,
}

/// Train a network.
///
/// Writes config.json, history.csv, last.ot, best.ot and curves to --out.
#[derive(Debug, Clone, Args)]
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
    /// Follow this version of Keras where they differ: epsilon, shear, interpolation, centre of
    /// rotation, passes [default: 2.0.8, the book's].
    #[arg(long, value_enum, value_name = "VERSION")]
    pub keras: Option<KerasProfile>,
    /// Repeat the run of this config.json; other flags override its settings.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["recipe", "resume"])]
    pub config: Option<PathBuf>,
    /// Continue the run in --out after its last whole epoch.
    #[arg(long, conflicts_with = "recipe")]
    pub resume: bool,
    /// Train N runs, with the seed, the next and so on, into seed-1, seed-2 and so on inside --out;
    /// with --resume, those that are missing or broken off.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub repeats: Option<u32>,

    /// [default: convnet; of a recipe on a pretrained base: vgg16]
    #[arg(long, value_enum, help_heading = "Network")]
    pub model: Option<ModelKind>,
    /// What makes the pictures smaller from stage to stage [default: max-pool].
    #[arg(long, value_enum, help_heading = "Network")]
    pub downsample: Option<Downsample>,
    /// Rate of dropout after Flatten [default: none; augmented: 0.5].
    #[arg(long, value_name = "RATE", value_parser = parse_rate, help_heading = "Network")]
    pub dropout: Option<f64>,

    #[command(flatten)]
    pub transfer: TransferArgs,

    #[command(flatten)]
    pub augmentation: AugmentArgs,

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
    /// Where decoded pictures are kept [default: auto].
    #[arg(long, value_enum, help_heading = "Pictures")]
    pub cache: Option<CachePolicy>,

    /// [default: 20; augmented: 32]
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub batch_size: Option<i64>,
    /// [default: 30; augmented: 100]
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub epochs: Option<i64>,
    /// Batches an epoch, counted on from epoch to epoch [default: one pass over the pictures;
    /// augmented: 100].
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub steps_per_epoch: Option<i64>,
    /// Batches a validation [default: one pass over the pictures].
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub validation_steps: Option<i64>,
    /// End once val_loss has found no new low in N epochs [default: never].
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub patience: Option<i64>,
    /// Spread this share of each label over all classes [default: 0].
    #[arg(long, value_name = "SHARE", help_heading = "Training")]
    pub label_smoothing: Option<f64>,
    /// How much a class's pictures count, where classes are of different sizes [default: equal].
    #[arg(long, value_enum, help_heading = "Training")]
    pub class_weights: Option<ClassWeights>,
    /// Where every random draw comes from [default: 1].
    #[arg(long, help_heading = "Training")]
    pub seed: Option<u64>,

    /// RMSprop's step size [default: 1e-4; on a pretrained base 2e-5, fine-tune 1e-5, as in the
    /// book; other bases' own].
    #[arg(long, value_name = "RATE", help_heading = "Optimizer")]
    pub learning_rate: Option<f64>,
    /// How it goes from epoch to epoch [default: constant].
    #[arg(long, value_enum, help_heading = "Optimizer")]
    pub schedule: Option<Schedule>,
    /// RMSprop's decay of the mean of squared gradients [default: 0.9].
    #[arg(long, help_heading = "Optimizer")]
    pub rho: Option<f64>,
    /// RMSprop's epsilon [default: 1e-8, since Keras 2.2 1e-7].
    #[arg(long, help_heading = "Optimizer")]
    pub epsilon: Option<f64>,
    /// Where epsilon stands [default: outside-root; Keras 3: inside-root].
    #[arg(long, value_enum, help_heading = "Optimizer")]
    pub epsilon_place: Option<EpsilonPlace>,

    /// Launch every step piece by piece instead of recording one as a CUDA graph.
    #[arg(long, help_heading = "Machine")]
    pub no_cuda_graph: bool,

    #[command(flatten)]
    pub device: OptionalDeviceArgs,
}

/// Where to compute, when a stored run may say so too.
#[derive(Debug, Clone, Args)]
pub struct OptionalDeviceArgs {
    /// auto, cpu, cuda, cuda:N or mps [default: auto].
    #[arg(long, value_parser = parse_device, help_heading = "Machine")]
    pub device: Option<DeviceChoice>,
    /// In which numbers the network computes; weights and their update are fp32 [default: auto; of a
    /// trained run: its own where the device has it, else fp32].
    #[arg(long, value_enum, help_heading = "Machine")]
    pub precision: Option<PrecisionChoice>,
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
    /// Where decoded pictures are kept [default: as the run did].
    #[arg(long, value_enum)]
    pub cache: Option<CachePolicy>,
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

/// Say what this machine offers, and what is wrong with it or a data set.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Look for pictures that stand in more than one split of this data set, as they are, mirrored
    /// or as negatives: exit 1 if there are any.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Check this device: exit 1 if it cannot be used.
    #[arg(long, value_parser = parse_device, default_value = "auto")]
    pub device: DeviceChoice,
}

fn parse_device(text: &str) -> Result<DeviceChoice, String> {
    text.parse()
}

/// A share of values to drop.
fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.0..1.0).contains(rate));
    rate.ok_or_else(|| format!("expected a rate of 0 or more and below 1, found {text}"))
}

/// `150` or `150x200`: height, width.
fn parse_image_size(text: &str) -> Result<(usize, usize), String> {
    let (height, width) = text.split_once('x').unwrap_or((text, text));
    match (height.parse(), width.parse()) {
        (Ok(height), Ok(width)) if height > 0 && width > 0 => Ok((height, width)),
        _ => Err(format!("expected a size such as 150 or 150x200, found {text}")),
    }
}
