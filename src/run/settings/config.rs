//! All settings of a run, which are stored in its `config.json`.

use crate::augment::config::AugmentConfig;
use crate::dataset::config::DataConfig;
use crate::error::{ensure_or, fault};
use crate::keras::KerasProfile;
use crate::machine::config::MachineConfig;
use crate::nn::zoo::Model;
use crate::pictures::config::PictureConfig;
use crate::pictures::image_size::ImageSize;
use crate::run::settings::network::{NetworkConfig, NetworkKind, Scratch};
use crate::run::settings::on_base::OnBase;
use crate::run::settings::output::OutputConfig;
pub use crate::run::settings::recipe::Recipe;
use crate::settings::{self, Setting};
use crate::training::config::TrainingConfig;
use crate::training::optimizer::OptimizerConfig;
use crate::training::schedule::Schedule;
use anyhow::{Context, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::LazyLock;

/// The settings of one training run.
///
/// Start from a recipe and change single settings:
///
/// ```
/// # use petite::{Config, Recipe};
/// let mut config = Config::new(Recipe::Augmented, "data/dogs-vs-cats");
/// config.training.epochs = 20;
/// config.optimizer.learning_rate = 2e-4;
/// config.output.folder = "runs/augmented".into();
/// ```
///
/// Its parts are structs; in `config.json` most of their settings stand side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Config {
    /// Training strategy from the book; sets the defaults of the other settings.
    pub recipe: Recipe,
    /// Where the pictures are.
    #[serde(flatten)]
    pub data: DataConfig,
    /// Keras version to reproduce where versions differ: epsilon, shear, interpolation, rotation
    /// center, length of epochs.
    #[serde(default)]
    #[schemars(extend("x-group" = "Training", "x-value-name" = "VERSION"))]
    pub keras: KerasProfile,
    /// The layers.
    #[serde(flatten)]
    pub network: NetworkConfig,
    /// Random augmentation of the training pictures.
    #[serde(default)]
    pub augmentation: AugmentConfig,
    /// How pictures are decoded.
    #[serde(flatten)]
    pub pictures: PictureConfig,
    /// Batches, epochs and the loss.
    #[serde(flatten)]
    pub training: TrainingConfig,
    /// Seed of all random numbers.
    #[schemars(extend("x-value-name" = "SEED"))]
    pub seed: u64,
    /// Settings of the optimizer, RMSprop.
    pub optimizer: OptimizerConfig,
    /// Schedule of the learning rate over the epochs.
    #[serde(default)]
    #[schemars(extend("x-group" = "Optimizer"))]
    pub schedule: Schedule,
    /// What computes.
    #[serde(flatten)]
    pub machine: MachineConfig,
    /// What is written, and where.
    #[serde(flatten)]
    pub output: OutputConfig,
    /// Folder of the run whose last weights the network starts from; none to start as `network` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub from: Option<PathBuf>,
}

/// New values of settings, in JSON, by name.
pub type Changes = Map<String, Value>;

/// The value of one of the `changes`, if it is there.
pub(crate) fn value_in<T: DeserializeOwned>(changes: &Changes, name: &str) -> Result<Option<T>> {
    match changes.get(name).cloned().map(serde_json::from_value).transpose() {
        Ok(value) => Ok(value),
        Err(error) => fault!(Setting, "in `{name}`: {error}"),
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
        let stored_features = recipe == Recipe::Features;
        let kind = match model.is_base() && recipe.is_transfer() {
            true => NetworkKind::OnBase(OnBase { stored_features, ..OnBase::new(model) }),
            false => NetworkKind::Scratch(Scratch::default()),
        };
        let mut config = Self {
            recipe,
            data: DataConfig { path: data, ..DataConfig::default() },
            keras,
            network: NetworkConfig { model, kind, dropout: None },
            augmentation: AugmentConfig::default(),
            pictures: PictureConfig::of(image_size(model)),
            training: TrainingConfig::default(),
            seed: 1,
            optimizer: OptimizerConfig::keras(keras),
            schedule: Schedule::default(),
            machine: MachineConfig::default(),
            output: OutputConfig::default(),
            from: None,
        };
        let applied = config.change(recipe.changes(model));
        debug_assert!(applied.is_ok(), "{applied:?}");
        config
    }

    /// The defaults of the `recipe`, `keras` and `model` in `changes`, with all of these.
    ///
    /// # Errors
    /// As [`Config::change`].
    pub fn of(changes: &Changes) -> Result<Self> {
        let recipe: Recipe = value_in(changes, "recipe")?.unwrap_or_default();
        let model = value_in(changes, "model")?.unwrap_or(recipe.model());
        let keras = value_in(changes, "keras")?.unwrap_or_default();
        let mut config = Self::with(recipe, keras, model, None);
        config.change(changes.clone())?;
        Ok(config)
    }

    /// All settings that users can choose, in the order of their groups.
    pub fn settings() -> &'static [Setting] {
        static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(settings::all::<Config>);
        &SETTINGS
    }

    /// Changes the named settings to new values, in JSON. Another `model` brings the image size that
    /// it was designed for, another version of `keras` its ε; the recipe is a name here.
    ///
    /// ```
    /// # use petite::{Config, Recipe};
    /// let mut config = Config::new(Recipe::Baseline, "data/dogs-vs-cats");
    /// config.change([("epochs", 20.into()), ("model", "mnist".into())])?;
    /// assert_eq!(config.pictures.image_size, "28".parse()?);
    /// # Ok::<(), anyhow::Error>(())
    /// ```
    ///
    /// # Errors
    /// If this kind of network lacks a setting, or a value is invalid; nothing is changed then.
    pub fn change<N: AsRef<str>>(
        &mut self,
        changes: impl IntoIterator<Item = (N, Value)>,
    ) -> Result<()> {
        let name = |(name, value): (N, Value)| (name.as_ref().to_owned(), value);
        let changes: Changes = changes.into_iter().map(name).collect();
        let mut changed = self.clone();
        if let Some(model) =
            value_in(&changes, "model")?.filter(|&model| model != self.network.model)
        {
            changed.network.model = model;
            changed.pictures.image_size = image_size(model);
        }
        if let Some(keras) = value_in(&changes, "keras")?.filter(|&keras| keras != self.keras) {
            let OptimizerConfig { epsilon, epsilon_place, .. } = OptimizerConfig::keras(keras);
            changed.keras = keras;
            changed.optimizer = OptimizerConfig { epsilon, epsilon_place, ..self.optimizer };
        }
        changed.recipe = value_in(&changes, "recipe")?.unwrap_or(self.recipe);
        if ["recipe", "model"].iter().any(|name| changes.contains_key(*name)) {
            // Before the settings that depend on them.
            changed.check_model()?;
        }
        let mut json = serde_json::to_value(&changed).context("cannot serialize the settings")?;
        for (name, value) in changes {
            let Some(setting) = Self::settings().iter().find(|it| it.name() == name) else {
                fault!(Setting, "expected the name of a setting, found {name}");
            };
            setting.check(&value)?;
            if !setting.set_in(&mut json, value) {
                let (model, recipe) = (changed.network.model.name(), changed.recipe.name());
                match self.network.kind {
                    NetworkKind::OnBase(_) => fault!(
                        Setting,
                        "expected `{name}` with a network from scratch only, found it with `model` {model}; try `model` convnet"
                    ),
                    NetworkKind::Scratch(_) => fault!(
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
        let OutputConfig { folder, resume, .. } = std::mem::take(&mut self.output);
        *self = Self { output: OutputConfig { folder, resume, ..changed.output }, ..changed };
        Ok(())
    }

    /// The settings of the base; `None` if the network is trained from scratch.
    pub fn on_base(&self) -> Option<&OnBase> {
        let NetworkKind::OnBase(on_base) = &self.network.kind else { return None };
        Some(on_base)
    }

    /// [`Config::on_base`], mutable.
    pub fn on_base_mut(&mut self) -> Option<&mut OnBase> {
        match &mut self.network.kind {
            NetworkKind::OnBase(on_base) => Some(on_base),
            NetworkKind::Scratch(_) => None,
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
        on_base.check(self.network.model)
    }

    /// Checks that `recipe`, `model` and `network` can be combined.
    fn check_model(&self) -> Result<()> {
        let is_base = self.network.model.is_base();
        ensure_or!(
            Setting,
            is_base == self.recipe.is_transfer(),
            "expected {} with `recipe` {}, found `model` {}; try `recipe` {}",
            if is_base { "`model` convnet or mnist" } else { "a pretrained base" },
            self.recipe.name(),
            self.network.model.name(),
            if is_base { "features" } else { "baseline" },
        );
        ensure_or!(
            Setting,
            is_base == self.on_base().is_some(),
            "expected the `network` settings of `model` {}, found those of another kind of network; try Config::with",
            self.network.model.name()
        );
        Ok(())
    }
}

/// The image size that `model` was designed for.
fn image_size(model: Model) -> ImageSize {
    let (height, width) = model.definition().image_size;
    ImageSize { height, width }
}
