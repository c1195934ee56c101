//! Layers → tensors: creates all layers' weights, in a `VarStore`.

use super::convolution::Convolution;
use super::dense::Dense;
use super::dropout::Dropout;
use super::init::{DrawnBy, glorot_uniform};
use super::layer::{Activation, Layer};
use super::operation::Operation;
use super::shapes::{ShapedConv2d, ShapedLayer};
use crate::error::{ErrorKind, Fault};
use crate::machine::device::describe;
use crate::text::numbers::with_thousands;
use anyhow::{Context, Result};
use tch::{Device, Kind, Tensor, nn};

/// Checks that weights, gradients and the optimizer's state fit, three numbers per parameter: tch's
/// layers panic where their weights do not.
///
/// # Errors
/// If `device` has too little memory for so many parameters.
pub(super) fn check_memory(parameters: i64, device: Device) -> Result<()> {
    Tensor::f_empty([3, parameters], (Kind::Float, device)).map(drop).map_err(|_| {
        let message = format!(
            "expected a network that fits on {}, found {} parameters; try a smaller `image_size` or another `downsample`",
            describe(device),
            with_thousands(parameters)
        );
        Fault { kind: ErrorKind::OutOfMemory, message }.into()
    })
}

/// Builds layers one after the other, with Keras's initial weights.
#[derive(Debug)]
pub(super) struct Builder<'a> {
    root: nn::Path<'a>,
    seed: u64,
    drawn_by: DrawnBy,
    /// The index of the current layer, and of the next kernel among all kernels.
    layer: usize,
    kernel: usize,
}

impl<'a> Builder<'a> {
    /// Variables in `store`; kernels are drawn from `seed` and the index that `drawn_by` selects.
    pub fn new(store: &'a nn::VarStore, seed: u64, drawn_by: DrawnBy) -> Self {
        Self { root: store.root(), seed, drawn_by, layer: 0, kernel: 0 }
    }

    /// Builds the next layer.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn next(&mut self, shaped: &ShapedLayer) -> Result<Operation> {
        let mut convolutions = Vec::new();
        for conv in shaped.convolutions() {
            convolutions.push(self.convolution(conv)?);
        }
        let operation = match &shaped.layer {
            Layer::MaxPooling2d(pool) => Operation::MaxPool(*pool),
            Layer::AveragePooling2d(pool) => Operation::AveragePool(*pool),
            Layer::GlobalAveragePooling2d => Operation::GlobalAveragePool,
            Layer::Flatten => Operation::Flatten,
            &Layer::Dropout { rate } => Operation::Dropout {
                dropout: Dropout { rate, seed: self.seed, index: self.layer },
                shape: shaped.input_shape.clone(),
            },
            &Layer::Dense { units, activation } => {
                Operation::Dense(self.dense(shaped, units, activation)?)
            }
            Layer::Conv2d(_) => {
                Operation::Conv2d(convolutions.pop().context("expected a convolution")?)
            }
            Layer::Fire { .. } => Operation::Fire(convolutions),
            Layer::Residual { shortcut, .. } => Operation::Residual {
                shortcut: shortcut.as_ref().and_then(|_| convolutions.pop()),
                convolutions,
            },
        };
        self.layer += 1;
        Ok(operation)
    }

    /// A convolution with a Glorot uniform kernel, and a zero bias or a batch normalization of
    /// γ = 1, β = 0, μ = 0 and σ² = 1.
    fn convolution(&mut self, shaped: ShapedConv2d) -> Result<Convolution> {
        let (channels, groups) = (shaped.channels(), shaped.groups());
        let (filters, size) = (shaped.conv.filters, shaped.conv.kernel_size);
        let config = nn::ConvConfig {
            stride: shaped.conv.strides,
            groups,
            bias: shaped.conv.norm.is_none(),
            ws_init: nn::Init::Const(0.0),
            bs_init: nn::Init::Const(0.0),
            ..Default::default()
        };
        let mut conv = nn::conv2d(self.path(&shaped.name), channels, filters, size, config);
        let (fan_in, fan_out) = (size * size * channels / groups, size * size * filters);
        let values = glorot_uniform(fan_in * filters, fan_in, fan_out, self.seed, self.index());
        // [O, H, W, I] in memory: the layout channels-last convolutions read.
        let kernel = Tensor::f_from_slice(&values)?
            .f_reshape([filters, size, size, channels / groups])?
            .f_to_device(self.root.device())?
            .f_permute([0, 3, 1, 2])?;
        conv.ws.f_set_data(&kernel)?;
        let norm = shaped.conv.norm.as_ref().zip(shaped.norm_name()).map(|(norm, name)| {
            let config = nn::BatchNormConfig {
                eps: norm.epsilon,
                momentum: norm.momentum,
                ws_init: nn::Init::Const(1.0),
                ..Default::default()
            };
            nn::batch_norm2d(self.path(&name), filters, config)
        });
        Ok(Convolution::new(shaped, conv, norm))
    }

    /// A dense layer with Glorot uniform weights and a zero bias.
    fn dense(&mut self, shaped: &ShapedLayer, units: i64, activation: Activation) -> Result<Dense> {
        let features = shaped.input_shape[0];
        let config = nn::LinearConfig {
            ws_init: nn::Init::Const(0.0),
            bs_init: Some(nn::Init::Const(0.0)),
            bias: true,
        };
        let mut linear = nn::linear(self.path(&shaped.name), features, units, config);
        let values = glorot_uniform(features * units, features, units, self.seed, self.index());
        let weight = Tensor::f_from_slice(&values)?
            .f_reshape([units, features])?
            .f_to_device(self.root.device())?;
        linear.ws.f_set_data(&weight)?;
        Ok(Dense::new(linear, activation))
    }

    /// The index that the next kernel is drawn with.
    fn index(&mut self) -> usize {
        self.kernel += 1;
        match self.drawn_by {
            DrawnBy::Layer => self.layer,
            DrawnBy::Kernel => self.kernel - 1,
        }
    }

    /// The path of `name`, split at its dots, which a `VarStore` does not allow.
    fn path(&self, name: &str) -> nn::Path<'a> {
        name.split('.').fold(self.root.clone(), |path, part| path / part)
    }
}
