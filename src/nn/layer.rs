//! A network as a list of layers with Keras's names, shapes and parameter counts.

use super::Downsample;
use anyhow::{Result, ensure};
use std::collections::HashMap;

/// What follows a layer's linear part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    Relu,
    /// Only on the last layer; the network computes logits and leaves it to the loss.
    Sigmoid,
    /// As [`Activation::Sigmoid`].
    Softmax,
}

/// One layer, named as in Keras. Convolutions and pooling are 'valid': no padding, rounded down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Layer {
    Conv2d {
        filters: i64,
        kernel_size: i64,
        strides: i64,
        activation: Activation,
    },
    /// Strides equal the pool size.
    MaxPooling2d {
        pool_size: i64,
    },
    AveragePooling2d {
        pool_size: i64,
    },
    /// The mean of each channel over height and width.
    GlobalAveragePooling2d,
    /// Runs over height, width, channels, as Keras's does on channels-last data.
    Flatten,
    /// Each value kept with probability 1 − rate and then divided by it; only in training.
    Dropout {
        rate: f64,
    },
    Dense {
        units: i64,
        activation: Activation,
    },
}

impl Layer {
    /// A 3×3 convolution with relu.
    pub fn conv3x3(filters: i64) -> Self {
        Self::Conv2d { filters, kernel_size: 3, strides: 1, activation: Activation::Relu }
    }

    /// A dense layer with relu.
    pub fn dense(units: i64) -> Self {
        Self::Dense { units, activation: Activation::Relu }
    }

    /// The last layer for a number of classes: one sigmoid unit for two, else a softmax.
    pub fn classifier(classes: usize) -> Self {
        match classes {
            2 => Self::Dense { units: 1, activation: Activation::Sigmoid },
            _ => Self::Dense { units: classes as i64, activation: Activation::Softmax },
        }
    }

    /// Keras's class name.
    pub fn class_name(&self) -> &'static str {
        match self {
            Self::Conv2d { .. } => "Conv2D",
            Self::MaxPooling2d { .. } => "MaxPooling2D",
            Self::AveragePooling2d { .. } => "AveragePooling2D",
            Self::GlobalAveragePooling2d => "GlobalAveragePooling2D",
            Self::Flatten => "Flatten",
            Self::Dropout { .. } => "Dropout",
            Self::Dense { .. } => "Dense",
        }
    }

    /// Keras's name for the first such layer, less its number.
    fn base_name(&self) -> &'static str {
        match self {
            Self::Conv2d { .. } => "conv2d",
            Self::MaxPooling2d { .. } => "max_pooling2d",
            Self::AveragePooling2d { .. } => "average_pooling2d",
            Self::GlobalAveragePooling2d => "global_average_pooling2d",
            Self::Flatten => "flatten",
            Self::Dropout { .. } => "dropout",
            Self::Dense { .. } => "dense",
        }
    }

    /// The shape this layer makes of `input`, both without the batch: `[H, W, C]` or `[units]`.
    fn output_shape(&self, input: &[i64]) -> Option<Vec<i64>> {
        let shape = match (*self, input) {
            (Self::Conv2d { filters, kernel_size, strides, .. }, &[h, w, _]) => {
                let side = |n: i64| (n - kernel_size).div_euclid(strides) + 1;
                vec![side(h), side(w), filters]
            }
            (
                Self::MaxPooling2d { pool_size } | Self::AveragePooling2d { pool_size },
                &[h, w, c],
            ) => {
                vec![h / pool_size, w / pool_size, c]
            }
            (Self::GlobalAveragePooling2d, &[_, _, channels]) => vec![channels],
            (Self::Flatten, shape) => vec![shape.iter().product()],
            (Self::Dropout { .. }, shape) => shape.to_vec(),
            (Self::Dense { units, .. }, &[_]) => vec![units],
            _ => return None,
        };
        shape.iter().all(|&size| size > 0).then_some(shape)
    }

    /// Trainable parameters of this layer on `input`: weights and biases.
    fn parameters(&self, input: &[i64]) -> i64 {
        match (*self, input) {
            (Self::Conv2d { filters, kernel_size, .. }, &[_, _, channels]) => {
                (kernel_size * kernel_size * channels + 1) * filters
            }
            (Self::Dense { units, .. }, &[features]) => (features + 1) * units,
            _ => 0,
        }
    }
}

/// A layer in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Keras's name, numbered by kind from 1: `conv2d_1`, `dense_2`.
    pub name: String,
    pub layer: Layer,
    /// `[H, W, C]` or `[units]`, without the batch.
    pub input_shape: Vec<i64>,
    /// As `input_shape`.
    pub output_shape: Vec<i64>,
    pub parameters: i64,
}

/// A sequence of layers, each fitting the one before.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// `[H, W, C]`.
    pub input_shape: [i64; 3],
    pub layers: Vec<Placed>,
}

impl Architecture {
    /// Names the layers and works out their shapes.
    ///
    /// # Errors
    /// If a layer does not fit its input: pictures too small for so many stages.
    pub fn new(input_shape: [i64; 3], layers: &[Layer]) -> Result<Self> {
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let mut shape = input_shape.to_vec();
        let mut placed = Vec::with_capacity(layers.len());
        for &layer in layers {
            let number = numbers.entry(layer.base_name()).or_default();
            *number += 1;
            let name = format!("{}_{number}", layer.base_name());
            let output_shape = layer.output_shape(&shape);
            ensure!(
                output_shape.is_some(),
                "expected larger pictures, found {}×{}, of which {}×{} is left at {name}; try a larger --image-size",
                input_shape[0],
                input_shape[1],
                shape[0],
                shape.get(1).unwrap_or(&1),
            );
            let output_shape = output_shape.unwrap_or_default();
            let parameters = layer.parameters(&shape);
            placed.push(Placed {
                name,
                layer,
                input_shape: std::mem::replace(&mut shape, output_shape.clone()),
                output_shape,
                parameters,
            });
        }
        Ok(Self { input_shape, layers: placed })
    }

    /// Trainable parameters of the whole network.
    pub fn parameters(&self) -> i64 {
        self.layers.iter().map(|placed| placed.parameters).sum()
    }
}

/// A convolution stage: 3×3 with relu, made smaller as `downsample` says.
pub fn stage(filters: i64, downsample: Downsample) -> Vec<Layer> {
    let conv = Layer::conv3x3(filters);
    match downsample {
        Downsample::MaxPool => vec![conv, Layer::MaxPooling2d { pool_size: 2 }],
        Downsample::AveragePool => vec![conv, Layer::AveragePooling2d { pool_size: 2 }],
        Downsample::Stride => vec![Layer::Conv2d {
            filters,
            kernel_size: 3,
            strides: 2,
            activation: Activation::Relu,
        }],
        Downsample::None => vec![conv],
    }
}
