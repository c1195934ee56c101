//! The settings of a network on a pretrained base.

use crate::error::ensure_or;
use crate::nn::architecture::Architecture;
use crate::nn::convolution::Statistics;
use crate::nn::head::Pooling;
use crate::nn::preprocess::Preprocess;
use crate::nn::zoo::Model;
use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How pictures are prepared for a base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PreprocessChoice {
    /// RGB in 0..1, as in the book.
    Book,
    /// As the published weights were trained.
    Published,
}

/// Where the first weights of a network on a base come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// A file of the base's published weights; the head's are drawn from the seed.
    Weights(PathBuf),
    /// The weights of a run at its lowest val_loss.
    Run(PathBuf),
}

/// A pretrained base and the head on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Pretrained base")]
pub struct OnBase {
    /// Width of MobileNet: the number of filters of every layer is multiplied by this.
    #[schemars(extend("x-value-name" = "ALPHA"))]
    pub alpha: f64,
    /// Last layer of the base that is kept; none keeps all that its weights hold.
    #[schemars(extend("x-value-name" = "LAYER"))]
    pub through: Option<String>,
    /// How pictures are prepared for the base.
    pub preprocess: PreprocessChoice,
    /// First layer of the base that is trained; none freezes the whole base.
    #[schemars(extend("x-value-name" = "LAYER"))]
    pub unfreeze_from: Option<String>,
    /// Where trained batch normalization takes mean and variance from.
    pub batch_norm: Statistics,
    /// How the base's features become one row per picture.
    pub pooling: Pooling,
    /// Units of the dense layer before the classifier; 0 for none.
    #[schemars(range(min = 0, max = 65_536), extend("x-value-name" = "N"))]
    pub units: i64,
    /// Whether the base runs once over the pictures, and the head is trained on its stored features.
    #[schemars(skip)]
    pub stored_features: bool,
    /// Where the first weights come from; `None` is the file that `scripts/fetch_weights.sh` has put
    /// into the cache.
    #[schemars(skip)]
    pub start: Option<Start>,
}

impl OnBase {
    /// A base as the book's section 5.3 uses VGG16; the others as measured (docs/results.md).
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

    /// Checks what the settings' own ranges do not say.
    ///
    /// # Errors
    /// If there is no such layer, or a setting does not go with a frozen base.
    pub fn check(&self, base: Model) -> Result<()> {
        ensure_or!(
            Setting,
            self.batch_norm == Statistics::Stored || self.unfreeze_from.is_some(),
            "expected a base that is trained with `batch_norm` batch, found a frozen one; try `unfreeze_from` {}",
            base.base()?.first_trained
        );
        let architecture = self.architecture(base)?;
        if let Some(layer) = &self.unfreeze_from {
            architecture.index_of(layer)?;
        }
        Ok(())
    }

    /// The layers of the base.
    ///
    /// # Errors
    /// If the width is out of range or there is no such layer.
    pub fn architecture(&self, base: Model) -> Result<Architecture> {
        let architecture = base.base_architecture(self.alpha)?;
        match &self.through {
            Some(layer) => architecture.through(layer),
            None => Ok(architecture),
        }
    }

    /// The numbers by which pictures are prepared.
    ///
    /// # Errors
    /// If `base` is no base.
    pub fn preprocess(&self, base: Model) -> Result<Preprocess> {
        Ok(match self.preprocess {
            PreprocessChoice::Book => Preprocess::Book,
            PreprocessChoice::Published => base.base()?.preprocess,
        })
    }
}
