//! SqueezeNet v1.1 (Iandola and others, 2016, "SqueezeNet: AlexNet-level accuracy with 50x fewer
//! parameters and <0.5MB model size"), without its classifier.
//!
//! A 3×3 convolution, eight fire modules, three poolings between; names and structure are the
//! authors' Caffe model's, but poolings round down, as in Keras, where Caffe's and torchvision's
//! round up. `[224, 224, 3]` becomes `[13, 13, 512]`; 722,496 parameters. The published weights
//! expect BGR in 0..=255 minus ImageNet's means.

use super::definition::{BaseDefinition, Definition, Form};
use crate::nn::chain::Chain;
use crate::nn::layer::{Branches, Conv2d, Padding, Pool2d, Windows};
use crate::nn::preprocess::Preprocess;
use crate::pictures::picture::ColorMode;

/// The model.
pub const SQUEEZENET: Definition = Definition {
    name: "squeezenet",
    image_size: (224, 224),
    color_mode: ColorMode::Rgb,
    form: Form::Base(BaseDefinition {
        layers: |_| layers(),
        alphas: None,
        preprocess: Preprocess::Caffe([104.0, 117.0, 123.0]),
        classifier: &["conv10"],
        first_trained: "fire6",
    }),
};

fn layers() -> Vec<(String, Chain)> {
    let conv1 = Conv2d { strides: 2, ..Conv2d::new(64, 3) };
    let pool = Pool2d::Max(Windows { size: 3, strides: 2, padding: Padding::Valid });
    let mut layers = vec![("conv1".to_owned(), Chain::conv_relu(conv1))];
    for (number, squeeze) in (2..).zip([16, 16, 32, 32, 48, 48, 64, 64]) {
        if matches!(number, 2 | 4 | 6) {
            layers.push((format!("pool{}", number - 1), Chain::of(pool)));
        }
        layers.push((format!("fire{number}"), fire(squeeze, 4 * squeeze)));
    }
    layers
}

/// A fire module: a 1×1 convolution to few channels, then a 1×1 and a 3×3 one on its output,
/// concatenated; all with relu.
fn fire(squeeze: i64, expand: i64) -> Chain {
    let conv = |filters, size, name| Chain::conv_relu(Conv2d::same(filters, size)).under(name);
    let expanded = vec![conv(expand, 1, ".expand1x1"), conv(expand, 3, ".expand3x3")];
    conv(squeeze, 1, ".squeeze1x1").then("", Branches::Concatenation(expanded))
}
