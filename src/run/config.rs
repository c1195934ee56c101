//! Every setting of a run, as one value that is stored with it.

pub use super::recipe::Recipe;
use super::transfer::TransferConfig;
use crate::augment::config::AugmentConfig;
use crate::device::DeviceChoice;
use crate::keras::KerasProfile;
use crate::nn::architecture::Architecture;
use crate::nn::base::Base;
use crate::nn::head;
use crate::nn::network::Network;
use crate::nn::zoo::{Downsample, Model, Options};
use crate::pictures::cache::CachePolicy;
use crate::pictures::pixels::Target;
use crate::pictures::resize::Interpolation;
use crate::precision::{Precision, PrecisionChoice};
use crate::training::objective::ClassWeights;
use crate::training::optimizer::RmsPropConfig;
use crate::training::schedule::Schedule;
use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use tch::Device;

/// Where the first weights of a network on a base come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// A file of the base's published weights; the head's are drawn from the seed.
    Weights(PathBuf),
    /// A run's weights at its lowest val_loss.
    Run(PathBuf),
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
    pub model: Model,
    pub downsample: Downsample,
    /// What is built on a pretrained base, where the model is one.
    #[serde(default)]
    pub transfer: Option<TransferConfig>,
    /// Where the first weights come from, where the model is a base.
    #[serde(default)]
    pub start: Option<Start>,
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
    #[serde(default)]
    pub schedule: Schedule,
    /// Epochs without a new lowest val_loss after which training ends.
    #[serde(default)]
    pub patience: Option<i64>,
    /// The share of a label that is spread over all classes, 0..1.
    #[serde(default)]
    pub label_smoothing: f64,
    #[serde(default)]
    pub class_weights: ClassWeights,
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
    /// # Errors
    /// If a setting is outside its range: its flag, and what was expected.
    pub fn check(&self) -> Result<()> {
        self.check_transfer()?;
        let at_least_one = [
            ("--batch-size", Some(self.batch_size)),
            ("--epochs", Some(self.epochs)),
            ("--steps-per-epoch", self.steps_per_epoch),
            ("--validation-steps", self.validation_steps),
            ("--patience", self.patience),
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
        let smoothing = self.label_smoothing;
        ensure!(
            (0.0..1.0).contains(&smoothing),
            "expected --label-smoothing in 0..1, found {smoothing}"
        );
        self.augmentation.check()?;
        self.optimizer.check()
    }

    /// What the pictures are decoded to.
    pub fn target(&self) -> Target {
        let (height, width) = self.image_size;
        Target {
            height,
            width,
            color_mode: self.model.definition().color_mode,
            interpolation: self.interpolation,
        }
    }

    /// A base's settings go with a base, and with a recipe for it.
    fn check_transfer(&self) -> Result<()> {
        let is_base = self.model.is_base();
        ensure!(
            is_base == self.recipe.is_transfer(),
            "expected {} with --recipe {}, found --model {}; try --recipe {}",
            if is_base { "--model convnet or mnist" } else { "a pretrained base" },
            self.recipe.name(),
            self.model.name(),
            if is_base { "features" } else { "baseline" },
        );
        let Some(transfer) = &self.transfer else { return Ok(()) };
        ensure!(
            self.model == transfer.base,
            "expected --model {}, found {}",
            transfer.base.name(),
            self.model.name()
        );
        ensure!(
            !transfer.stored_features || !self.augmentation.is_active(),
            "expected no augmentation with --recipe features, whose base sees every picture once, found some; try --recipe features-augmented"
        );
        ensure!(
            !transfer.stored_features || transfer.unfreeze_from.is_none(),
            "expected a frozen base with --recipe features, found --unfreeze-from; try --recipe fine-tune"
        );
        transfer.check()
    }

    /// The layers for a number of classes: of the whole network, or above the base.
    ///
    /// # Errors
    /// If the pictures are too small for it.
    pub fn architecture(&self, classes: usize) -> Result<Architecture> {
        let (size, dropout) = (self.image_size, self.dropout);
        match &self.transfer {
            Some(transfer) => {
                let features = transfer.architecture()?.feature_shape(size)?;
                head::architecture(features, classes, transfer.pooling, transfer.units, dropout)
            }
            None => {
                let (classes, downsample) = (Some(classes), self.downsample);
                self.model.architecture(size, &Options { classes, downsample, dropout })
            }
        }
    }

    /// The network for a number of classes, its weights drawn from the seed.
    ///
    /// # Errors
    /// If the pictures are too small for it, or it does not fit on the device.
    pub fn network(&self, classes: usize, device: Device, precision: Precision) -> Result<Network> {
        let network = Network::new(self.architecture(classes)?, device, precision, self.seed)?;
        let Some(transfer) = &self.transfer else { return Ok(network) };
        let mut base = Base::random(transfer.base, transfer.architecture()?, device, self.seed)?;
        base.set_preprocess(transfer.preprocess);
        base.compute_in(precision.kind())?;
        if let Some(block) = &transfer.unfreeze_from {
            base.unfreeze_from(block)?;
        }
        Ok(network.on_base(base, transfer.statistics))
    }

    /// Whether `other` trains the same weights, but for rounding, up to the epoch where the shorter
    /// one ends: only the machine's settings and the number of epochs may differ.
    pub fn continues(&self, other: &Self) -> bool {
        let comparable = |config: &Self| Self {
            // A cosine's every rate depends on the last epoch.
            epochs: if config.schedule == Schedule::Cosine { config.epochs } else { 0 },
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
