//! The book's strategies, each a set of settings.

use super::config::TrainConfig;
use super::transfer::TransferConfig;
use crate::augment::config::AugmentConfig;
use crate::device::DeviceChoice;
use crate::keras::KerasProfile;
use crate::nn::bases::BaseKind;
use crate::nn::{Downsample, ModelKind};
use crate::pictures::cache::CachePolicy;
use crate::pictures::resize::Interpolation;
use crate::precision::PrecisionChoice;
use crate::training::objective::ClassWeights;
use crate::training::optimizer::RmsPropConfig;
use crate::training::schedule::Schedule;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One of the chapter's strategies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipe {
    /// Listings 5.5 to 5.8: the convnet from scratch, batches of 20, 30 epochs.
    #[default]
    Baseline,
    /// Listings 5.11 to 5.14: augmented pictures and dropout, batches of 32, 100 epochs of 100
    /// steps.
    Augmented,
    /// Listings 5.16 to 5.18: a pretrained base runs once over the pictures, and a head is trained
    /// on its features.
    Features,
    /// Listings 5.19 to 5.21: a head on a frozen base, on augmented pictures.
    FeaturesAugmented,
    /// Listings 5.22 to 5.24: a trained head's base is trained on from a block on.
    FineTune,
}

impl Recipe {
    /// The name by which `--recipe` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Augmented => "augmented",
            Self::Features => "features",
            Self::FeaturesAugmented => "features-augmented",
            Self::FineTune => "fine-tune",
        }
    }

    /// Whether it needs a pretrained base.
    pub fn is_transfer(self) -> bool {
        matches!(self, Self::Features | Self::FeaturesAugmented | Self::FineTune)
    }

    /// The network it is made for.
    pub fn model(self) -> ModelKind {
        if self.is_transfer() { ModelKind::Vgg16 } else { ModelKind::Convnet }
    }

    /// What the book's training pictures go through.
    pub fn augmentation(self) -> AugmentConfig {
        match self {
            Self::Baseline | Self::Features => AugmentConfig::default(),
            Self::Augmented | Self::FeaturesAugmented | Self::FineTune => AugmentConfig::book(),
        }
    }
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
            transfer: None,
            start: None,
            dropout: None,
            image_size: model.image_size(),
            interpolation: Interpolation::default(),
            augmentation: recipe.augmentation(),
            batch_size: 20,
            epochs: 30,
            steps_per_epoch: None,
            validation_steps: None,
            optimizer: RmsPropConfig::keras(keras),
            schedule: Schedule::default(),
            patience: None,
            label_smoothing: 0.0,
            class_weights: ClassWeights::default(),
            seed: 1,
            skip_bad_pictures: false,
            device: DeviceChoice::default(),
            precision: PrecisionChoice::Auto,
            cuda_graph: true,
            threads: None,
            loader_threads: None,
            cache: CachePolicy::default(),
        };
        match (recipe, model.base()) {
            (Recipe::Augmented, _) => Self {
                dropout: Some(0.5),
                batch_size: 32,
                epochs: 100,
                steps_per_epoch: Some(100),
                ..baseline
            },
            (_, Some(base)) if recipe.is_transfer() => baseline.on_base(base),
            _ => baseline,
        }
    }

    /// The recipe on a base: the book's for VGG16; for the others what was best on validation
    /// pictures (docs/results.md).
    fn on_base(mut self, base: BaseKind) -> Self {
        let book = base == BaseKind::Vgg16;
        let mut transfer = TransferConfig::new(base);
        self.optimizer.learning_rate = match (self.recipe, book) {
            (Recipe::FineTune, true) => 1e-5,
            (Recipe::FineTune, false) => 3e-5,
            (_, true) => 2e-5,
            (_, false) => 1e-4,
        };
        match self.recipe {
            Recipe::Features => {
                transfer.stored_features = true;
                self.dropout = Some(0.5);
            }
            Recipe::FineTune => {
                transfer.unfreeze_from = Some(TransferConfig::first_trained(base).to_owned());
                self.epochs = if book { 100 } else { 8 };
            }
            _ => {}
        }
        if book {
            // 100 steps of 20 are one pass over the book's 2,000 pictures.
            self.steps_per_epoch = (!transfer.stored_features).then_some(100);
        } else {
            self.interpolation = Interpolation::Bilinear;
            let fine_tune = self.recipe == Recipe::FineTune;
            let flips = self.augmentation.is_active();
            self.augmentation =
                if fine_tune { AugmentConfig::gentle() } else { AugmentConfig::default() };
            self.augmentation.flip.horizontal_flip = flips;
            if fine_tune {
                self.schedule = Schedule::Cosine;
            }
        }
        self.transfer = Some(transfer);
        self
    }
}
