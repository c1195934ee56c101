//! A network's layers with their names and shapes, each checked to fit the one before.

use super::layer::Layer;
use super::shapes::{ShapedLayer, TensorShape};
use super::stored::Stored;
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

    /// The layers up to the last that `stored` has weights for. Published weights often lack the
    /// last layers; loading checks that no earlier tensor is missing.
    pub fn through_last_in(self, stored: &Stored) -> Self {
        let names = stored.names(&self);
        let is_in =
            |layer: &ShapedLayer| layer.tensors().iter().any(|tensor| names.contains(&tensor.name));
        let Some(last) = self.layers.iter().rposition(is_in) else { return self };
        // A pooling has no weights; keep one that follows the last layer.
        let rest = &self.layers[last + 1..];
        let poolings = rest.iter().take_while(|layer| layer.tensors().is_empty()).count();
        self.first(last + 1 + poolings)
    }

    /// The first `count` layers; the others are cut off.
    fn first(mut self, count: usize) -> Self {
        let mut cut_off = self.layers.split_off(count);
        cut_off.append(&mut self.cut_off);
        Self { cut_off, ..self }
    }
}

/// The tensors of `layers`, in the order of the layers.
pub(super) fn tensors(layers: &[ShapedLayer]) -> impl Iterator<Item = TensorShape> {
    layers.iter().flat_map(ShapedLayer::tensors)
}
