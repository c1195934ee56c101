//! The pretrained base below a network's own layers.

use super::bases::base::Base;
use super::bases::conv::Statistics;
use anyhow::Result;
use tch::Tensor;

/// What a network on a base is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Images,
    /// What the base made of the images, `[N, C, H, W]` f32: the base itself rests.
    Features,
}

/// A base below a network's layers.
#[derive(Debug)]
pub struct Below {
    pub base: Base,
    /// Where blocks that are trained take their mean and variance from.
    pub statistics: Statistics,
    pub takes: Takes,
}

impl Below {
    /// What the layers above are given: the base's features of `images`, or `images`, which are
    /// features already.
    ///
    /// # Errors
    /// As [`Base::features`].
    pub fn forward(&self, images: &Tensor, training: bool) -> Result<Tensor> {
        match self.takes {
            Takes::Features => Ok(images.shallow_clone()),
            Takes::Images if training => self.base.features(images, self.statistics),
            Takes::Images => self.base.features(images, Statistics::Stored),
        }
    }
}
