//! The book's listing 5.5: the small convnet for cats and dogs.

use super::Downsample;
use super::layer::{Architecture, Layer, stage};
use anyhow::Result;

/// Four stages of 32, 64, 128 and 128 filters, Dense 512, and the classifier: 3,453,121
/// parameters on `[150, 150, 3]` with two classes. With `dropout` after Flatten, listing 5.13.
///
/// # Errors
/// If `input_shape` (`[H, W, C]`) is too small for four stages.
pub fn architecture(
    input_shape: [i64; 3],
    classes: usize,
    downsample: Downsample,
    dropout: Option<f64>,
) -> Result<Architecture> {
    let mut layers: Vec<Layer> =
        [32, 64, 128, 128].into_iter().flat_map(|filters| stage(filters, downsample)).collect();
    layers.push(Layer::Flatten);
    layers.extend(dropout.map(|rate| Layer::Dropout { rate }));
    layers.extend([Layer::dense(512), Layer::classifier(classes)]);
    Architecture::new(input_shape, &layers)
}
