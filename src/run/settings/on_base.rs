//! Settings of a network on a pretrained base.

use crate::error::ensure_or;
use crate::nn::architecture::Architecture;
use crate::nn::head::Pooling;
use crate::nn::layer::Statistics;
use crate::nn::preprocess::Preprocess;
use crate::nn::zoo::Model;
use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Preprocessing of a base's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PreprocessChoice {
    /// RGB scaled to 0..1, as in the book.
    Book,
    /// The preprocessing that the published weights were trained with.
    Published,
}

/// Source of the initial weights of a network on a base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// A file with published weights of the base; those of the head are drawn from the seed.
    Weights(PathBuf),
    /// The folder of a run, whose best weights are used.
    Run(PathBuf),
}

/// A pretrained base and the head on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Pretrained base")]
pub struct OnBase {
    /// Width multiplier of MobileNet, which scales the number of filters in every layer.
    #[schemars(extend("x-value-name" = "ALPHA"))]
    pub alpha: f64,
    /// Last layer of the base to use; none for the last in the weights file.
    #[schemars(extend("x-value-name" = "LAYER"))]
    pub through: Option<String>,
    /// Preprocessing of the base's input.
    pub preprocess: PreprocessChoice,
    /// Train the base from this layer on; none to freeze the whole base.
    #[schemars(extend("x-value-name" = "LAYER"))]
    pub unfreeze_from: Option<String>,
    /// Mean and variance to use in batch normalization layers that are trained.
    pub batch_norm: Statistics,
    /// How to reduce the base's feature maps to one vector per picture.
    pub pooling: Pooling,
    /// Units of the dense layer before the classifier; 0 for no such layer.
    #[schemars(range(min = 0, max = 65_536), extend("x-value-name" = "N"))]
    pub units: i64,
    /// Whether the base's features are computed once and the head is trained on them.
    #[schemars(skip)]
    pub stored_features: bool,
    /// Source of the initial weights; `None` is the file that `scripts/fetch_weights.sh` put into
    /// the cache.
    #[schemars(skip)]
    pub start: Option<Start>,
}

impl OnBase {
    /// VGG16 as in section 5.3 of the book; other bases with the best measured settings
    /// (docs/results.md).
    pub fn new(base: Model) -> Self {
        let vgg16 = base == Model::Vgg16;
        Self {
            alpha: 1.0,
            through: None,
            preprocess: if vgg16 { PreprocessChoice::Book } else { PreprocessChoice::Published },
            unfreeze_from: None,
            batch_norm: Statistics::Stored,
            pooling: if vgg16 { Pooling::Flatten } else { Pooling::Average },
            units: 256,
            stored_features: false,
            start: None,
        }
    }

    /// Checks what the ranges of single settings do not express.
    ///
    /// # Errors
    /// If a layer does not exist, or a setting requires an unfrozen base.
    pub fn check(&self, base: Model) -> Result<()> {
        ensure_or!(
            Setting,
            self.batch_norm == Statistics::Stored || self.unfreeze_from.is_some(),
            "expected an unfrozen base with `batch_norm` batch, found a frozen one; try `unfreeze_from` {}",
            base.base()?.first_trained
        );
        let architecture = self.architecture(base)?;
        if let Some(layer) = &self.unfreeze_from {
            architecture.index_of(layer)?;
        }
        Ok(())
    }

    /// The layers of the base up to `through`.
    ///
    /// # Errors
    /// If `alpha` is out of range or there is no layer `through`.
    pub fn architecture(&self, base: Model) -> Result<Architecture> {
        let architecture = base.base_architecture(self.alpha)?;
        match &self.through {
            Some(layer) => architecture.through(layer),
            None => Ok(architecture),
        }
    }

    /// The preprocessing of the base's input.
    ///
    /// # Errors
    /// If `base` is not a pretrained base.
    pub fn preprocess(&self, base: Model) -> Result<Preprocess> {
        Ok(match self.preprocess {
            PreprocessChoice::Book => Preprocess::Book,
            PreprocessChoice::Published => base.base()?.preprocess,
        })
    }
}
