//! Every setting of a run, as one value that is stored with it.

use super::on_base::OnBase;
pub use super::recipe::Recipe;
use crate::augment::config::AugmentConfig;
use crate::device::DeviceChoice;
use crate::error::{ensure_or, fault};
use crate::keras::KerasProfile;
use crate::machine::Machine;
use crate::nn::architecture::Architecture;
use crate::nn::base::Base;
use crate::nn::head;
use crate::nn::network::Network;
use crate::nn::zoo::{Downsample, Model, Options};
use crate::pictures::cache::CachePolicy;
use crate::pictures::image_size::ImageSize;
use crate::pictures::pixels::Target;
use crate::pictures::resize::Interpolation;
use crate::precision::PrecisionChoice;
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
/// Start from a recipe and change what should be another way:
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
    /// Which of the book's strategies; other flags change its settings.
    pub recipe: Recipe,
    /// Folder that holds train and validation, each with one folder per class.
    #[schemars(extend("x-value-name" = "DIR"))]
    pub data: Option<PathBuf>,
    /// Version of Keras to follow where they differ: epsilon, shear, interpolation, center of
    /// rotation, passes.
    #[serde(default)]
    #[schemars(extend("x-value-name" = "VERSION"))]
    pub keras: KerasProfile,
    /// The network, or the pretrained base below it.
    #[schemars(extend("x-group" = "Network"))]
    pub model: Model,
    /// What the network is built on.
    pub network: NetworkConfig,
    /// Rate of dropout before the last dense layers.
    #[serde(default)]
    #[schemars(extend("x-group" = "Network", "x-value-name" = "RATE", "minimum" = 0, "exclusiveMaximum" = 1))]
    pub dropout: Option<f64>,
    /// Random changes of the training pictures.
    #[serde(default)]
    pub augmentation: AugmentConfig,
    /// Resize pictures to this: 150, or HEIGHTxWIDTH.
    #[schemars(extend("x-group" = "Pictures"))]
    pub image_size: ImageSize,
    /// How pictures are resized.
    pub interpolation: Interpolation,
    /// Leave out files that are no pictures, and list them.
    pub skip_bad_pictures: bool,
    /// Threads that decode pictures; none is one per core.
    #[schemars(range(min = 1, max = 65_536), extend("x-value-name" = "N"))]
    pub loader_threads: Option<usize>,
    /// Where decoded pictures are kept.
    #[serde(default)]
    pub cache: CachePolicy,
    /// Pictures per training step.
    #[schemars(range(min = 1, max = 2_147_483_647), extend("x-group" = "Training", "x-value-name" = "N"))]
    pub batch_size: i64,
    /// Epochs to train for.
    #[schemars(range(min = 1, max = 2_147_483_647), extend("x-value-name" = "N"))]
    pub epochs: i64,
    /// Batches per epoch, continuing from epoch to epoch; none is one pass over the pictures.
    #[schemars(range(min = 1, max = 2_147_483_647), extend("x-value-name" = "N"))]
    pub steps_per_epoch: Option<i64>,
    /// Batches per validation; none is one pass over the pictures.
    #[schemars(range(min = 1, max = 2_147_483_647), extend("x-value-name" = "N"))]
    pub validation_steps: Option<i64>,
    /// End training once val_loss has found no new low in this many epochs.
    #[serde(default)]
    #[schemars(range(min = 1, max = 2_147_483_647), extend("x-value-name" = "N"))]
    pub patience: Option<i64>,
    /// Spread this share of each label over all classes.
    #[serde(default)]
    #[schemars(extend("x-value-name" = "SHARE", "minimum" = 0, "exclusiveMaximum" = 1))]
    pub label_smoothing: f64,
    /// How much a class's pictures count, where classes are of different sizes.
    #[serde(default)]
    pub class_weights: ClassWeights,
    /// Where every random draw comes from.
    #[schemars(extend("x-value-name" = "SEED"))]
    pub seed: u64,
    /// The optimizer, RMSprop.
    pub optimizer: RmsPropConfig,
    /// How the learning rate changes from epoch to epoch.
    #[serde(default)]
    #[schemars(extend("x-group" = "Optimizer"))]
    pub schedule: Schedule,
    /// Where to compute: auto, cpu, cuda, cuda:N or mps.
    #[schemars(extend("x-group" = "Machine", "x-value-name" = "DEVICE"))]
    pub device: DeviceChoice,
    /// In which numbers the network computes; weights and their update are fp32. A run keeps what auto
    /// chose.
    #[serde(default = "fp32")]
    pub precision: PrecisionChoice,
    /// Threads that libtorch computes with on the CPU; none is its own choice.
    #[schemars(range(min = 1, max = 65_536), extend("x-value-name" = "N"))]
    pub threads: Option<usize>,
    /// Record the training step as a CUDA graph and launch it as a whole.
    #[serde(default = "yes")]
    pub cuda_graph: bool,
    /// Folder for the run; new or empty, unless `resume`. Not stored: a run can be moved.
    #[serde(skip)]
    pub out: PathBuf,
    /// Whether the run in `out` is continued after its last whole epoch.
    #[serde(skip)]
    pub resume: bool,
}

/// What a network is built on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkConfig {
    /// Layers that are all trained, from initial weights drawn from the seed.
    Scratch(Scratch),
    /// A pretrained base with a head on it.
    OnBase(OnBase),
}

/// A network that is trained from scratch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scratch {
    /// How feature maps become smaller from stage to stage.
    pub downsample: Downsample,
}

impl Config {
    /// All settings that a person may choose, in the order of their groups.
    pub fn settings() -> Vec<Setting> {
        settings::all::<Self>()
    }

    /// Gives the settings called by the keys of `changes` their new values.
    ///
    /// # Errors
    /// If a setting is not one of this network's, or a value is none that it can take; nothing is
    /// changed then.
    pub fn change<'a>(
        &mut self,
        changes: impl IntoIterator<Item = (&'a str, Value)>,
    ) -> Result<()> {
        let known = Self::settings();
        let mut json = serde_json::to_value(&*self).context("cannot turn settings into JSON")?;
        for (name, value) in changes {
            let setting = known.iter().find(|setting| setting.name() == name);
            let setting = setting.with_context(|| format!("expected a setting, found {name}"))?;
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
        let changed: Self = serde_json::from_value(json)?;
        *self = Self { out: std::mem::take(&mut self.out), resume: self.resume, ..changed };
        Ok(())
    }

    /// The settings on the base, if the network is on one.
    pub fn on_base(&self) -> Option<&OnBase> {
        match &self.network {
            NetworkConfig::OnBase(on_base) => Some(on_base),
            NetworkConfig::Scratch(_) => None,
        }
    }

    /// As [`Config::on_base`], to change them.
    pub fn on_base_mut(&mut self) -> Option<&mut OnBase> {
        match &mut self.network {
            NetworkConfig::OnBase(on_base) => Some(on_base),
            NetworkConfig::Scratch(_) => None,
        }
    }

    /// # Errors
    /// If a setting is outside its range or does not go with the others: what was expected.
    pub fn check(&self) -> Result<()> {
        settings::check(self)?;
        self.augmentation.check()?;
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
        let on_base = match &self.network {
            NetworkConfig::OnBase(on_base) if is_base => on_base,
            NetworkConfig::Scratch(_) if !is_base => return Ok(()),
            _ => fault!(Setting, "expected a `network` for `model` {}", self.model.name()),
        };
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

    /// What the pictures are decoded to.
    pub fn target(&self) -> Target {
        let ImageSize { height, width } = self.image_size;
        let (color_mode, interpolation) = (self.model.definition().color_mode, self.interpolation);
        Target { height, width, color_mode, interpolation }
    }

    /// The layers for a number of classes: of the whole network, or of the head on the base.
    ///
    /// # Errors
    /// If the pictures are too small for it.
    pub fn architecture(&self, classes: usize) -> Result<Architecture> {
        let (size, dropout) = (self.image_size.into(), self.dropout);
        match &self.network {
            NetworkConfig::OnBase(on_base) => {
                let features = on_base.architecture(self.model)?.feature_shape(size)?;
                let OnBase { pooling, units, .. } = *on_base;
                head::architecture(features, classes, pooling, units, dropout)
            }
            &NetworkConfig::Scratch(Scratch { downsample }) => {
                let options = Options { classes: Some(classes), downsample, dropout };
                self.model.architecture(size, &options)
            }
        }
    }

    /// The network for a number of classes, its weights drawn from the seed.
    ///
    /// # Errors
    /// If the pictures are too small for it, or it does not fit on the device.
    pub fn network(&self, classes: usize, machine: Machine) -> Result<Network> {
        let Machine { device, precision } = machine;
        let network = Network::new(self.architecture(classes)?, device, precision, self.seed)?;
        let Some(on_base) = self.on_base() else { return Ok(network) };
        let architecture = on_base.architecture(self.model)?;
        let mut base = Base::random(self.model, architecture, device, self.seed)?;
        base.set_preprocess(on_base.preprocess(self.model)?);
        base.compute_in(precision.kind())?;
        if let Some(layer) = &on_base.unfreeze_from {
            base.unfreeze_from(layer)?;
        }
        Ok(network.on_base(base, on_base.batch_norm))
    }

    /// The settings by which `other` trains other weights than this one, by more than rounding, before
    /// the epoch where the shorter one ends: all but the machine's and the number of epochs.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let comparable = |config: &Self| Self {
            // A cosine's every rate depends on the last epoch.
            epochs: if config.schedule == Schedule::Cosine { config.epochs } else { 0 },
            device: DeviceChoice::Auto,
            precision: PrecisionChoice::Auto,
            cuda_graph: true,
            threads: None,
            loader_threads: None,
            cache: CachePolicy::Auto,
            out: PathBuf::new(),
            resume: false,
            ..config.clone()
        };
        let json = |config| serde_json::to_value(comparable(config)).unwrap_or_default();
        let (own, others) = (json(self), json(other));
        let all = Self::settings().into_iter();
        let differing = all.filter(|setting| setting.value_in(&own) != setting.value_in(&others));
        let mut names: Vec<String> =
            differing.map(|setting| format!("`{}`", setting.name())).collect();
        if names.is_empty() && own != others {
            names.push("`network`".to_owned());
        }
        names
    }
}

fn yes() -> bool {
    true
}

/// What runs computed in before they could choose.
fn fp32() -> PrecisionChoice {
    PrecisionChoice::Fp32
}
