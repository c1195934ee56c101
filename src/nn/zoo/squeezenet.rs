//! SqueezeNet v1.1 (Iandola and others, 2016, "SqueezeNet: AlexNet-level accuracy with 50x fewer
//! parameters and <0.5MB model size"), without its classifier.
//!
//! A 3×3 convolution, eight fire modules, three poolings between; names and structure are the
//! authors' Caffe model's, but poolings round down, as in Keras, where Caffe's and torchvision's
//! round up. `[224, 224, 3]` becomes `[13, 13, 512]`; 722,496 parameters. The published weights
//! expect BGR in 0..=255 minus ImageNet's means.

use super::definition::{BaseDefinition, Definition, Form};
use crate::nn::layer::{Conv2d, Layer, Padding, Pool2d};
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

fn layers() -> Vec<(String, Layer)> {
    let conv1 = Conv2d { strides: 2, ..Conv2d::relu(64, 3) };
    let pool = Layer::MaxPooling2d(Pool2d { pool_size: 3, strides: 2, padding: Padding::Valid });
    let mut layers = vec![("conv1".to_owned(), Layer::Conv2d(conv1))];
    for (number, squeeze) in (2..).zip([16, 16, 32, 32, 48, 48, 64, 64]) {
        if matches!(number, 2 | 4 | 6) {
            layers.push((format!("pool{}", number - 1), pool.clone()));
        }
        let fire = Layer::Fire { squeeze, expand1x1: 4 * squeeze, expand3x3: 4 * squeeze };
        layers.push((format!("fire{number}"), fire));
    }
    layers
}
