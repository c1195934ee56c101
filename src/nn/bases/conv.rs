//! A convolution with what goes with it: padding, batch normalisation, activation.

use super::conv_plan::{Activation, ConvPlan};
use crate::nn::init::glorot_uniform;
use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor, nn};

/// Where a batch normalisation that is not frozen takes mean and variance from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Statistics {
    /// The running ones that came with the weights; they stay as they are.
    #[default]
    Stored,
    /// The batch's own; the running ones move towards them.
    Batch,
}

/// A convolution with weights.
#[derive(Debug)]
pub struct Conv {
    plan: ConvPlan,
    conv: nn::Conv2D,
    norm: Option<nn::BatchNorm>,
    computed: Computed,
}

/// What a convolution computes with.
#[derive(Debug)]
struct Computed {
    kernel: Tensor,
    bias: Option<Tensor>,
    /// Whether they have the normalisation multiplied in and stay as they are; else gradients are
    /// taken by them.
    frozen: bool,
}

impl Conv {
    /// Variables under `root`; the kernel Glorot uniform, drawn from `seed` and `index`, the place
    /// in the network.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn new(root: &nn::Path, plan: &ConvPlan, seed: u64, index: usize) -> Result<Self> {
        let at = |name: &str| name.split('.').fold(root.clone(), |path, part| path / part);
        let ConvPlan { channels, filters, kernel_size, .. } = *plan;
        let groups = if plan.depthwise { channels } else { 1 };
        let config = nn::ConvConfigND::<i64> {
            stride: plan.strides,
            groups,
            bias: plan.norm.is_none(),
            ws_init: nn::Init::Const(0.0),
            bs_init: nn::Init::Const(0.0),
            ..Default::default()
        };
        let mut conv = nn::conv2d(at(&plan.name), channels, filters, kernel_size, config);
        let area = kernel_size * kernel_size;
        let fan_in = area * channels / groups;
        let values = glorot_uniform(fan_in * filters, fan_in, area * filters, seed, index);
        // [O, H, W, I] in memory: the layout channels-last convolutions read.
        let kernel = Tensor::f_from_slice(&values)?
            .f_reshape([filters, kernel_size, kernel_size, channels / groups])?
            .f_to_device(root.device())?
            .f_permute([0, 3, 1, 2])?;
        conv.ws.f_set_data(&kernel)?;
        let norm = plan.norm.as_ref().map(|norm| {
            let config = nn::BatchNormConfig {
                eps: norm.epsilon,
                momentum: norm.momentum,
                ws_init: nn::Init::Const(1.0),
                ..Default::default()
            };
            nn::batch_norm2d(at(&norm.name), filters, config)
        });
        let bias = conv.bs.as_ref().map(Tensor::shallow_clone);
        let computed = Computed { kernel: conv.ws.shallow_clone(), bias, frozen: false };
        Ok(Self { plan: plan.clone(), conv, norm, computed })
    }

    /// Its tensors, in the order of [`ConvPlan::tensor_names`], and whether each can be trained.
    pub fn tensors(&self) -> Vec<(Tensor, bool)> {
        let mut tensors = vec![(self.conv.ws.shallow_clone(), true)];
        tensors.extend(self.conv.bs.iter().map(|bias| (bias.shallow_clone(), true)));
        if let Some(norm) = &self.norm {
            let trained = norm.ws.iter().chain(&norm.bs);
            tensors.extend(trained.map(|tensor| (tensor.shallow_clone(), true)));
            let running = [&norm.running_mean, &norm.running_var];
            tensors.extend(running.map(|tensor| (tensor.shallow_clone(), false)));
        }
        tensors
    }

    /// Those of [`Conv::tensors`] that can be trained, as gradients are taken by them: the tensors
    /// themselves, or their copies in another precision.
    pub fn leaves(&self) -> Vec<Tensor> {
        let mut leaves = vec![self.computed.kernel.shallow_clone()];
        leaves.extend(self.computed.bias.as_ref().map(Tensor::shallow_clone));
        let norm = self.norm.iter().flat_map(|norm| norm.ws.iter().chain(&norm.bs));
        leaves.extend(norm.map(Tensor::shallow_clone));
        leaves
    }

    /// Computes in `kind` with the weights as they are now, the normalisation multiplied into the
    /// kernel: one pass over the pictures less.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn freeze(&mut self, kind: Kind) -> Result<()> {
        let (kernel, bias) = tch::no_grad(|| self.folded())?;
        let bias = bias.map(|bias| bias.f_to_kind(kind)).transpose()?;
        self.computed = Computed { kernel: kernel.f_to_kind(kind)?, bias, frozen: true };
        Ok(())
    }

    /// Kernel and bias, with the normalisation if there is one.
    fn folded(&self) -> Result<(Tensor, Option<Tensor>)> {
        if let (Some(norm), Some(plan)) = (&self.norm, &self.plan.norm)
            && let (Some(weight), Some(bias)) = (&norm.ws, &norm.bs)
        {
            // γ (x − μ) / √(σ² + ε) + β
            let scale = weight.f_div(&norm.running_var.f_add_scalar(plan.epsilon)?.f_sqrt()?)?;
            let shift = bias.f_sub(&norm.running_mean.f_mul(&scale)?)?;
            let kernel = self.conv.ws.f_mul(&scale.f_view([-1, 1, 1, 1])?)?;
            return Ok((kernel, Some(shift)));
        }
        let bias = self.conv.bs.as_ref().map(|bias| bias.f_detach()).transpose()?;
        Ok((self.conv.ws.f_detach()?, bias))
    }

    /// Computes in `kind` with weights that gradients are taken by, and the normalisation by itself.
    /// The tensors of [`Conv::leaves`] stay the same ones from here on, with the weights as they
    /// are now.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn train(&mut self, kind: Kind) -> Result<()> {
        // oneDNN takes up to sixty times as long over their gradients in bf16.
        let slow = self.plan.depthwise
            && self.plan.strides > 1
            && self.conv.ws.device() == tch::Device::Cpu;
        let kind = if slow { Kind::Float } else { kind };
        let leaf = |parameter: &Tensor, known: Option<&Tensor>| -> Result<Tensor> {
            if kind == Kind::Float {
                return Ok(parameter.shallow_clone());
            }
            if let Some(known) = known.filter(|_| !self.computed.frozen)
                && known.f_kind()? == kind
            {
                tch::no_grad(|| known.shallow_clone().f_copy_(parameter))?;
                return Ok(known.shallow_clone());
            }
            Ok(parameter.f_detach()?.f_to_kind(kind)?.f_set_requires_grad(true)?)
        };
        let kernel = leaf(&self.conv.ws, Some(&self.computed.kernel))?;
        let bias = self.conv.bs.as_ref().map(|bias| leaf(bias, self.computed.bias.as_ref()));
        self.computed = Computed { kernel, bias: bias.transpose()?, frozen: false };
        Ok(())
    }

    /// `[N, C, H, W]` in and out.
    ///
    /// # Errors
    /// If `x` has other channels, or libtorch is out of memory.
    pub fn forward(&self, x: &Tensor, statistics: Statistics) -> Result<Tensor> {
        let Computed { kernel, bias, frozen } = &self.computed;
        let (padded, padding) = self.pad(&x.f_to_kind(kernel.f_kind()?)?)?;
        let groups = if self.plan.depthwise { self.plan.channels } else { 1 };
        let strides = [self.plan.strides; 2];
        let y = padded.f_conv2d(kernel, bias.as_ref(), strides, padding, [1, 1], groups)?;
        let mut y = y.f_to_kind(x.f_kind()?)?;
        if let (Some(norm), Some(plan), false) = (&self.norm, &self.plan.norm, frozen) {
            y = y.f_batch_norm(
                norm.ws.as_ref(),
                norm.bs.as_ref(),
                Some(&norm.running_mean),
                Some(&norm.running_var),
                statistics == Statistics::Batch,
                plan.momentum,
                plan.epsilon,
                true,
            )?;
        }
        Ok(match self.plan.activation {
            None => y,
            Some(Activation::Relu) => y.f_relu_()?,
            Some(Activation::Relu6) => y.f_relu6_()?,
        })
    }

    /// `x` with the zeros that libtorch's convolution cannot add by itself, and those it can.
    fn pad(&self, x: &Tensor) -> Result<(Tensor, [i64; 2])> {
        let (_, _, height, width) = x.size4()?;
        let ConvPlan { padding, kernel_size, strides, .. } = self.plan;
        let (top, bottom) = padding.zeros(height, kernel_size, strides);
        let (left, right) = padding.zeros(width, kernel_size, strides);
        if top == bottom && left == right {
            return Ok((x.shallow_clone(), [top, left]));
        }
        Ok((x.f_constant_pad_nd([left, right, top, bottom])?, [0, 0]))
    }
}
