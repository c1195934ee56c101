//! VGG16 (Simonyan and Zisserman, 2014, "Very Deep Convolutional Networks for Large-Scale Image
//! Recognition"), without its classifier: the base of the book's section 5.3.
//!
//! Five blocks of two or three 3×3 convolutions, each block ending in 2×2 max pooling; names and
//! structure are Keras Applications'. `[150, 150, 3]` becomes `[4, 4, 512]`; 14,714,688 parameters.
//! The published weights expect BGR in 0..=255 minus ImageNet's means.

use super::definition::{BaseDefinition, Definition, Form};
use crate::nn::chain::Chain;
use crate::nn::layer::{Conv2d, Pool2d};
use crate::nn::preprocess::Preprocess;
use crate::pictures::picture::ColorMode;

/// The model, with the book's picture size; the published weights were trained on 224×224.
pub const VGG16: Definition = Definition {
    name: "vgg16",
    image_size: (150, 150),
    color_mode: ColorMode::Rgb,
    form: Form::Base(BaseDefinition {
        layers: |_| layers(),
        alphas: None,
        preprocess: Preprocess::Caffe([103.939, 116.779, 123.68]),
        classifier: &["fc1", "fc2", "predictions"],
        first_trained: "block5_conv1",
    }),
};

fn layers() -> Vec<(String, Chain)> {
    let mut layers = Vec::new();
    for (block, (convolutions, filters)) in
        (1..).zip([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)])
    {
        layers.extend((1..=convolutions).map(|number| {
            (format!("block{block}_conv{number}"), Chain::conv_relu(Conv2d::same(filters, 3)))
        }));
        layers.push((format!("block{block}_pool"), Chain::of(Pool2d::MAX_2X2)));
    }
    layers
}
