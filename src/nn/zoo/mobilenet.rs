//! MobileNet v1 (Howard and others, 2017, "MobileNets: Efficient Convolutional Neural Networks for
//! Mobile Vision Applications"), without its classifier.
//!
//! A 3×3 convolution and thirteen pairs of a depthwise and a pointwise one, all with batch
//! normalization and relu6; names and structure are Keras Applications'. `[224, 224, 3]` becomes
//! `[7, 7, 1024 α]`; 3,228,864 values at width α = 1. The published weights expect RGB in −1..=1.

use super::definition::{BaseDefinition, Definition, Form};
use crate::nn::chain::Chain;
use crate::nn::layer::{Activation, BatchNorm, Conv2d, Padding};
use crate::nn::preprocess::Preprocess;
use crate::pictures::picture::ColorMode;

/// The model.
pub const MOBILENET: Definition = Definition {
    name: "mobilenet",
    image_size: (224, 224),
    color_mode: ColorMode::Rgb,
    form: Form::Base(BaseDefinition {
        layers,
        // The smallest layer has 32 filters, of which at least one must remain.
        alphas: Some((1.0 / 32.0, 8.0)),
        preprocess: Preprocess::Tf,
        classifier: &["conv_preds"],
        first_trained: "conv_dw_8",
    }),
};

fn layers(alpha: f64) -> Vec<(String, Chain)> {
    // Rounded down, as Keras's int().
    let scaled = |filters: i64| (filters as f64 * alpha) as i64;
    let layer = |filters, kernel_size, strides, padding, depthwise| {
        let conv = Conv2d { filters, kernel_size, strides, padding, depthwise, has_bias: false };
        let norm = BatchNorm { epsilon: 1e-3, momentum: 0.01 };
        Chain::of(conv).then("_bn", norm).then(".relu6", Activation::Relu6)
    };
    let mut channels = scaled(32);
    let mut layers = vec![("conv1".to_owned(), layer(channels, 3, 2, Padding::Same, false))];
    let filters = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024];
    for (number, filters) in (1..).zip(filters.map(scaled)) {
        let (strides, padding) = match number {
            2 | 4 | 6 | 12 => (2, Padding::End),
            _ => (1, Padding::Same),
        };
        let depthwise = layer(channels, 3, strides, padding, true);
        let pointwise = layer(filters, 1, 1, Padding::Same, false);
        layers.push((format!("conv_dw_{number}"), depthwise));
        layers.push((format!("conv_pw_{number}"), pointwise));
        channels = filters;
    }
    layers
}
