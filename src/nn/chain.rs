//! Layers one after the other.

use super::layer::{Activation, Conv2d, Dense, Layer};

/// Layers one after the other, by name. A name that is empty or begins with `.` or `_` continues that
/// of what the chain is in: `.conv1` in `layer1.0` is `layer1.0.conv1`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chain(Vec<(String, Layer)>);

impl Chain {
    /// A layer with the name of the chain itself.
    pub fn of(layer: impl Into<Layer>) -> Self {
        Self::default().then("", layer)
    }

    /// The chain with another layer at its end.
    pub fn then(mut self, name: impl Into<String>, layer: impl Into<Layer>) -> Self {
        self.0.push((name.into(), layer.into()));
        self
    }

    /// The layers with names that continue `name`.
    pub fn under(self, name: &str) -> Self {
        Self(self.0.into_iter().map(|(own, layer)| (format!("{name}{own}"), layer)).collect())
    }

    /// A convolution with relu.
    pub fn conv_relu(conv: Conv2d) -> Self {
        Self::of(conv).then(".relu", Activation::Relu)
    }

    /// A dense layer with relu.
    pub fn dense_relu(units: i64) -> Self {
        Self::of(Dense { units, is_classifier: false }).then(".relu", Activation::Relu)
    }

    /// The last layer for a number of classes: one unit for two, the logit of the second.
    pub fn classifier(classes: usize) -> Self {
        let units = if classes == 2 { 1 } else { classes as i64 };
        Self::of(Dense { units, is_classifier: true })
    }

    /// The layers and their names.
    pub fn layers(&self) -> &[(String, Layer)] {
        &self.0
    }

    /// The shape of the output for an input of this shape; `None` if a layer does not fit.
    pub(super) fn output_shape(&self, input: &[i64]) -> Option<Vec<i64>> {
        self.0.iter().try_fold(input.to_vec(), |shape, (_, layer)| {
            let shape = layer.primitive().output_shape(&shape)?;
            shape.iter().all(|&size| size > 0).then_some(shape)
        })
    }

    /// Keras's default name for it, without its number: its first layer's class in snake case.
    pub(super) fn default_name(&self) -> String {
        let class = self.0.first().map_or("", |(_, layer)| layer.class_name());
        let mut name = String::new();
        for letter in class.chars() {
            // A capital after a digit begins no word: conv2d.
            if letter.is_uppercase() && name.ends_with(char::is_lowercase) {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        }
        name
    }
}
