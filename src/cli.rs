//! The command line.

mod augment;
mod report;
mod train;
mod transfer;
mod weights;

pub use augment::AugmentArgs;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use petite::dataset::split::Link;
use petite::device::DeviceChoice;
use petite::nn::zoo::{Downsample, Model};
use petite::pictures::cache::CachePolicy;
use petite::run::trained::WhichWeights;
pub use report::{CompareArgs, PlotArgs, PreviewArgs};
use serde::Serialize;
use std::path::PathBuf;
pub use train::{OptionalDeviceArgs, TrainArgs};
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
    #[arg(long, value_parser = one_of(&Model::ALL), default_value = "convnet")]
    pub model: Model,
    /// What makes the pictures smaller from stage to stage.
    #[arg(long, value_parser = one_of(&Downsample::ALL), default_value = "max-pool")]
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
    /// Look at every picture's mirror image too: the mean of the two logits counts.
    #[arg(long)]
    pub flip: bool,
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
    /// Look at every picture's mirror image too: the mean of the two logits counts.
    #[arg(long)]
    pub flip: bool,
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

/// Takes one of `all` by the name that settings have for it.
fn one_of<T>(all: &'static [T]) -> impl TypedValueParser<Value = T>
where
    T: Clone + Send + Sync + Serialize,
{
    let name = |value: &T| serde_json::to_value(value).ok()?.as_str().map(str::to_owned);
    // clap keeps names for as long as the program runs.
    let names: Vec<&'static str> = all.iter().filter_map(name).map(|name| &*name.leak()).collect();
    PossibleValuesParser::new(names).try_map(move |text| {
        let found = all.iter().find(|value| name(value).as_ref() == Some(&text));
        found.cloned().ok_or("expected one of the values listed")
    })
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
