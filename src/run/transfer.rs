//! The settings of a network on a pretrained base.

use crate::nn::architecture::Architecture;
use crate::nn::convolution::Statistics;
use crate::nn::head::Pooling;
use crate::nn::preprocess::Preprocess;
use crate::nn::zoo::Model;
use anyhow::{Result, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What a base is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PreprocessChoice {
    /// RGB in 0..1, as in the book.
    Book,
    /// What the published weights were trained to see.
    Published,
}

impl PreprocessChoice {
    /// The preprocessing for `base`; of a model without published weights the book's.
    pub fn of(self, base: Model) -> Preprocess {
        match (self, base.as_base()) {
            (Self::Published, Some(base)) => base.preprocess,
            _ => Preprocess::Book,
        }
    }
}

/// What is built below and above the features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferConfig {
    pub base: Model,
    /// MobileNet's width.
    pub alpha: f64,
    /// The last block that is kept; `None` keeps all.
    pub through: Option<String>,
    pub preprocess: Preprocess,
    /// The first block that is trained; `None` freezes all.
    pub unfreeze_from: Option<String>,
    /// Where batch normalisation that is trained takes its mean and variance from.
    pub statistics: Statistics,
    pub pooling: Pooling,
    /// Units of the dense layer before the classifier; 0 for none.
    pub units: i64,
    /// Whether the base runs once over the pictures and the head is trained on what it made.
    pub stored_features: bool,
}

impl TransferConfig {
    /// A base as the book's section 5.3 uses VGG16, or as measured to be good for the others.
    pub fn new(base: Model) -> Self {
        let vgg16 = base == Model::Vgg16;
        Self {
            base,
            alpha: 1.0,
            through: None,
            preprocess: if vgg16 { PreprocessChoice::Book } else { PreprocessChoice::Published }
                .of(base),
            unfreeze_from: None,
            statistics: Statistics::Stored,
            pooling: if vgg16 { Pooling::Flatten } else { Pooling::Average },
            units: 256,
            stored_features: false,
        }
    }

    /// # Errors
    /// If a setting is outside its range, or there is no such block.
    pub fn check(&self) -> Result<()> {
        ensure!(
            (0..=65_536).contains(&self.units),
            "expected --units of 0 to 65536, found {}",
            self.units
        );
        ensure!(
            self.statistics == Statistics::Stored || self.unfreeze_from.is_some(),
            "expected a base that is trained with --batch-norm batch, found a frozen one; try --unfreeze-from {}",
            self.base.base()?.first_trained
        );
        let architecture = self.architecture()?;
        if let Some(layer) = &self.unfreeze_from {
            architecture.index_of(layer)?;
        }
        Ok(())
    }

    /// What the base is made of.
    ///
    /// # Errors
    /// If the width is out of range or there is no such layer.
    pub fn architecture(&self) -> Result<Architecture> {
        let architecture = self.base.base_architecture(self.alpha)?;
        match &self.through {
            Some(layer) => architecture.through(layer),
            None => Ok(architecture),
        }
    }
}
