//! A network's layers with their names and shapes, each checked to fit the one before.

use super::chain::Chain;
use super::layer::Layer;
use super::part::{Part, TensorShape, flat};
use crate::error::{ensure_or, fault};
use anyhow::{Context, Result};
use std::collections::HashMap;

/// A layer of a network by its name: a chain, as of a convolution and its relu, or of a whole block.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapedLayer {
    /// Its own name, or Keras's: numbered by kind from 1, `conv2d_1`, `dense_2`.
    pub name: String,
    /// `[H, W, C]` or `[units]`, without the batch.
    pub output_shape: Vec<i64>,
    /// What it consists of.
    pub parts: Vec<Part>,
    chain: Chain,
}

impl ShapedLayer {
    /// Its tensors, in the order in which they are trained and stored.
    pub fn tensors(&self) -> Vec<TensorShape> {
        flat(&self.parts).into_iter().flat_map(|part| part.tensors.clone()).collect()
    }

    /// The number of values in its tensors, running statistics included, as Keras counts.
    pub fn parameters(&self) -> i64 {
        self.tensors().iter().map(TensorShape::count).sum()
    }
}

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
    pub fn new(input_shape: [i64; 3], layers: &[Chain]) -> Result<Self> {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let named = layers.iter().map(|chain| {
            let kind = chain.default_name();
            let number = numbers.entry(kind.clone()).or_default();
            *number += 1;
            (format!("{kind}_{number}"), chain.clone())
        });
        Self::named(input_shape, named)
    }

    /// Layers with the given names.
    ///
    /// # Errors
    /// As [`Architecture::new`].
    pub fn named(
        input_shape: [i64; 3],
        layers: impl IntoIterator<Item = (String, Chain)>,
    ) -> Result<Self> {
        let (mut shaped, mut tensors): (Vec<ShapedLayer>, usize) = (Vec::new(), 0);
        for (name, chain) in layers {
            let shape = shaped.last().map_or(&input_shape[..], |last| &last.output_shape);
            let Some(parts) = Part::all_of(&chain, &name, shape, &mut tensors) else {
                fault!(
                    Setting,
                    "expected larger pictures, found {}×{}, of which {}×{} is left at {name}; try a larger `image_size`",
                    input_shape[0],
                    input_shape[1],
                    shape[0],
                    shape.get(1).unwrap_or(&1),
                )
            };
            let output_shape = parts.last().map_or(shape, |last| &last.output_shape).to_vec();
            shaped.push(ShapedLayer { name, output_shape, parts, chain });
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
        let layers = self.layers.iter().map(|shaped| (shaped.name.clone(), shaped.chain.clone()));
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
        let is_convolution = |part: &&Part| matches!(part.layer, Layer::Conv2d(_));
        let has = |layer: &ShapedLayer| flat(&layer.parts).iter().any(is_convolution);
        self.layers.iter().rposition(has).map_or(0, |index| index + 1)
    }

    /// All parts, and before each that joins branches, theirs.
    pub fn parts(&self) -> Vec<&Part> {
        self.layers.iter().flat_map(|layer| flat(&layer.parts)).collect()
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
    pub fn first(mut self, count: usize) -> Self {
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
    use crate::nn::layer::{Activation, BatchNorm, Branches, Conv2d, Dropout, Flatten};
    use crate::nn::layer::{Padding, Pool2d, Windows};

    /// Every kind of layer, with what Keras and PyTorch make of an odd size.
    #[test]
    fn layers_are_named_shaped_and_counted() {
        let norm = BatchNorm { epsilon: 1e-3, momentum: 0.01 };
        let strided = Conv2d { strides: 2, ..Conv2d::same(8, 3) };
        let depthwise =
            Conv2d { depthwise: true, padding: Padding::End, has_bias: false, ..strided.clone() };
        let inner = Conv2d { padding: Padding::Around(1), has_bias: false, ..strided.clone() };
        let inner = Chain::default().then(".conv1", inner).then(".bn1", norm);
        let shortcut = Conv2d { strides: 2, has_bias: false, ..Conv2d::new(8, 1) };
        let shortcut = Chain::default().then(".downsample.0", shortcut).then("bn", norm);
        let expand = [1, 3].map(|size| {
            Chain::conv_relu(Conv2d::same(size + 2, size)).under(&format!(".expand{size}"))
        });
        let pool = Windows { size: 3, strides: 2, padding: Padding::Around(1) };
        let layers = [
            Chain::conv_relu(strided),
            Chain::of(depthwise).then("_bn", norm).then(".relu6", Activation::Relu6),
            Chain::of(Branches::Sum([inner, shortcut])),
            Chain::of(Branches::Concatenation(expand.to_vec())),
            Chain::of(Pool2d::Max(pool)),
            Chain::of(Pool2d::Average(Windows::tiled(2))),
            Chain::of(Flatten),
            Chain::of(Dropout { rate: 0.5 }),
            Chain::dense_relu(5),
            Chain::classifier(2),
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
            ("add_1", &[10, 6, 8], 72 * 8 + 4 * 8 + 8 * 8 + 4 * 8),
            ("concatenate_1", &[10, 6, 8], 9 * 3 + 73 * 5),
            ("max_pooling2d_1", &[5, 3, 8], 0),
            ("average_pooling2d_1", &[2, 1, 8], 0),
            ("flatten_1", &[16], 0),
            ("dropout_1", &[16], 0),
            ("dense_1", &[5], 17 * 5),
            ("dense_2", &[1], 6),
        ];
        assert_eq!(found, expected);
        let names = architecture.layers[1..3].iter().flat_map(ShapedLayer::tensors);
        let of_norm = |name: &str| {
            ["weight", "bias", "running_mean", "running_var"].map(|part| format!("{name}.{part}"))
        };
        let mut expected = vec!["depthwise_conv2d_1.weight".to_owned()];
        expected.extend(of_norm("depthwise_conv2d_1_bn"));
        expected.push("add_1.conv1.weight".to_owned());
        expected.extend(of_norm("add_1.bn1"));
        expected.push("add_1.downsample.0.weight".to_owned());
        // A name of its own continues none.
        expected.extend(of_norm("bn"));
        assert_eq!(names.map(|tensor| tensor.name).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn pictures_too_small_are_refused() {
        let layers = [Chain::conv_relu(Conv2d::new(4, 3)), Chain::of(Pool2d::MAX_2X2)];
        assert_eq!(Architecture::new([4, 5, 1], &layers).unwrap().output_shape(), [1, 1, 4]);
        let error = Architecture::new([3, 5, 1], &layers).unwrap_err().to_string();
        assert!(
            error.contains("found 3×5, of which 1×3 is left at max_pooling2d_1; try a larger"),
            "{error}"
        );
        // Dense layers take a row of values.
        assert!(Architecture::new([4, 4, 1], &[Chain::dense_relu(2)]).is_err());
    }
}
