//! All settings of a run, which are stored in its `config.json`.

use crate::augment::config::AugmentConfig;
use crate::dataset::config::DataConfig;
use crate::error::{ensure_or, fault};
use crate::keras::KerasProfile;
use crate::machine::config::MachineConfig;
use crate::pictures::config::PictureConfig;
use crate::run::settings::network::{NetworkConfig, NetworkKind};
use crate::run::settings::on_base::OnBase;
use crate::run::settings::output::OutputConfig;
pub use crate::run::settings::recipe::Recipe;
use crate::settings::{self, Setting};
use crate::training::config::TrainingConfig;
use crate::training::optimizer::OptimizerConfig;
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
                let (model, recipe) = (self.network.model.name(), self.recipe.name());
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
        let mut changed: Self = match serde_json::from_value(json) {
            Ok(changed) => changed,
            Err(error) => fault!(Setting, "{error}"),
        };
        changed.output.folder = std::mem::take(&mut self.output.folder);
        changed.output.resume = self.output.resume;
        *self = changed;
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
    ///
    /// # Errors
    /// If they cannot.
    pub fn check_model(&self) -> Result<()> {
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
