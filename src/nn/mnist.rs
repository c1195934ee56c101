//! The book's listings 5.1 and 5.2: the convnet for handwritten digits.

use super::Downsample;
use super::layer::{Architecture, Layer, stage};
use anyhow::Result;

/// Three convolutions of 32, 64 and 64 filters with two poolings between: 55,744 parameters on
/// `[28, 28, 1]`, with `Downsample::None` as well (the book's `model_no_max_pool`). With
/// `classes`, listing 5.2's Dense 64 and softmax follow.
///
/// # Errors
/// If `input_shape` (`[H, W, C]`) is too small.
pub fn architecture(
    input_shape: [i64; 3],
    classes: Option<usize>,
    downsample: Downsample,
    dropout: Option<f64>,
) -> Result<Architecture> {
    let mut layers = [stage(32, downsample), stage(64, downsample)].concat();
    layers.push(Layer::conv3x3(64));
    if let Some(classes) = classes {
        layers.push(Layer::Flatten);
        layers.extend(dropout.map(|rate| Layer::Dropout { rate }));
        layers.extend([Layer::dense(64), Layer::classifier(classes)]);
    }
    Architecture::new(input_shape, &layers)
}
