//! An architecture with weights, on a device: images in, logits out.

use super::dropout::Dropout;
use super::init::glorot_uniform;
use super::layer::{Activation, Architecture, Layer};
use super::summary::with_thousands;
use crate::device::describe;
use anyhow::{Result, anyhow};
use tch::{Device, Kind, Tensor, nn};

/// What the forward pass does, in order.
#[derive(Debug)]
enum Step {
    Conv { conv: nn::Conv2D, strides: i64 },
    Relu,
    MaxPool(i64),
    AveragePool(i64),
    Flatten,
    Dropout(Dropout),
    Dense(nn::Linear),
}

/// A network that can be trained: layers under Keras's names, their weights in a `VarStore`.
#[derive(Debug)]
pub struct Network {
    architecture: Architecture,
    steps: Vec<Step>,
    /// Owns the variables that `steps` and `parameters` point to.
    store: nn::VarStore,
    parameters: Vec<(String, Tensor)>,
}

impl Network {
    /// Builds the layers on `device` with Keras's initial weights drawn from `seed`: the same on
    /// every device.
    ///
    /// # Errors
    /// If the weights do not fit on the device.
    pub fn new(architecture: Architecture, device: Device, seed: u64) -> Result<Self> {
        check_memory(architecture.parameters(), device)?;
        let store = nn::VarStore::new(device);
        let mut steps = Vec::new();
        let mut parameters = Vec::new();
        for (index, placed) in architecture.layers.iter().enumerate() {
            let path = store.root() / &placed.name;
            let input = &placed.input_shape;
            let mut add_parameters = |weight: &Tensor, bias: Option<&Tensor>| {
                parameters.push((format!("{}.weight", placed.name), weight.shallow_clone()));
                parameters.extend(
                    bias.map(|bias| (format!("{}.bias", placed.name), bias.shallow_clone())),
                );
            };
            match placed.layer {
                Layer::Conv2d { filters, kernel_size, strides, activation } => {
                    let channels = input[2];
                    let config = nn::ConvConfig {
                        stride: strides,
                        ws_init: nn::Init::Const(0.0),
                        bs_init: nn::Init::Const(0.0),
                        ..Default::default()
                    };
                    let mut conv = nn::conv2d(path, channels, filters, kernel_size, config);
                    let area = kernel_size * kernel_size;
                    let (fan_in, fan_out) = (area * channels, area * filters);
                    let values = glorot_uniform(fan_in * filters, fan_in, fan_out, seed, index);
                    // [O, H, W, I] in memory: the layout channels-last convolutions read.
                    let kernel = Tensor::f_from_slice(&values)?
                        .f_reshape([filters, kernel_size, kernel_size, channels])?
                        .f_to_device(device)?
                        .f_permute([0, 3, 1, 2])?;
                    conv.ws.f_set_data(&kernel)?;
                    add_parameters(&conv.ws, conv.bs.as_ref());
                    steps.push(Step::Conv { conv, strides });
                    steps.extend((activation == Activation::Relu).then_some(Step::Relu));
                }
                Layer::MaxPooling2d { pool_size } => {
                    // max(relu(x)) = relu(max(x)), values and gradients: relu then touches a
                    // quarter of them.
                    let after_relu = matches!(steps.last(), Some(Step::Relu));
                    let place = steps.len() - usize::from(after_relu);
                    steps.insert(place, Step::MaxPool(pool_size));
                }
                Layer::AveragePooling2d { pool_size } => steps.push(Step::AveragePool(pool_size)),
                Layer::Flatten => steps.push(Step::Flatten),
                Layer::Dropout { rate } => {
                    steps.push(Step::Dropout(Dropout { rate, seed, place: index }));
                }
                Layer::Dense { units, activation } => {
                    let features = input[0];
                    let config = nn::LinearConfig {
                        ws_init: nn::Init::Const(0.0),
                        bs_init: Some(nn::Init::Const(0.0)),
                        bias: true,
                    };
                    let mut dense = nn::linear(path, features, units, config);
                    let values = glorot_uniform(features * units, features, units, seed, index);
                    let kernel = Tensor::f_from_slice(&values)?
                        .f_reshape([units, features])?
                        .f_to_device(device)?;
                    dense.ws.f_set_data(&kernel)?;
                    add_parameters(&dense.ws, dense.bs.as_ref());
                    steps.push(Step::Dense(dense));
                    steps.extend((activation == Activation::Relu).then_some(Step::Relu));
                }
            }
        }
        Ok(Self { architecture, steps, store, parameters })
    }

    /// The layers, their shapes and parameter counts.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Where the weights are.
    pub fn device(&self) -> Device {
        self.store.device()
    }

    /// The weights and biases by name (`conv2d_1.weight`, …), in the order of the layers.
    pub fn parameters(&self) -> &[(String, Tensor)] {
        &self.parameters
    }

    /// The scores before the last sigmoid or softmax: `[N]` for one unit, else `[N, classes]`.
    /// `images` is `[N, C, H, W]` f32 in 0..=1.
    ///
    /// # Errors
    /// If the images have another shape, or libtorch is out of memory.
    pub fn logits(&self, images: &Tensor) -> Result<Tensor> {
        self.forward(images, None)
    }

    /// As [`Network::logits`], with dropout, whose draws depend on the number of the training
    /// step, counted from 0 over all epochs.
    ///
    /// # Errors
    /// As [`Network::logits`].
    pub fn training_logits(&self, images: &Tensor, step: i64) -> Result<Tensor> {
        self.forward(images, Some(step))
    }

    fn forward(&self, images: &Tensor, training_step: Option<i64>) -> Result<Tensor> {
        let mut x = images.shallow_clone();
        for step in &self.steps {
            x = match step {
                Step::Conv { conv, strides } => {
                    x.f_conv2d(&conv.ws, conv.bs.as_ref(), [*strides; 2], [0, 0], [1, 1], 1)?
                }
                Step::Relu => x.f_relu_()?,
                Step::MaxPool(size) => {
                    x.f_max_pool2d([*size; 2], [*size; 2], [0, 0], [1, 1], false)?
                }
                Step::AveragePool(size) => {
                    x.f_avg_pool2d([*size; 2], [*size; 2], [0, 0], false, true, None)?
                }
                // Height, width, channels as in Keras: on channels-last data nothing moves.
                Step::Flatten => x.f_permute([0, 2, 3, 1])?.f_flatten(1, -1)?,
                Step::Dropout(dropout) => match training_step {
                    Some(step) => dropout.apply(&x, step)?,
                    None => x,
                },
                Step::Dense(dense) => x.f_linear(&dense.ws, dense.bs.as_ref())?,
            };
        }
        Ok(if x.size().last() == Some(&1) { x.f_squeeze_dim(-1)? } else { x })
    }
}

/// tch's layers panic where their weights do not fit, so that is tried first: weights, gradients
/// and the optimizer's state are three numbers a parameter.
fn check_memory(parameters: i64, device: Device) -> Result<()> {
    Tensor::f_empty([3, parameters], (Kind::Float, device)).map(drop).map_err(|_| {
        anyhow!(
            "expected a network that fits on {}, found {} parameters; try a smaller --image-size or another --downsample",
            describe(device),
            with_thousands(parameters)
        )
    })
}
