//! The convnet for handwritten digits: listings 5.1 and 5.2 of Chollet, *Deep Learning with
//! Python*, 2017.
//!
//! Three 3×3 convolutions of 32, 64 and 64 filters with two 2×2 max poolings between: `[28, 28, 1]`
//! in 0..=1 becomes `[3, 3, 64]`; 55,744 parameters, with or without the poolings (section 5.1.2's
//! `model_no_max_pool`). With classes, listing 5.2's Dense 64 and the classifier follow.

use super::definition::{Definition, Form, Options};
use crate::nn::chain::Chain;
use crate::nn::layer::{Conv2d, Dropout, Flatten};
use crate::pictures::picture::ColorMode;

/// The model.
pub const MNIST: Definition = Definition {
    name: "mnist",
    image_size: (28, 28),
    color_mode: ColorMode::Grayscale,
    form: Form::Scratch { layers },
};

fn layers(options: &Options) -> Vec<Chain> {
    let mut layers = [options.downsample.stage(32), options.downsample.stage(64)].concat();
    layers.push(Chain::conv_relu(Conv2d::new(64, 3)));
    if let Some(classes) = options.classes {
        layers.push(Chain::of(Flatten));
        layers.extend(options.dropout.map(|rate| Chain::of(Dropout { rate })));
        layers.extend([Chain::dense_relu(64), Chain::classifier(classes)]);
    }
    layers
}
