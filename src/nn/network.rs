//! An architecture with weights, on a device, perhaps on top of a pretrained base: images in, logits
//! out.

use super::bases::base::Base;
use super::bases::conv::Statistics;
use super::bases::stored::Stored;
use super::below::Below;
pub use super::below::Takes;
use super::dropout::Dropout;
use super::init::glorot_uniform;
use super::layer::{Activation, Architecture, Layer};
use super::step::{Masks, Step};
use crate::device::describe;
use crate::numbers::with_thousands;
use crate::precision::Precision;
use anyhow::{Context, Result, anyhow};
use tch::{Device, Kind, Tensor, nn};

/// A network that can be trained: layers under Keras's names, their weights in a `VarStore`.
#[derive(Debug)]
pub struct Network {
    below: Option<Below>,
    architecture: Architecture,
    steps: Vec<Step>,
    /// Owns the variables that `steps` and `parameters` point to.
    store: nn::VarStore,
    parameters: Vec<(String, Tensor)>,
    /// What `steps` compute with, in the order of `parameters`: the parameter itself, or a copy of
    /// it in another precision.
    leaves: Vec<Tensor>,
    precision: Precision,
}

impl Network {
    /// Builds the layers on `device` with Keras's initial weights drawn from `seed`: the same on
    /// every device. The classifier, of a few units, computes in f32 in every precision.
    ///
    /// # Errors
    /// If the weights do not fit on the device.
    pub fn new(
        architecture: Architecture,
        device: Device,
        precision: Precision,
        seed: u64,
    ) -> Result<Self> {
        check_memory(architecture.parameters(), device)?;
        let store = nn::VarStore::new(device);
        let mut steps = Vec::new();
        let mut parameters = Vec::new();
        let mut leaves = Vec::new();
        for (index, placed) in architecture.layers.iter().enumerate() {
            let path = store.root() / &placed.name;
            let input = &placed.input_shape;
            // Puts a leaf in the layer's place and keeps the parameter itself.
            let mut add_parameter = |name: &str, place: &mut Tensor, kind: Kind| -> Result<()> {
                let leaf = if place.f_kind()? == kind {
                    place.shallow_clone()
                } else {
                    place.f_detach()?.f_to_kind(kind)?.f_set_requires_grad(true)?
                };
                leaves.push(leaf.shallow_clone());
                let parameter = std::mem::replace(place, leaf);
                parameters.push((format!("{}.{name}", placed.name), parameter));
                Ok(())
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
                    add_parameter("weight", &mut conv.ws, precision.kind())?;
                    if let Some(bias) = &mut conv.bs {
                        add_parameter("bias", bias, precision.kind())?;
                    }
                    steps.push(Step::Conv { conv, strides });
                    steps.extend((activation == Activation::Relu).then_some(Step::Relu));
                }
                Layer::MaxPooling2d { pool_size } => {
                    // max(relu(x)) = relu(max(x)), values and gradients: relu then touches a
                    // quarter of them.
                    let relu = steps.pop_if(|step| matches!(step, Step::Relu));
                    let conv = steps.pop_if(|step| {
                        relu.is_some() && pool_size == 2 && matches!(step, Step::Conv { .. })
                    });
                    if let Some(Step::Conv { conv, strides }) = conv {
                        steps.push(Step::ConvMaxPoolRelu { conv, strides });
                    } else {
                        steps.push(Step::MaxPool(pool_size));
                        steps.extend(relu);
                    }
                }
                Layer::AveragePooling2d { pool_size } => steps.push(Step::AveragePool(pool_size)),
                Layer::GlobalAveragePooling2d => steps.push(Step::GlobalAveragePool),
                Layer::Flatten => steps.push(Step::Flatten),
                Layer::Dropout { rate } => {
                    let dropout = Dropout { rate, seed, place: index };
                    steps.push(Step::Dropout(dropout, input.clone()));
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
                    let kind = match activation {
                        Activation::Relu => precision.kind(),
                        Activation::Sigmoid | Activation::Softmax => Kind::Float,
                    };
                    add_parameter("weight", &mut dense.ws, kind)?;
                    if let Some(bias) = &mut dense.bs {
                        add_parameter("bias", bias, kind)?;
                    }
                    steps.push(Step::Dense(dense));
                    steps.extend((activation == Activation::Relu).then_some(Step::Relu));
                }
            }
        }
        Ok(Self { below: None, architecture, steps, store, parameters, leaves, precision })
    }

    /// Puts the layers on top of `base`, whose features are their input, in its precision. Blocks of the base that
    /// are not frozen are trained too, by `statistics`.
    pub fn on_base(mut self, base: Base, statistics: Statistics, takes: Takes) -> Self {
        let share = |(name, tensor): &(String, Tensor)| (name.clone(), tensor.shallow_clone());
        // Before the layers' own, in the order in which a picture passes them.
        self.leaves.splice(0..0, base.leaves());
        self.parameters.splice(0..0, base.trained().iter().map(share));
        self.below = Some(Below { base, statistics, takes });
        self
    }

    /// The base, if there is one.
    pub fn base(&self) -> Option<&Base> {
        self.below.as_ref().map(|below| &below.base)
    }

    /// Gives the base the weights of a file.
    ///
    /// # Errors
    /// If there is no base, or the file does not hold just its weights; nothing is changed then.
    pub fn assign_base(&mut self, stored: &Stored) -> Result<()> {
        let below = self.below.as_mut().context("expected a network on a base")?;
        below.base.load(stored).map(drop)
    }

    /// All that is stored of the network, by name: parameters, and what is frozen of a base.
    pub fn tensors(&self) -> Vec<(String, Tensor)> {
        let mut tensors = self.base().map(Base::tensors).unwrap_or_default();
        let own = self.parameters[self.of_base()..].iter();
        tensors.extend(own.map(|(name, tensor)| (name.clone(), tensor.shallow_clone())));
        tensors
    }

    /// How many of the parameters are the base's.
    fn of_base(&self) -> usize {
        self.base().map_or(0, |base| base.trained().len())
    }

    /// The layers, their shapes and parameter counts.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Where the weights are.
    pub fn device(&self) -> Device {
        self.store.device()
    }

    /// What is trained: weights and biases by name (`conv2d_1.weight`, …) in f32, in the order of
    /// the layers. Who changes them, or others of [`Network::tensors`], calls [`Network::refresh`].
    pub fn parameters(&self) -> &[(String, Tensor)] {
        &self.parameters
    }

    /// The tensors that gradients are taken by, in the order of the parameters: the parameters
    /// themselves, or their copies in the network's precision.
    pub fn leaves(&self) -> &[Tensor] {
        &self.leaves
    }

    /// Takes over changed tensors into what the network computes with.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn refresh(&mut self) -> Result<()> {
        if let Some(below) = &mut self.below {
            below.base.settle()?;
        }
        let own = self.of_base()..;
        tch::no_grad(|| {
            for ((_, parameter), leaf) in self.parameters[own.clone()].iter().zip(&self.leaves[own])
            {
                if leaf.f_kind()? != Kind::Float {
                    leaf.shallow_clone().f_copy_(parameter)?;
                }
            }
            Ok(())
        })
    }

    /// The scores before the last sigmoid or softmax: `[N]` for one unit, else `[N, classes]`.
    /// `images` is `[N, C, H, W]` f32 in 0..=1, or the features of a base, the scores f32.
    ///
    /// # Errors
    /// If the images have another shape, or libtorch is out of memory.
    pub fn logits(&self, images: &Tensor) -> Result<Tensor> {
        self.forward(images, &mut None)
    }

    /// As [`Network::logits`], with dropout by [`Network::dropout_masks`].
    ///
    /// # Errors
    /// As [`Network::logits`], and if there is not one mask for each dropout.
    pub fn training_logits(&self, images: &Tensor, masks: &[Tensor]) -> Result<Tensor> {
        self.forward(images, &mut Some(masks.iter()))
    }

    /// What each dropout keeps of a batch of `pictures` in the training step `step`, counted from 0
    /// over all epochs: bool tensors on the device.
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn dropout_masks(&self, pictures: i64, step: i64) -> Result<Vec<Tensor>> {
        let masks = self.steps.iter().filter_map(|layer| match layer {
            Step::Dropout(dropout, shape) => {
                let shape: Vec<i64> = [pictures].iter().chain(shape).copied().collect();
                Some(dropout.mask(&shape, step, self.device()))
            }
            _ => None,
        });
        masks.collect()
    }

    /// `masks` are taken one by one in training, else none.
    fn forward(&self, images: &Tensor, masks: &mut Masks<'_>) -> Result<Tensor> {
        let mut x = match &self.below {
            Some(below) => below.forward(images, masks.is_some())?,
            None => images.shallow_clone(),
        };
        x = x.f_to_kind(self.precision.kind())?;
        for step in &self.steps {
            x = step.forward(x, masks)?;
        }
        let x = x.f_to_kind(Kind::Float)?;
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
