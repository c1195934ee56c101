//! batches → logits: the networks, as Keras-like lists of layers built on `tch::nn`.

pub mod convnet;
pub mod dropout;
pub mod init;
pub mod layer;
pub mod mnist;
pub mod network;
pub mod npz;
pub mod summary;
pub mod weights;

use anyhow::Result;
use clap::ValueEnum;
use layer::Architecture;
use serde::{Deserialize, Serialize};

use crate::data::decode::ColorMode;

/// The networks that can be trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// The book's listing 5.5: four convolutions, two dense layers.
    #[default]
    Convnet,
    /// The book's listings 5.1 and 5.2: the small network for MNIST.
    Mnist,
}

/// What makes the pictures smaller from stage to stage (the book, section 5.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Downsample {
    /// 2×2 max pooling after each convolution, as in the book.
    #[default]
    MaxPool,
    /// 2×2 average pooling instead.
    AveragePool,
    /// Convolutions of stride 2, no pooling.
    Stride,
    /// Nothing: the section's argument for pooling.
    None,
}

impl ModelKind {
    /// The name by which `--model` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Convnet => "convnet",
            Self::Mnist => "mnist",
        }
    }

    /// Height and width of the pictures the network was made for.
    pub fn image_size(self) -> (usize, usize) {
        match self {
            Self::Convnet => (150, 150),
            Self::Mnist => (28, 28),
        }
    }

    /// The colours it looks at.
    pub fn color_mode(self) -> ColorMode {
        match self {
            Self::Convnet => ColorMode::Rgb,
            Self::Mnist => ColorMode::Grayscale,
        }
    }

    /// The network's layers. `classes` of `None` leaves out the classifier where the book shows
    /// the network without it (listing 5.1). `dropout` after Flatten, if any, is listing 5.13's.
    ///
    /// # Errors
    /// If pictures of this size are too small for it.
    pub fn architecture(
        self,
        image_size: (usize, usize),
        classes: Option<usize>,
        downsample: Downsample,
        dropout: Option<f64>,
    ) -> Result<Architecture> {
        let (height, width) = image_size;
        let input = [height as i64, width as i64, self.color_mode().channels() as i64];
        match self {
            Self::Convnet => {
                convnet::architecture(input, classes.unwrap_or(2), downsample, dropout)
            }
            Self::Mnist => mnist::architecture(input, classes, downsample, dropout),
        }
    }
}
