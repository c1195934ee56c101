//! The settings of a network on a pretrained base.

use crate::nn::bases::BaseKind;
use crate::nn::bases::conv::Statistics;
use crate::nn::bases::plan::Plan;
use crate::nn::bases::preprocess::Preprocess;
use crate::nn::head::Pooling;
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
    /// The preprocessing for `base`.
    pub fn of(self, base: BaseKind) -> Preprocess {
        match self {
            Self::Book => Preprocess::Book,
            Self::Published => Preprocess::published(base),
        }
    }
}

/// What is built below and above the features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferConfig {
    pub base: BaseKind,
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
    pub fn new(base: BaseKind) -> Self {
        let vgg16 = base == BaseKind::Vgg16;
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

    /// The block from which the fine-tuning of a base begins, unless another is asked for.
    pub fn first_trained(base: BaseKind) -> &'static str {
        match base {
            BaseKind::Vgg16 => "block5_conv1",
            BaseKind::Mobilenet => "conv_dw_8",
            BaseKind::Squeezenet => "fire6",
            BaseKind::Resnet18 | BaseKind::Resnet34 | BaseKind::Resnet50 => "layer4",
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
            Self::first_trained(self.base)
        );
        let plan = self.plan()?;
        if let Some(block) = &self.unfreeze_from {
            plan.place(block)?;
        }
        Ok(())
    }

    /// What the base is made of.
    ///
    /// # Errors
    /// If the width is out of range or there is no such block.
    pub fn plan(&self) -> Result<Plan> {
        let plan = Plan::new(self.base, self.alpha)?;
        match &self.through {
            Some(block) => plan.through(block),
            None => Ok(plan),
        }
    }
}
