//! ResNets of 18, 34 and 50 layers (He and others, 2015, "Deep Residual Learning for Image
//! Recognition"), without their classifier.
//!
//! A 7×7 convolution, a pooling, and four layers of residual blocks, with batch normalization
//! throughout; names and structure are torchvision's. `[224, 224, 3]` becomes `[7, 7, 512]`, or
//! `[7, 7, 2048]` with 50 layers; 11,186,112, 21,301,696 and 23,561,152 values. The published
//! weights expect RGB normalized by ImageNet's means and standard deviations.

use super::definition::{BaseDefinition, Definition, Form};
use crate::nn::chain::Chain;
use crate::nn::layer::{Activation, BatchNorm, Branches, Conv2d, Padding, Pool2d, Windows};
use crate::nn::preprocess::Preprocess;
use crate::pictures::picture::ColorMode;

/// The model of 18 layers.
pub const RESNET18: Definition = definition("resnet18", |_| layers([2, 2, 2, 2], false));

/// The model of 34 layers.
pub const RESNET34: Definition = definition("resnet34", |_| layers([3, 4, 6, 3], false));

/// The model of 50 layers.
pub const RESNET50: Definition = definition("resnet50", |_| layers([3, 4, 6, 3], true));

const fn definition(name: &'static str, layers: fn(f64) -> Vec<(String, Chain)>) -> Definition {
    Definition {
        name,
        image_size: (224, 224),
        color_mode: ColorMode::Rgb,
        form: Form::Base(BaseDefinition {
            layers,
            alphas: None,
            preprocess: Preprocess::Torch,
            classifier: &["fc"],
            first_trained: "layer4",
        }),
    }
}

/// PyTorch's batch normalization.
const NORM: BatchNorm = BatchNorm { epsilon: 1e-5, momentum: 0.1 };

/// Four layers of `counts` residual blocks. A block is two 3×3 convolutions, or with `bottleneck` a
/// 1×1, a 3×3 and a 1×1, with the strides in the 3×3 (torchvision's choice, "v1.5").
fn layers(counts: [usize; 4], bottleneck: bool) -> Vec<(String, Chain)> {
    let conv1 = Chain::of(conv(64, 7, 2)).then("bn1", NORM).then(".relu", Activation::Relu);
    let pool = Pool2d::Max(Windows { size: 3, strides: 2, padding: Padding::Around(1) });
    let mut layers = vec![("conv1".to_owned(), conv1), ("maxpool".to_owned(), Chain::of(pool))];
    let mut channels = 64;
    for (layer, (count, width)) in (1..).zip(counts.into_iter().zip([64, 128, 256, 512])) {
        let filters = if bottleneck { 4 * width } else { width };
        for number in 0..count {
            let strides = if layer > 1 && number == 0 { 2 } else { 1 };
            let convolutions = if bottleneck {
                vec![conv(width, 1, 1), conv(width, 3, strides), conv(filters, 1, 1)]
            } else {
                vec![conv(width, 3, strides), conv(filters, 3, 1)]
            };
            let is_new_shape = strides != 1 || channels != filters;
            let shortcut = is_new_shape.then(|| conv(filters, 1, strides));
            layers.push((format!("layer{layer}.{number}"), residual(convolutions, shortcut)));
            channels = filters;
        }
    }
    layers
}

/// A residual block (He and others, 2015): relu(convolutions(x) + x), or with a shortcut, needed if
/// the convolutions change the shape of x, relu(convolutions(x) + shortcut(x)). Each is normalized.
fn residual(convolutions: Vec<Conv2d>, shortcut: Option<Conv2d>) -> Chain {
    let mut main = Chain::default();
    for (number, conv) in (1..).zip(convolutions) {
        if number > 1 {
            main = main.then(format!(".conv{}.relu", number - 1), Activation::Relu);
        }
        main = main.then(format!(".conv{number}"), conv).then(format!(".bn{number}"), NORM);
    }
    let shortcut = shortcut.map_or_else(Chain::default, |conv| {
        Chain::of(conv).under(".downsample.0").then(".downsample.1", NORM)
    });
    Chain::of(Branches::Sum([main, shortcut])).then("", Activation::Relu)
}

/// A convolution padded by half the kernel's size, before a normalization.
fn conv(filters: i64, kernel_size: i64, strides: i64) -> Conv2d {
    let padding = Padding::Around(kernel_size / 2);
    Conv2d { filters, kernel_size, strides, padding, depthwise: false, has_bias: false }
}
