//! A network's layers with their names and shapes, each fitting the one before.

use super::layer::Layer;
use super::shapes::{ShapedLayer, TensorShape};
use super::stored::Stored;
use anyhow::{Context, Result, ensure};
use std::collections::HashMap;

/// A sequence of layers.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// `[H, W, C]`.
    pub input_shape: [i64; 3],
    /// In the order in which a picture passes them.
    pub layers: Vec<ShapedLayer>,
    /// The layers that [`Architecture::through`] cut off.
    pub cut_off: Vec<ShapedLayer>,
}

impl Architecture {
    /// Layers under Keras's names.
    ///
    /// # Errors
    /// If a layer does not fit its input: pictures too small for so many layers.
    pub fn new(input_shape: [i64; 3], layers: &[Layer]) -> Result<Self> {
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let named = layers.iter().map(|layer| {
            let number = numbers.entry(layer.kind_name()).or_default();
            *number += 1;
            (format!("{}_{number}", layer.kind_name()), layer.clone())
        });
        Self::named(input_shape, named)
    }

    /// Layers under names of their own.
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
            let next = ShapedLayer::new(name.clone(), layer, shape).with_context(|| {
                format!(
                    "expected larger pictures, found {}×{}, of which {}×{} is left at {name}; try a larger `image_size`",
                    input_shape[0],
                    input_shape[1],
                    shape[0],
                    shape.get(1).unwrap_or(&1),
                )
            })?;
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

    /// `[H, W, C]` of the features that a base makes of pictures of this height and width.
    ///
    /// # Errors
    /// If the pictures are too small, or its output has other axes.
    pub fn feature_shape(&self, image_size: (usize, usize)) -> Result<[i64; 3]> {
        let shaped = self.on_pictures_of(image_size)?;
        let shape = shaped.output_shape();
        shape.try_into().with_context(|| format!("expected features [H, W, C], found {shape:?}"))
    }

    /// The number of values in all tensors, running statistics included, as Keras counts.
    pub fn parameters(&self) -> i64 {
        self.layers.iter().map(ShapedLayer::parameters).sum()
    }

    /// The index of the layer `name`, or of the first whose name goes on from it: `block5` is
    /// `block5_conv1`, `layer4` is `layer4.0`.
    ///
    /// # Errors
    /// If there is no such layer.
    pub fn index_of(&self, name: &str) -> Result<usize> {
        let goes_on = |layer: &ShapedLayer| {
            layer.name.strip_prefix(name).is_some_and(|rest| rest.starts_with(['_', '.']))
        };
        let exact = self.layers.iter().position(|layer| layer.name == name);
        exact.or_else(|| self.layers.iter().position(goes_on)).with_context(|| {
            let names: Vec<&str> = self.layers.iter().map(|layer| layer.name.as_str()).collect();
            format!("expected one of the layers {}, found {name}", names.join(", "))
        })
    }

    /// The layers up to the one of this very name, itself kept.
    ///
    /// # Errors
    /// If there is no such layer.
    pub fn through(self, name: &str) -> Result<Self> {
        let index = self.index_of(name)?;
        let found = &self.layers[index].name;
        ensure!(
            found == name,
            "expected the name of a layer, found {name}, a part of {found}; try the whole name"
        );
        Ok(self.first(index + 1))
    }

    /// The layers up to the last that `stored` has weights for. Published weights often lack the last
    /// layers; whether those that are there are whole is for loading to check.
    pub fn through_last_in(self, stored: &Stored) -> Self {
        let names = stored.names(&self);
        let is_in =
            |layer: &ShapedLayer| layer.tensors().iter().any(|tensor| names.contains(&tensor.name));
        let Some(last) = self.layers.iter().rposition(is_in) else { return self };
        // A pooling has no weights; one that follows the last layer stays.
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

/// The tensors of `layers`, in their order.
pub(super) fn tensors(layers: &[ShapedLayer]) -> impl Iterator<Item = TensorShape> {
    layers.iter().flat_map(ShapedLayer::tensors)
}
