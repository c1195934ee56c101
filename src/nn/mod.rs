//! batches → logits: the networks, as Keras-like lists of layers built on `tch::nn`.

pub mod bases;
pub mod below;
pub mod convnet;
pub mod dropout;
pub mod head;
pub mod init;
pub mod layer;
pub mod mnist;
pub mod network;
mod step;
pub mod summary;

use anyhow::{Result, bail};
use bases::BaseKind;
use layer::Architecture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pictures::decode::ColorMode;

/// The networks there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// The book's listing 5.5: four convolutions, two dense layers.
    #[default]
    Convnet,
    /// The book's listings 5.1 and 5.2: the small network for MNIST.
    Mnist,
    /// The book's listing 5.17: VGG16 without its classifier, a pretrained base.
    Vgg16,
    /// MobileNet v1, a pretrained base.
    Mobilenet,
    /// SqueezeNet v1.1, a pretrained base.
    Squeezenet,
    /// torchvision's ResNet of 18 layers, a pretrained base.
    Resnet18,
    /// The same of 34 layers.
    Resnet34,
    /// The same of 50 layers.
    Resnet50,
}

/// What makes the pictures smaller from stage to stage (the book, section 5.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
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
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Convnet,
        Self::Mnist,
        Self::Vgg16,
        Self::Mobilenet,
        Self::Squeezenet,
        Self::Resnet18,
        Self::Resnet34,
        Self::Resnet50,
    ];

    /// The name by which `--model` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Convnet => "convnet",
            Self::Mnist => "mnist",
            Self::Vgg16 => "vgg16",
            Self::Mobilenet => "mobilenet",
            Self::Squeezenet => "squeezenet",
            Self::Resnet18 => "resnet18",
            Self::Resnet34 => "resnet34",
            Self::Resnet50 => "resnet50",
        }
    }

    /// The pretrained base of this name, if it is one.
    pub fn base(self) -> Option<BaseKind> {
        BaseKind::ALL.into_iter().find(|base| base.name() == self.name())
    }

    /// Height and width of the pictures the network was made for.
    pub fn image_size(self) -> (usize, usize) {
        match self {
            // The book's for VGG16.
            Self::Convnet | Self::Vgg16 => (150, 150),
            Self::Mnist => (28, 28),
            Self::Mobilenet
            | Self::Squeezenet
            | Self::Resnet18
            | Self::Resnet34
            | Self::Resnet50 => (224, 224),
        }
    }

    /// The colours it looks at.
    pub fn color_mode(self) -> ColorMode {
        match self {
            Self::Mnist => ColorMode::Grayscale,
            _ => ColorMode::Rgb,
        }
    }

    /// The network's layers. `classes` of `None` leaves out the classifier where the book shows
    /// the network without it (listing 5.1). `dropout` after Flatten, if any, is listing 5.13's.
    ///
    /// # Errors
    /// If pictures of this size are too small for it, or it is a pretrained base.
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
            base => bail!(
                "expected --model convnet or mnist, found {}, a pretrained base, which is not trained by itself",
                base.name()
            ),
        }
    }
}
