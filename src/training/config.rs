//! Every setting of a run, as one value that is stored with it.

use super::optimizer::RmsPropConfig;
use crate::augment::config::AugmentConfig;
use crate::data::cache::Target;
use crate::data::policy::CachePolicy;
use crate::data::resize::Interpolation;
use crate::device::DeviceChoice;
use crate::keras::KerasProfile;
use crate::models::{Downsample, ModelKind, layer::Architecture};
use crate::precision::PrecisionChoice;
use anyhow::{Result, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The book's strategies, each a set of settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipe {
    /// Listings 5.5 to 5.8: the convnet from scratch, batches of 20, 30 epochs.
    #[default]
    Baseline,
    /// Listings 5.11 to 5.14: augmented pictures and dropout, batches of 32, 100 epochs of 100
    /// steps.
    Augmented,
}

impl Recipe {
    /// What the recipe's training pictures go through.
    pub fn augmentation(self) -> AugmentConfig {
        match self {
            Self::Baseline => AugmentConfig::default(),
            Self::Augmented => AugmentConfig::book(),
        }
    }
}

/// The settings of one training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    pub recipe: Recipe,
    /// The folder that holds `train` and `validation`.
    pub data: PathBuf,
    /// The version of Keras that is followed where they differ.
    #[serde(default)]
    pub keras: KerasProfile,
    pub model: ModelKind,
    pub downsample: Downsample,
    /// Rate of dropout after Flatten, 0..1.
    #[serde(default)]
    pub dropout: Option<f64>,
    /// Height and width the pictures are resized to.
    pub image_size: (usize, usize),
    pub interpolation: Interpolation,
    /// What training pictures go through.
    #[serde(default)]
    pub augmentation: AugmentConfig,
    pub batch_size: i64,
    pub epochs: i64,
    /// Batches an epoch; `None` is one pass over the pictures.
    pub steps_per_epoch: Option<i64>,
    /// Batches a validation; `None` is one pass.
    pub validation_steps: Option<i64>,
    pub optimizer: RmsPropConfig,
    /// Where every random draw of the run comes from.
    pub seed: u64,
    pub skip_bad_pictures: bool,
    pub device: DeviceChoice,
    /// In which numbers the network computes; a run stores what `auto` took.
    #[serde(default = "fp32")]
    pub precision: PrecisionChoice,
    /// Whether a training step is recorded as a CUDA graph.
    #[serde(default = "yes")]
    pub cuda_graph: bool,
    /// libtorch's threads on the CPU; `None` is its own choice.
    pub threads: Option<usize>,
    /// Threads that decode pictures; `None` is one a core.
    pub loader_threads: Option<usize>,
    /// Where decoded pictures are kept.
    #[serde(default)]
    pub cache: CachePolicy,
}

impl TrainConfig {
    /// The recipe's settings for the data set at `data`.
    pub fn recipe(recipe: Recipe, keras: KerasProfile, model: ModelKind, data: PathBuf) -> Self {
        let baseline = Self {
            recipe,
            data,
            keras,
            model,
            downsample: Downsample::default(),
            dropout: None,
            image_size: model.image_size(),
            interpolation: Interpolation::default(),
            augmentation: recipe.augmentation(),
            batch_size: 20,
            epochs: 30,
            steps_per_epoch: None,
            validation_steps: None,
            optimizer: RmsPropConfig::keras(keras),
            seed: 1,
            skip_bad_pictures: false,
            device: DeviceChoice::default(),
            precision: PrecisionChoice::Auto,
            cuda_graph: true,
            threads: None,
            loader_threads: None,
            cache: CachePolicy::default(),
        };
        match recipe {
            Recipe::Baseline => baseline,
            Recipe::Augmented => Self {
                dropout: Some(0.5),
                batch_size: 32,
                epochs: 100,
                steps_per_epoch: Some(100),
                ..baseline
            },
        }
    }

    /// # Errors
    /// If a setting is outside its range: its flag, and what was expected.
    pub fn check(&self) -> Result<()> {
        ensure!(
            self.model.base().is_none(),
            "expected --model convnet or mnist, found {}, a pretrained base, which cannot be trained yet; try petite summary --model {}",
            self.model.name(),
            self.model.name()
        );
        let at_least_one = [
            ("--batch-size", Some(self.batch_size)),
            ("--epochs", Some(self.epochs)),
            ("--steps-per-epoch", self.steps_per_epoch),
            ("--validation-steps", self.validation_steps),
            ("--threads", self.threads.map(|threads| threads as i64)),
            ("--loader-threads", self.loader_threads.map(|threads| threads as i64)),
        ];
        for (flag, value) in at_least_one {
            if let Some(value) = value {
                ensure!(value >= 1, "expected {flag} of 1 or more, found {value}");
                ensure!(
                    value <= i64::from(i32::MAX),
                    "expected {flag} of at most {}, found {value}",
                    i32::MAX
                );
            }
        }
        let (height, width) = self.image_size;
        let sides = 1..=4096;
        ensure!(
            sides.contains(&height) && sides.contains(&width),
            "expected --image-size of 1 to 4096, found {height}x{width}"
        );
        if let Some(rate) = self.dropout {
            ensure!((0.0..1.0).contains(&rate), "expected --dropout in 0..1, found {rate}");
        }
        self.augmentation.check()?;
        self.optimizer.check()
    }

    /// What the pictures are decoded to.
    pub fn target(&self) -> Target {
        let (height, width) = self.image_size;
        Target {
            height,
            width,
            color_mode: self.model.color_mode(),
            interpolation: self.interpolation,
        }
    }

    /// The network for a number of classes.
    ///
    /// # Errors
    /// If the pictures are too small for it.
    pub fn architecture(&self, classes: usize) -> Result<Architecture> {
        self.model.architecture(self.image_size, Some(classes), self.downsample, self.dropout)
    }

    /// Whether `other` trains the same weights, but for rounding, up to the epoch where the shorter
    /// one ends: only the machine's settings and the number of epochs may differ.
    pub fn continues(&self, other: &Self) -> bool {
        let comparable = |config: &Self| Self {
            epochs: 0,
            device: DeviceChoice::Auto,
            precision: PrecisionChoice::Auto,
            cuda_graph: true,
            threads: None,
            loader_threads: None,
            cache: CachePolicy::Auto,
            ..config.clone()
        };
        comparable(self) == comparable(other)
    }
}

fn yes() -> bool {
    true
}

/// What runs computed in before they could choose.
fn fp32() -> PrecisionChoice {
    PrecisionChoice::Fp32
}
