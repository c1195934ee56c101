//! The small convnet for cats and dogs: listing 5.5 of Chollet, *Deep Learning with Python*, 2017.
//!
//! Four stages of a 3×3 convolution and 2×2 max pooling, with 32, 64, 128 and 128 filters, Dense
//! 512, and the classifier: `[150, 150, 3]` in 0..=1 becomes `[7, 7, 128]` before Flatten;
//! 3,453,121 parameters with two classes. With dropout after Flatten it is listing 5.13.

use super::definition::{Definition, Form, Options};
use crate::nn::chain::Chain;
use crate::nn::layer::{Dropout, Flatten};
use crate::pictures::picture::ColorMode;

/// The model.
pub const CONVNET: Definition = Definition {
    name: "convnet",
    image_size: (150, 150),
    color_mode: ColorMode::Rgb,
    form: Form::Scratch { layers },
};

fn layers(options: &Options) -> Vec<Chain> {
    let stage = |filters| options.downsample.stage(filters);
    let mut layers: Vec<Chain> = [32, 64, 128, 128].into_iter().flat_map(stage).collect();
    layers.push(Chain::of(Flatten));
    layers.extend(options.dropout.map(|rate| Chain::of(Dropout { rate })));
    layers.extend([Chain::dense_relu(512), Chain::classifier(options.classes.unwrap_or(2))]);
    layers
}
