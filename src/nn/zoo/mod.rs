//! The models: one file and one line of an enum each.

mod convnet;
mod definition;
mod mnist;
mod mobilenet;
mod resnet;
mod squeezenet;
mod vgg16;

use super::architecture::Architecture;
use super::chain::Chain;
use super::layer::{Conv2d, Pool2d, Windows};
use crate::error::{ensure_or, fault};
use anyhow::Result;
pub use definition::{BaseDefinition, Definition, Form, Options};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The enum of all models, one line each: its name and the definition in its file.
macro_rules! models {
    ($($(#[$attribute:meta])* $model:ident = $definition:path,)*) => {
        /// The models.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum Model {
            $($(#[$attribute])* $model,)*
        }

        impl Model {
            /// All models.
            pub const ALL: [Self; [$(stringify!($model)),*].len()] = [$(Self::$model),*];

            /// Its definition.
            pub fn definition(self) -> &'static Definition {
                match self {
                    $(Self::$model => &$definition,)*
                }
            }
        }
    };
}

models! {
    /// The book's convnet, listing 5.5: four convolutions and two dense layers.
    #[default]
    Convnet = convnet::CONVNET,
    /// The book's small convnet for MNIST, listings 5.1 and 5.2.
    Mnist = mnist::MNIST,
    /// VGG16, the book's pretrained base (listing 5.17).
    Vgg16 = vgg16::VGG16,
    /// MobileNet v1, pretrained base.
    Mobilenet = mobilenet::MOBILENET,
    /// SqueezeNet v1.1, pretrained base.
    Squeezenet = squeezenet::SQUEEZENET,
    /// ResNet-18 as in torchvision, pretrained base.
    Resnet18 = resnet::RESNET18,
    /// ResNet-34 as in torchvision, pretrained base.
    Resnet34 = resnet::RESNET34,
    /// ResNet-50 as in torchvision, pretrained base.
    Resnet50 = resnet::RESNET50,
}

impl Model {
    /// Its name in settings and files.
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    /// Its definition as a pretrained base, if it is one.
    pub fn as_base(self) -> Option<&'static BaseDefinition> {
        match &self.definition().form {
            Form::Base(base) => Some(base),
            Form::Scratch { .. } => None,
        }
    }

    /// Whether it is a pretrained base.
    pub fn is_base(self) -> bool {
        self.as_base().is_some()
    }

    /// Its definition as a pretrained base.
    ///
    /// # Errors
    /// If it is trained from scratch.
    pub fn base(self) -> Result<&'static BaseDefinition> {
        let Some(base) = self.as_base() else {
            fault!(
                Setting,
                "expected a pretrained base, found {}; try `model` mobilenet",
                self.name()
            );
        };
        Ok(base)
    }

    /// The layers of the whole network, for pictures of this height and width.
    ///
    /// # Errors
    /// If pictures of this size are too small for it, or it is a pretrained base.
    pub fn architecture(
        self,
        image_size: (usize, usize),
        options: &Options,
    ) -> Result<Architecture> {
        match self.definition().form {
            Form::Scratch { layers } => {
                Architecture::new(self.input_shape(image_size), &layers(options))
            }
            Form::Base(_) => fault!(
                Setting,
                "expected `model` convnet or mnist, found {}, a pretrained base, which is not trained by itself",
                self.name()
            ),
        }
    }

    /// The layers of the whole base, for pictures of the size it was made for; `alpha` is its
    /// width, 1 for bases of one width.
    ///
    /// # Errors
    /// If `alpha` is out of range, or the model is trained from scratch.
    pub fn base_architecture(self, alpha: f64) -> Result<Architecture> {
        let base = self.base()?;
        match base.alphas {
            None => ensure_or!(
                Setting,
                alpha == 1.0,
                "expected `alpha` 1, found {alpha}; try `model` mobilenet, the only base with widths"
            ),
            Some((least, most)) => ensure_or!(
                Setting,
                (least..=most).contains(&alpha),
                "expected `alpha` of {least} to {most}, found {alpha}"
            ),
        }
        let size = self.definition().image_size;
        Architecture::named(self.input_shape(size), (base.layers)(alpha))
    }

    /// `[H, W, C]`.
    fn input_shape(self, (height, width): (usize, usize)) -> [i64; 3] {
        [height, width, self.definition().color_mode.channels()].map(|size| size as i64)
    }
}

/// How feature maps become smaller from stage to stage (the book, section 5.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Downsample {
    /// 2×2 max pooling after each stage, as in the book.
    #[default]
    MaxPool,
    /// 2×2 average pooling after each stage.
    AveragePool,
    /// Convolutions with stride 2, without pooling.
    Stride,
    /// No reduction, the book's argument for pooling.
    None,
}

impl Downsample {
    /// All choices.
    pub const ALL: [Self; 4] = [Self::MaxPool, Self::AveragePool, Self::Stride, Self::None];

    /// A stage of a network: a 3×3 convolution with relu, and the downsampling.
    fn stage(self, filters: i64) -> Vec<Chain> {
        let conv = Conv2d::new(filters, 3);
        let pooled = |pool| vec![Chain::conv_relu(conv.clone()), Chain::of(pool)];
        match self {
            Self::MaxPool => pooled(Pool2d::MAX_2X2),
            Self::AveragePool => pooled(Pool2d::Average(Windows::tiled(2))),
            Self::Stride => vec![Chain::conv_relu(Conv2d { strides: 2, ..conv })],
            Self::None => vec![Chain::conv_relu(conv)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_have_the_names_that_settings_have() {
        for model in Model::ALL {
            assert_eq!(serde_json::to_value(model).unwrap(), model.name());
            let base = model.base_architecture(1.0);
            assert_eq!(base.is_ok(), model.is_base(), "{model:?}");
            if let Ok(base) = base {
                let definition = model.base().unwrap();
                assert!(base.index_of(definition.first_trained).is_ok(), "{model:?}");
                assert!(definition.classifier.iter().all(|name| base.index_of(name).is_err()));
            }
        }
    }
}
