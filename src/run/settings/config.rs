//! All settings of a run, which are stored in its `config.json`.

use crate::augment::config::AugmentConfig;
use crate::dataset::part::PartSize;
use crate::error::{ensure_or, fault};
use crate::keras::KerasProfile;
use crate::machine::device::DeviceChoice;
use crate::machine::precision::PrecisionChoice;
use crate::nn::zoo::Model;
use crate::pictures::aspect::Resize;
use crate::pictures::background::Background;
use crate::pictures::cache::CachePolicy;
use crate::pictures::depth::Depth;
use crate::pictures::image_size::ImageSize;
use crate::pictures::orientation::ExifOrientation;
use crate::pictures::picture::MAX_PIXELS;
use crate::pictures::resize::Interpolation;
pub use crate::run::settings::network_config::{NetworkConfig, Scratch};
use crate::run::settings::on_base::OnBase;
pub use crate::run::settings::recipe::Recipe;
use crate::settings::{self, Setting};
use crate::training::objective::ClassWeights;
use crate::training::optimizer::RmsPropConfig;
use crate::training::schedule::Schedule;
use anyhow::{Context, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;

/// The settings of one training run.
///
/// Start from a recipe and change single settings:
///
/// ```
/// # use petite::{Config, Recipe};
/// let mut config = Config::new(Recipe::Augmented, "data/dogs-vs-cats");
/// config.epochs = 20;
/// config.optimizer.learning_rate = 2e-4;
/// config.out = "runs/augmented".into();
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Training strategy from the book; sets the defaults of the other settings.
    pub recipe: Recipe,
    /// Data set: a folder, .zip, .tar or .tar.gz with train and validation (and test), each with one
    /// folder per class, or with class folders only, which are then split; none only for imported
    /// runs.
    #[schemars(extend("x-value-name" = "DIR"))]
    pub data: Option<PathBuf>,
    /// CSV with the columns path,label or path,label,split instead of class folders; paths are
    /// relative to the data set, or to the CSV if there is none.
    #[serde(default)]
    #[schemars(extend("x-group" = "Data set", "x-value-name" = "FILE.csv"))]
    pub labels: Option<PathBuf>,
    /// Share (0.2) or number of pictures of each class (500) to validate on, for a data set that is
    /// not split; none for 0.2.
    #[serde(default)]
    pub validation: Option<PartSize>,
    /// Share or number of pictures of each class to keep for evaluate, for a data set that is not
    /// split; none for 0.1.
    #[serde(default)]
    pub test: Option<PartSize>,
    /// Keras version to reproduce where versions differ: epsilon, shear, interpolation, rotation
    /// center, length of epochs.
    #[serde(default)]
    #[schemars(extend("x-group" = "Training", "x-value-name" = "VERSION"))]
    pub keras: KerasProfile,
    /// Network to train, or pretrained base to train a head on.
    #[schemars(extend("x-group" = "Network"))]
    pub model: Model,
    /// Settings that depend on the kind of network.
    pub network: NetworkConfig,
    /// Dropout rate before the last dense layers; none for no dropout.
    #[serde(default)]
    #[schemars(extend("x-group" = "Network", "x-value-name" = "RATE", "minimum" = 0, "exclusiveMaximum" = 1))]
    pub dropout: Option<f64>,
    /// Random augmentation of the training pictures.
    #[serde(default)]
    pub augmentation: AugmentConfig,
    /// Size to resize pictures to, in pixels: 150, or HEIGHTxWIDTH.
    #[schemars(extend("x-group" = "Pictures"))]
    pub image_size: ImageSize,
    /// How to resample pictures when resizing them.
    pub interpolation: Interpolation,
    /// How to fit pictures of another aspect ratio into the image size.
    #[serde(default)]
    pub resize: Resize,
    /// What to do with the orientation in a picture's EXIF data.
    #[serde(default = "ExifOrientation::ignored")]
    pub exif_orientation: ExifOrientation,
    /// Color to lay transparent pictures on: white, black or RRGGBB; none to drop their transparency,
    /// as Pillow's convert('RGB') does.
    #[serde(default)]
    pub background: Option<Background>,
    /// Values of 16-bit samples that become black and white: auto for the range that the training
    /// pictures use, or LOW-HIGH, such as 0-4095 for 12 bits; none to keep the high byte.
    #[serde(default)]
    pub depth: Option<Depth>,
    /// Skip files that cannot be used as pictures, and list them.
    pub skip_bad_pictures: bool,
    /// Largest picture that is decoded, in pixels.
    #[serde(default = "max_pixels")]
    #[schemars(range(min = 1, max = 4_294_967_295_u32), extend("x-value-name" = "N"))]
    pub max_pixels: u64,
    /// Number of threads that decode pictures; none for one per core.
    #[schemars(range(min = 1, max = 65_536), extend("x-value-name" = "N"))]
    pub loader_threads: Option<usize>,
    /// Where to keep decoded pictures.
    #[serde(default)]
    pub cache: CachePolicy,
    /// Pictures per training step.
    #[schemars(range(min = 1, max = 2_147_483_647), extend("x-group" = "Training", "x-value-name" = "N"))]
    pub batch_size: i64,
    /// Number of epochs.
    #[schemars(range(min = 1, max = 2_147_483_647), extend("x-value-name" = "N"))]
    pub epochs: i64,
    /// Training steps per epoch; none for one pass over the pictures.
    #[schemars(range(min = 1, max = 2_147_483_647), extend("x-value-name" = "N"))]
    pub steps_per_epoch: Option<i64>,
    /// Batches per validation; none for one pass over the pictures.
    #[schemars(range(min = 1, max = 2_147_483_647), extend("x-value-name" = "N"))]
    pub validation_steps: Option<i64>,
    /// Stop after this many epochs without a new lowest val_loss; none to train all epochs.
    #[serde(default)]
    #[schemars(range(min = 1, max = 2_147_483_647), extend("x-value-name" = "N"))]
    pub patience: Option<i64>,
    /// Share of each label, 0 to 1, to spread evenly over all classes.
    #[serde(default)]
    #[schemars(extend("x-value-name" = "SHARE", "minimum" = 0, "exclusiveMaximum" = 1))]
    pub label_smoothing: f64,
    /// Weight of each class in the training loss.
    #[serde(default)]
    pub class_weights: ClassWeights,
    /// Seed of all random numbers.
    #[schemars(extend("x-value-name" = "SEED"))]
    pub seed: u64,
    /// Settings of the optimizer, RMSprop.
    pub optimizer: RmsPropConfig,
    /// Schedule of the learning rate over the epochs.
    #[serde(default)]
    #[schemars(extend("x-group" = "Optimizer"))]
    pub schedule: Schedule,
    /// Device to compute on: auto, cpu, cuda, cuda:N or mps.
    #[schemars(extend("x-group" = "Machine", "x-value-name" = "DEVICE"))]
    pub device: DeviceChoice,
    /// Precision of the network's computations; weights and their updates are always fp32. A
    /// resumed run keeps what auto selected.
    #[serde(default = "fp32")]
    pub precision: PrecisionChoice,
    /// Number of threads that libtorch computes with on the CPU; none for its default.
    #[schemars(range(min = 1, max = 65_536), extend("x-value-name" = "N"))]
    pub threads: Option<usize>,
    /// Record the training step as a CUDA graph.
    #[serde(default = "yes")]
    pub cuda_graph: bool,
    /// Training steps between checkpoints within an epoch; none to save after epochs only.
    #[serde(default)]
    #[schemars(range(min = 1, max = 2_147_483_647), extend("x-group" = "Checkpoints", "x-value-name" = "N"))]
    pub checkpoint_every: Option<i64>,
    /// Number of checkpoints to keep, the older ones as checkpoint-EPOCH.safetensors; none for 1.
    #[serde(default)]
    #[schemars(range(min = 1, max = 65_536), extend("x-value-name" = "N"))]
    pub keep: Option<usize>,
    /// Also write event files for TensorBoard to the run folder: losses, accuracies and learning rate
    /// of every epoch, and the pictures of the first training step.
    #[serde(default)]
    #[schemars(extend("x-group" = "Output"))]
    pub tensorboard: bool,
    /// Folder of the run whose last weights the network starts from; none to start as `network` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub from: Option<PathBuf>,
    /// Run folder; must be new or empty, except with `resume`. Not stored: a run can be moved.
    #[serde(skip)]
    pub out: PathBuf,
    /// Whether to continue the run in `out` from its last checkpoint. Not stored.
    #[serde(skip)]
    pub resume: bool,
}

impl Config {
    /// All settings that users can choose, in the order of their groups.
    pub fn settings() -> Vec<Setting> {
        settings::all::<Self>()
    }

    /// Changes the named settings to new values, in JSON.
    ///
    /// # Errors
    /// If this kind of network lacks a setting, or a value is invalid; nothing is changed then.
    pub fn change<'a>(
        &mut self,
        changes: impl IntoIterator<Item = (&'a str, Value)>,
    ) -> Result<()> {
        let known = Self::settings();
        let mut json =
            serde_json::to_value(&*self).context("cannot serialize the settings to JSON")?;
        for (name, value) in changes {
            let Some(setting) = known.iter().find(|setting| setting.name() == name) else {
                fault!(Setting, "expected the name of a setting, found {name}");
            };
            setting.check(&value)?;
            if !setting.set_in(&mut json, value) {
                let (model, recipe) = (self.model.name(), self.recipe.name());
                match self.network {
                    NetworkConfig::OnBase(_) => fault!(
                        Setting,
                        "expected `{name}` with a network from scratch only, found it with `model` {model}; try `model` convnet"
                    ),
                    NetworkConfig::Scratch(_) => fault!(
                        Setting,
                        "expected `{name}` with a pretrained base only, found it with `recipe` {recipe}; try `recipe` features"
                    ),
                }
            }
        }
        let changed: Self = match serde_json::from_value(json) {
            Ok(changed) => changed,
            Err(error) => fault!(Setting, "{error}"),
        };
        *self = Self { out: std::mem::take(&mut self.out), resume: self.resume, ..changed };
        Ok(())
    }

    /// The settings of the base; `None` if the network is trained from scratch.
    pub fn on_base(&self) -> Option<&OnBase> {
        let NetworkConfig::OnBase(on_base) = &self.network else { return None };
        Some(on_base)
    }

    /// [`Config::on_base`], mutable.
    pub fn on_base_mut(&mut self) -> Option<&mut OnBase> {
        match &mut self.network {
            NetworkConfig::OnBase(on_base) => Some(on_base),
            NetworkConfig::Scratch(_) => None,
        }
    }

    /// Checks the ranges of all settings, and that they can be combined.
    ///
    /// # Errors
    /// If a setting is out of range or cannot be combined with another.
    pub fn check(&self) -> Result<()> {
        settings::check(self)?;
        self.augmentation.check()?;
        self.check_model()?;
        let Some(on_base) = self.on_base() else { return Ok(()) };
        ensure_or!(
            Setting,
            !on_base.stored_features || !self.augmentation.is_active(),
            "expected no augmentation with `recipe` features, whose base sees every picture once, found some; try `recipe` features-augmented"
        );
        ensure_or!(
            Setting,
            !on_base.stored_features || on_base.unfreeze_from.is_none(),
            "expected a frozen base with `recipe` features, found `unfreeze_from`; try `recipe` fine-tune"
        );
        on_base.check(self.model)
    }

    /// Checks that `recipe`, `model` and `network` can be combined.
    ///
    /// # Errors
    /// If they cannot.
    pub fn check_model(&self) -> Result<()> {
        let is_base = self.model.is_base();
        ensure_or!(
            Setting,
            is_base == self.recipe.is_transfer(),
            "expected {} with `recipe` {}, found `model` {}; try `recipe` {}",
            if is_base { "`model` convnet or mnist" } else { "a pretrained base" },
            self.recipe.name(),
            self.model.name(),
            if is_base { "features" } else { "baseline" },
        );
        ensure_or!(
            Setting,
            is_base == self.on_base().is_some(),
            "expected the `network` settings of `model` {}, found those of another kind of network; try Config::with",
            self.model.name()
        );
        Ok(())
    }
}

/// The limit of runs from before it was a setting.
fn max_pixels() -> u64 {
    MAX_PIXELS
}

fn yes() -> bool {
    true
}

/// The precision of runs from before it was a setting.
fn fp32() -> PrecisionChoice {
    PrecisionChoice::Fp32
}
