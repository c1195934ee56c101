//! The convnet for handwritten digits: listings 5.1 and 5.2 of Chollet, *Deep Learning with
//! Python*, 2017.
//!
//! Three 3×3 convolutions of 32, 64 and 64 filters with two 2×2 max poolings between: `[28, 28, 1]`
//! in 0..=1 becomes `[3, 3, 64]`; 55,744 parameters, with or without the poolings (section 5.1.2's
//! `model_no_max_pool`). With classes, listing 5.2's Dense 64 and the classifier follow.

use super::definition::{Definition, Form, Options};
use crate::nn::layer::{Conv2d, Layer};
use crate::pictures::picture::ColorMode;

/// The model.
pub const MNIST: Definition = Definition {
    name: "mnist",
    image_size: (28, 28),
    color_mode: ColorMode::Grayscale,
    form: Form::Scratch { layers },
};

fn layers(options: &Options) -> Vec<Layer> {
    let mut layers = [options.downsample.stage(32), options.downsample.stage(64)].concat();
    layers.push(Layer::Conv2d(Conv2d::relu(64, 3)));
    if let Some(classes) = options.classes {
        layers.push(Layer::Flatten);
        layers.extend(options.dropout.map(|rate| Layer::Dropout { rate }));
        layers.extend([Layer::dense(64), Layer::classifier(classes)]);
    }
    layers
}
