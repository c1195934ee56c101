//! The flags of `petite train`.

use super::{AugmentArgs, TransferArgs, one_of, parse_device, parse_image_size, parse_rate};
use clap::Args;
use petite::device::DeviceChoice;
use petite::keras::{EpsilonPlace, KerasProfile};
use petite::nn::zoo::{Downsample, Model};
use petite::pictures::cache::CachePolicy;
use petite::pictures::resize::Interpolation;
use petite::precision::PrecisionChoice;
use petite::run::config::Recipe;
use petite::training::objective::ClassWeights;
use petite::training::schedule::Schedule;
use std::path::PathBuf;

/// Train a network.
///
/// Writes config.json, history.csv, last.ot, best.ot and curves to --out.
#[derive(Debug, Clone, Args)]
pub struct TrainArgs {
    /// Folder that holds train and validation, each with one folder a class [default: with --from
    /// the run's].
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
    #[arg(long, value_parser = one_of(&Model::ALL), help_heading = "Network")]
    pub model: Option<Model>,
    /// What makes the pictures smaller from stage to stage [default: max-pool].
    #[arg(long, value_parser = one_of(&Downsample::ALL), help_heading = "Network")]
    pub downsample: Option<Downsample>,
    /// Rate of dropout after Flatten [default: none; augmented, features: 0.5].
    #[arg(long, value_name = "RATE", value_parser = parse_rate, help_heading = "Network")]
    pub dropout: Option<f64>,

    #[command(flatten)]
    pub transfer: TransferArgs,

    #[command(flatten)]
    pub augmentation: AugmentArgs,

    /// Resize pictures to this: 150, or HEIGHTxWIDTH [default: the network's].
    #[arg(long, value_name = "SIZE", value_parser = parse_image_size, help_heading = "Pictures")]
    pub image_size: Option<(usize, usize)>,
    /// How pictures are resized [default: nearest, as Keras's ImageDataGenerator; on
    /// pretrained bases other than vgg16 bilinear].
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
    /// [default: 30; augmented: 100; fine-tune: 100, of other bases than vgg16 8]
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub epochs: Option<i64>,
    /// Batches an epoch, counted on from epoch to epoch [default: one pass over the pictures;
    /// augmented, and vgg16 on pictures: 100].
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

    /// RMSprop's step size [default: 1e-4; on vgg16 2e-5, fine-tune 1e-5, as in the book; on other
    /// bases 1e-4, fine-tune 3e-5].
    #[arg(long, value_name = "RATE", help_heading = "Optimizer")]
    pub learning_rate: Option<f64>,
    /// How it goes from epoch to epoch [default: constant; fine-tune, on other bases than vgg16:
    /// cosine].
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
