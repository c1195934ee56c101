//! Recipes: the book's training strategies as sets of settings.

use crate::augment::config::AugmentConfig;
use crate::dataset::config::DataConfig;
use crate::error::{ensure_or, fault};
use crate::keras::KerasProfile;
use crate::machine::config::MachineConfig;
use crate::nn::zoo::{BaseDefinition, Model};
use crate::pictures::cache::CachePolicy;
use crate::pictures::config::PictureConfig;
use crate::pictures::image_size::ImageSize;
use crate::pictures::resize::Interpolation;
use crate::run::folder::RunFolder;
use crate::run::settings::config::Config;
use crate::run::settings::network::{NetworkConfig, NetworkKind, Scratch};
use crate::run::settings::on_base::{OnBase, Start};
use crate::run::settings::output::OutputConfig;
use crate::training::config::TrainingConfig;
use crate::training::optimizer::OptimizerConfig;
use crate::training::schedule::Schedule;
use anyhow::{Context, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A training strategy from chapter 5 of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Recipe {
    /// Train the convnet from scratch (listings 5.5 to 5.8).
    #[default]
    Baseline,
    /// Train the convnet with augmentation and dropout (listings 5.11 to 5.14).
    Augmented,
    /// Train a head on the stored features of a pretrained base (listings 5.16 to 5.18).
    Features,
    /// Train a head on a frozen base, with augmentation (listings 5.19 to 5.21).
    FeaturesAugmented,
    /// Fine-tune a trained head and the last layers of its base (listings 5.22 to 5.24).
    FineTune,
}

impl Recipe {
    /// All recipes, in the book's order.
    pub const ALL: [Self; 5] =
        [Self::Baseline, Self::Augmented, Self::Features, Self::FeaturesAugmented, Self::FineTune];

    /// Name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Augmented => "augmented",
            Self::Features => "features",
            Self::FeaturesAugmented => "features-augmented",
            Self::FineTune => "fine-tune",
        }
    }

    /// Whether the network is on a pretrained base.
    pub fn is_transfer(self) -> bool {
        matches!(self, Self::Features | Self::FeaturesAugmented | Self::FineTune)
    }

    /// The recipe's default network.
    pub fn model(self) -> Model {
        if self.is_transfer() { Model::Vgg16 } else { Model::Convnet }
    }

    /// The book's augmentation.
    pub fn augmentation(self) -> AugmentConfig {
        match self {
            Self::Baseline | Self::Features => AugmentConfig::default(),
            Self::Augmented | Self::FeaturesAugmented | Self::FineTune => AugmentConfig::book(),
        }
    }
}

impl Config {
    /// The settings of `recipe` for the data set at `data`, with the recipe's default network: the
    /// convnet, or a head on VGG16.
    pub fn new(recipe: Recipe, data: impl Into<PathBuf>) -> Self {
        Self::with(recipe, KerasProfile::default(), recipe.model(), Some(data.into()))
    }

    /// The settings of `recipe` in the Keras version `keras`, with the network or on the base
    /// `model`.
    pub fn with(recipe: Recipe, keras: KerasProfile, model: Model, data: Option<PathBuf>) -> Self {
        let mut config = Self {
            recipe,
            data: DataConfig { path: data, ..DataConfig::default() },
            keras,
            network: NetworkConfig {
                model,
                kind: NetworkKind::Scratch(Scratch::default()),
                dropout: None,
            },
            augmentation: recipe.augmentation(),
            pictures: PictureConfig::of(image_size(model)),
            training: TrainingConfig::default(),
            seed: 1,
            optimizer: OptimizerConfig::keras(keras),
            schedule: Schedule::default(),
            machine: MachineConfig::default(),
            output: OutputConfig::default(),
            from: None,
        };
        match (recipe, model.as_base()) {
            (Recipe::Augmented, _) => {
                config.network.dropout = Some(0.5);
                config.training.batch_size = 32;
                config.training.epochs = 100;
                config.training.steps_per_epoch = Some(100);
                config
            }
            (_, Some(base)) if recipe.is_transfer() => config.onto(base),
            _ => config,
        }
    }

    /// The settings to fine-tune the network of the run in the folder `head`, on the same data set.
    ///
    /// # Errors
    /// If there is no such run, or its network is not on a pretrained base.
    pub fn fine_tune(head: &Path, keras: KerasProfile) -> Result<Self> {
        let stored = RunFolder::open(head)?.read_record()?.train;
        let Some(stored_base) = stored.on_base() else {
            fault!(
                Run,
                "expected a run on a pretrained base at {}, found {}; try one of `recipe` features",
                head.display(),
                stored.network.model.name()
            );
        };
        let cannot_read = || format!("cannot read {}", head.display());
        let start = Start::Run(head.canonicalize().with_context(cannot_read)?);
        let model = stored.network.model;
        let mut config = Self::with(Recipe::FineTune, keras, model, None);
        config.data = stored.data.clone();
        config.pictures = PictureConfig {
            skip_bad_pictures: false,
            loader_threads: None,
            cache: CachePolicy::default(),
            ..stored.pictures.clone()
        };
        if let Some(on_base) = config.on_base_mut() {
            *on_base = OnBase {
                unfreeze_from: on_base.unfreeze_from.take(),
                stored_features: false,
                start: Some(start),
                ..stored_base.clone()
            };
        }
        Ok(config)
    }

    /// The settings to train on from the run in the folder `run`: [`Config::fine_tune`] with that `recipe`,
    /// [`Config::further`] without one.
    ///
    /// # Errors
    /// As these, and with another recipe.
    pub fn from_run(run: &Path, recipe: Option<Recipe>, keras: KerasProfile) -> Result<Self> {
        match recipe {
            None => Self::further(run),
            Some(Recipe::FineTune) => Self::fine_tune(run, keras),
            Some(other) => fault!(
                Setting,
                "expected `recipe` fine-tune with `from`, found `recipe` {}; try `weights` FILE, or no `recipe`, which trains the network of {} further",
                other.name(),
                run.display()
            ),
        }
    }

    /// The settings to train the network of the run in the folder `run` further, on the same data set:
    /// with a new schedule, from its last weights.
    ///
    /// # Errors
    /// If there is no such run, or it has no weights yet.
    pub fn further(run: &Path) -> Result<Self> {
        let found = RunFolder::open(run)?;
        ensure_or!(
            Run,
            found.last().is_file(),
            "expected a run with weights in last.ot at {}, found none; try `resume` to train it first",
            run.display()
        );
        let from = run.canonicalize().with_context(|| format!("cannot read {}", run.display()))?;
        Ok(Self { from: Some(from), ..found.read_record()?.train })
    }

    /// Switches to another version of Keras, including its ε.
    pub fn follow(&mut self, keras: KerasProfile) {
        let OptimizerConfig { epsilon, epsilon_place, .. } = OptimizerConfig::keras(keras);
        self.keras = keras;
        self.optimizer = OptimizerConfig { epsilon, epsilon_place, ..self.optimizer };
    }

    /// Switches to another network and the image size it was designed for.
    pub fn switch_model(&mut self, model: Model) {
        self.network.model = model;
        self.pictures.image_size = image_size(model);
    }

    /// The recipe on a base: the book's settings for VGG16; for other bases, a head's learning rate is
    /// the one with the lowest validation loss (docs/results.md), and fine-tuning's is a third of it.
    fn onto(mut self, base: &BaseDefinition) -> Self {
        let book = self.network.model == Model::Vgg16;
        let mut on_base = OnBase::new(self.network.model);
        self.optimizer.learning_rate = match (self.recipe, book) {
            (Recipe::FineTune, true) => 1e-5,
            (Recipe::FineTune, false) => 3e-5,
            (_, true) => 2e-5,
            (_, false) => 1e-4,
        };
        match self.recipe {
            Recipe::Features => {
                on_base.stored_features = true;
                self.network.dropout = Some(0.5);
            }
            Recipe::FineTune => {
                on_base.unfreeze_from = Some(base.first_trained.to_owned());
                self.training.epochs = if book { 100 } else { 8 };
            }
            _ => {}
        }
        if book {
            // 100 steps of 20 are one pass over the book's 2,000 pictures.
            self.training.steps_per_epoch = (!on_base.stored_features).then_some(100);
        } else {
            self.pictures.interpolation = Interpolation::Bilinear;
            let fine_tune = self.recipe == Recipe::FineTune;
            let flips = self.augmentation.is_active();
            self.augmentation =
                if fine_tune { AugmentConfig::gentle() } else { AugmentConfig::default() };
            self.augmentation.flip.horizontal_flip = flips;
            if fine_tune {
                self.schedule = Schedule::Cosine;
            }
        }
        self.network.kind = NetworkKind::OnBase(on_base);
        self
    }
}

/// The image size that `model` was designed for.
fn image_size(model: Model) -> ImageSize {
    let (height, width) = model.definition().image_size;
    ImageSize { height, width }
}
