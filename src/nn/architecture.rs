//! A network's layers with their names and shapes, each checked to fit the one before.

use super::layer::Layer;
use super::shapes::{ShapedLayer, TensorShape};
use crate::error::{ensure_or, fault};
use anyhow::{Context, Result};
use std::collections::HashMap;

/// A sequence of layers.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// `[H, W, C]`.
    pub input_shape: [i64; 3],
    /// From input to output.
    pub layers: Vec<ShapedLayer>,
    /// The layers that [`Architecture::through`] cut off.
    pub cut_off: Vec<ShapedLayer>,
}

impl Architecture {
    /// Layers with Keras's default names: `conv2d_1`, `dense_2`.
    ///
    /// # Errors
    /// If a layer does not fit its input, as when the pictures are too small.
    pub fn new(input_shape: [i64; 3], layers: &[Layer]) -> Result<Self> {
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let named = layers.iter().map(|layer| {
            let number = numbers.entry(layer.kind_name()).or_default();
            *number += 1;
            (format!("{}_{number}", layer.kind_name()), layer.clone())
        });
        Self::named(input_shape, named)
    }

    /// Layers with the given names.
    ///
    /// # Errors
    /// As [`Architecture::new`].
    pub fn named(
        input_shape: [i64; 3],
        layers: impl IntoIterator<Item = (String, Layer)>,
    ) -> Result<Self> {
        let mut shaped: Vec<ShapedLayer> = Vec::new();
        for (name, layer) in layers {
            let shape = shaped.last().map_or(&input_shape[..], |last| &last.output_shape);
            let Some(next) = ShapedLayer::new(name.clone(), layer, shape) else {
                fault!(
                    Setting,
                    "expected larger pictures, found {}×{}, of which {}×{} is left at {name}; try a larger `image_size`",
                    input_shape[0],
                    input_shape[1],
                    shape[0],
                    shape.get(1).unwrap_or(&1),
                )
            };
            shaped.push(next);
        }
        Ok(Self { input_shape, layers: shaped, cut_off: Vec::new() })
    }

    /// The same layers on pictures of another height and width. Only a network without dense layers
    /// keeps the shapes of its tensors.
    ///
    /// # Errors
    /// As [`Architecture::new`].
    pub fn on_pictures_of(&self, (height, width): (usize, usize)) -> Result<Self> {
        let input_shape = [height as i64, width as i64, self.input_shape[2]];
        let layers = self.layers.iter().map(|shaped| (shaped.name.clone(), shaped.layer.clone()));
        Ok(Self { cut_off: self.cut_off.clone(), ..Self::named(input_shape, layers)? })
    }

    /// `[H, W, C]` or `[units]`, without the batch.
    pub fn output_shape(&self) -> &[i64] {
        self.layers.last().map_or(&self.input_shape, |last| &last.output_shape)
    }

    /// `[H, W, C]` of a base's features for pictures of this height and width.
    ///
    /// # Errors
    /// If the pictures are too small, or the output is not `[H, W, C]`.
    pub fn feature_shape(&self, image_size: (usize, usize)) -> Result<[i64; 3]> {
        let shaped = self.on_pictures_of(image_size)?;
        let shape = shaped.output_shape();
        shape.try_into().with_context(|| format!("expected features [H, W, C], found {shape:?}"))
    }

    /// The number of layers up to and including the last with a convolution; 0 without one.
    pub(super) fn convolutional(&self) -> usize {
        let last = self.layers.iter().rposition(|layer| !layer.convolutions().is_empty());
        last.map_or(0, |index| index + 1)
    }

    /// The number of values in all tensors, running statistics included, as Keras counts.
    pub fn parameters(&self) -> i64 {
        self.layers.iter().map(ShapedLayer::parameters).sum()
    }

    /// The index of the layer `name`, or of the first whose name continues it: `block5` finds
    /// `block5_conv1`, `layer4` finds `layer4.0`.
    ///
    /// # Errors
    /// If there is no such layer.
    pub fn index_of(&self, name: &str) -> Result<usize> {
        let continues = |layer: &ShapedLayer| {
            layer.name.strip_prefix(name).is_some_and(|rest| rest.starts_with(['_', '.']))
        };
        let exact = self.layers.iter().position(|layer| layer.name == name);
        let Some(index) = exact.or_else(|| self.layers.iter().position(continues)) else {
            let names: Vec<&str> = self.layers.iter().map(|layer| layer.name.as_str()).collect();
            fault!(Setting, "expected one of the layers {}, found {name}", names.join(", "))
        };
        Ok(index)
    }

    /// The layers up to and including the one of exactly this name.
    ///
    /// # Errors
    /// If there is no such layer.
    pub fn through(self, name: &str) -> Result<Self> {
        let index = self.index_of(name)?;
        let found = &self.layers[index].name;
        ensure_or!(
            Setting,
            found == name,
            "expected the name of a layer, found {name}, a part of {found}; try the whole name"
        );
        Ok(self.first(index + 1))
    }

    /// The first `count` layers; the others are cut off.
    pub(super) fn first(mut self, count: usize) -> Self {
        let mut cut_off = self.layers.split_off(count);
        cut_off.append(&mut self.cut_off);
        Self { cut_off, ..self }
    }
}

/// The tensors of `layers`, in the order of the layers.
pub(super) fn tensors(layers: &[ShapedLayer]) -> impl Iterator<Item = TensorShape> {
    layers.iter().flat_map(ShapedLayer::tensors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::layer::{Activation, BatchNorm, Conv2d, Padding, Pool2d};

    /// Every kind of layer, with what Keras and PyTorch make of an odd size.
    #[test]
    fn layers_are_named_shaped_and_counted() {
        let norm = Some(BatchNorm { name: None, epsilon: 1e-3, momentum: 0.01 });
        let strided = Conv2d { strides: 2, padding: Padding::Same, ..Conv2d::relu(8, 3) };
        let depthwise = Conv2d {
            depthwise: true,
            strides: 2,
            padding: Padding::End,
            norm: norm.clone(),
            activation: Some(Activation::Relu6),
            ..Conv2d::relu(8, 3)
        };
        let inner = Conv2d { norm: norm.clone(), padding: Padding::Around(1), ..strided.clone() };
        let shortcut = Conv2d { strides: 2, norm, activation: None, ..Conv2d::relu(8, 1) };
        let layers = [
            Layer::Conv2d(strided),
            Layer::Conv2d(depthwise),
            Layer::Residual { convolutions: vec![inner], shortcut: Some(shortcut) },
            Layer::Fire { squeeze: 2, expand1x1: 3, expand3x3: 4 },
            Layer::MaxPooling2d(Pool2d { pool_size: 3, strides: 2, padding: Padding::Around(1) }),
            Layer::AveragePooling2d(Pool2d::tiled(2)),
            Layer::Flatten,
            Layer::Dropout { rate: 0.5 },
            Layer::dense(5),
            Layer::classifier(2),
        ];
        let architecture = Architecture::new([75, 50, 3], &layers).unwrap();
        let found: Vec<(&str, &[i64], i64)> = architecture
            .layers
            .iter()
            .map(|layer| (&layer.name[..], &layer.output_shape[..], layer.parameters()))
            .collect();
        let expected: [(&str, &[i64], i64); 10] = [
            ("conv2d_1", &[38, 25, 8], 28 * 8),
            ("depthwise_conv2d_1", &[19, 12, 8], 9 * 8 + 4 * 8),
            ("residual_1", &[10, 6, 8], 72 * 8 + 4 * 8 + 8 * 8 + 4 * 8),
            ("fire_1", &[10, 6, 7], 9 * 2 + 3 * 3 + 19 * 4),
            ("max_pooling2d_1", &[5, 3, 7], 0),
            ("average_pooling2d_1", &[2, 1, 7], 0),
            ("flatten_1", &[14], 0),
            ("dropout_1", &[14], 0),
            ("dense_1", &[5], 15 * 5),
            ("dense_2", &[1], 6),
        ];
        assert_eq!(found, expected);
        let names = tensors(&architecture.layers[1..3]).map(|tensor| tensor.name);
        let of_norm = |name: &str| {
            ["weight", "bias", "running_mean", "running_var"].map(|part| format!("{name}.{part}"))
        };
        let mut expected = vec!["depthwise_conv2d_1.weight".to_owned()];
        expected.extend(of_norm("depthwise_conv2d_1_bn"));
        expected.push("residual_1.conv1.weight".to_owned());
        expected.extend(of_norm("residual_1.bn1"));
        expected.push("residual_1.downsample.0.weight".to_owned());
        expected.extend(of_norm("residual_1.downsample.1"));
        assert_eq!(names.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn pictures_too_small_are_refused() {
        let layers = [Layer::Conv2d(Conv2d::relu(4, 3)), Layer::max_pool2x2()];
        assert_eq!(Architecture::new([4, 5, 1], &layers).unwrap().output_shape(), [1, 1, 4]);
        let error = Architecture::new([3, 5, 1], &layers).unwrap_err().to_string();
        assert!(
            error.contains("found 3×5, of which 1×3 is left at max_pooling2d_1; try a larger"),
            "{error}"
        );
        // Dense layers take a row of values.
        assert!(Architecture::new([4, 4, 1], &[Layer::dense(2)]).is_err());
    }
}
