//! The book's listing 5.5: the small convnet for cats and dogs.

use super::Downsample;
use super::layer::{Architecture, Layer, stage};
use anyhow::Result;

/// Four stages of 32, 64, 128 and 128 filters, Dense 512, and the classifier: 3,453,121
/// parameters on `[150, 150, 3]` with two classes.
///
/// # Errors
/// If `input_shape` (`[H, W, C]`) is too small for four stages.
pub fn architecture(
    input_shape: [i64; 3],
    classes: usize,
    downsample: Downsample,
) -> Result<Architecture> {
    let mut layers: Vec<Layer> =
        [32, 64, 128, 128].into_iter().flat_map(|filters| stage(filters, downsample)).collect();
    layers.extend([Layer::Flatten, Layer::dense(512), Layer::classifier(classes)]);
    Architecture::new(input_shape, &layers)
}
