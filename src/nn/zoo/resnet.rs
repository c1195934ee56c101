//! ResNets of 18, 34 and 50 layers (He and others, 2015, "Deep Residual Learning for Image
//! Recognition"), without their classifier.
//!
//! A 7×7 convolution, a pooling, and four layers of residual blocks, with batch normalization
//! throughout; names and structure are torchvision's. `[224, 224, 3]` becomes `[7, 7, 512]`, or
//! `[7, 7, 2048]` with 50 layers; 11,186,112, 21,301,696 and 23,561,152 values. The published
//! weights expect RGB normalized by ImageNet's means and standard deviations.

use super::definition::{BaseDefinition, Definition, Form};
use crate::nn::layer::{Activation, BatchNorm, Conv2d, Layer, Padding, Pool2d};
use crate::nn::preprocess::Preprocess;
use crate::pictures::picture::ColorMode;

/// The model of 18 layers.
pub const RESNET18: Definition = definition("resnet18", |_| layers([2, 2, 2, 2], false));

/// The model of 34 layers.
pub const RESNET34: Definition = definition("resnet34", |_| layers([3, 4, 6, 3], false));

/// The model of 50 layers.
pub const RESNET50: Definition = definition("resnet50", |_| layers([3, 4, 6, 3], true));

const fn definition(name: &'static str, layers: fn(f64) -> Vec<(String, Layer)>) -> Definition {
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

/// Four layers of `counts` residual blocks. A block is two 3×3 convolutions, or with `bottleneck` a
/// 1×1, a 3×3 and a 1×1, with the strides in the 3×3 (torchvision's choice, "v1.5").
fn layers(counts: [usize; 4], bottleneck: bool) -> Vec<(String, Layer)> {
    let pool = Pool2d { pool_size: 3, strides: 2, padding: Padding::Around(1) };
    let mut conv1 = conv(64, 7, 2, true);
    if let Some(norm) = &mut conv1.norm {
        norm.name = Some("bn1".to_owned());
    }
    let mut layers = vec![
        ("conv1".to_owned(), Layer::Conv2d(conv1)),
        ("maxpool".to_owned(), Layer::MaxPooling2d(pool)),
    ];
    let mut channels = 64;
    for (layer, (count, width)) in (1..).zip(counts.into_iter().zip([64, 128, 256, 512])) {
        let filters = if bottleneck { 4 * width } else { width };
        for number in 0..count {
            let strides = if layer > 1 && number == 0 { 2 } else { 1 };
            let convolutions = if bottleneck {
                vec![
                    conv(width, 1, 1, true),
                    conv(width, 3, strides, true),
                    conv(filters, 1, 1, false),
                ]
            } else {
                vec![conv(width, 3, strides, true), conv(filters, 3, 1, false)]
            };
            let shortcut =
                (strides != 1 || channels != filters).then(|| conv(filters, 1, strides, false));
            let block = Layer::Residual { convolutions, shortcut };
            layers.push((format!("layer{layer}.{number}"), block));
            channels = filters;
        }
    }
    layers
}

/// A convolution with PyTorch's batch normalization, padded by half the kernel's size.
fn conv(filters: i64, kernel_size: i64, strides: i64, relu: bool) -> Conv2d {
    Conv2d {
        filters,
        kernel_size,
        strides,
        padding: Padding::Around(kernel_size / 2),
        depthwise: false,
        norm: Some(BatchNorm { name: None, epsilon: 1e-5, momentum: 0.1 }),
        activation: relu.then_some(Activation::Relu),
    }
}
