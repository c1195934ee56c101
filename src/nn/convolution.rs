//! A convolution with weights, with its padding, batch normalization and activation:
//! `[N, C, H, W]` in and out, channels-last in memory.

use super::layer::Activation;
use super::shapes::ShapedConv2d;
use super::weighted::{Weighted, in_kind, leaf};
use crate::native::conv_pool::conv2d_max_pool2d_relu;
use anyhow::{Context, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor, nn};

/// The mean and variance that a trained batch normalization uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Statistics {
    /// The running mean and variance stored with the weights, which stay unchanged.
    #[default]
    Stored,
    /// The batch's own mean and variance, which also update the running ones.
    Batch,
}

impl Statistics {
    /// Both choices.
    pub const ALL: [Self; 2] = [Self::Stored, Self::Batch];
}

/// A convolution with weights.
#[derive(Debug)]
pub(super) struct Convolution {
    shaped: ShapedConv2d,
    conv: nn::Conv2D,
    norm: Option<nn::BatchNorm>,
    computed: Computed,
}

/// What a convolution computes with.
#[derive(Debug)]
struct Computed {
    kernel: Tensor,
    bias: Option<Tensor>,
    /// Whether they are constant, with the normalization folded in; else gradients are computed for
    /// them.
    frozen: bool,
}

impl Convolution {
    /// Trained, in f32, until [`Weighted::freeze`] or [`Weighted::train`] says otherwise.
    pub fn new(shaped: ShapedConv2d, conv: nn::Conv2D, norm: Option<nn::BatchNorm>) -> Self {
        let bias = conv.bs.as_ref().map(Tensor::shallow_clone);
        let computed = Computed { kernel: conv.ws.shallow_clone(), bias, frozen: false };
        Self { shaped, conv, norm, computed }
    }

    /// Kernel and bias, with the normalization folded in.
    fn folded(&self) -> Result<(Tensor, Option<Tensor>)> {
        if let (Some(norm), Some(config)) = (&self.norm, &self.shaped.conv.norm)
            && let (Some(weight), Some(bias)) = (&norm.ws, &norm.bs)
        {
            // γ (x − μ) / √(σ² + ε) + β
            let scale = weight.f_div(&norm.running_var.f_add_scalar(config.epsilon)?.f_sqrt()?)?;
            let shift = bias.f_sub(&norm.running_mean.f_mul(&scale)?)?;
            let kernel = self.conv.ws.f_mul(&scale.f_view([-1, 1, 1, 1])?)?;
            return Ok((kernel, Some(shift)));
        }
        let bias = self.conv.bs.as_ref().map(|bias| bias.f_detach()).transpose()?;
        Ok((self.conv.ws.f_detach()?, bias))
    }

    /// The output for the batch `x`.
    ///
    /// # Errors
    /// If `x` has other channels, or libtorch is out of memory.
    pub fn forward(&self, x: &Tensor, statistics: Statistics) -> Result<Tensor> {
        let Computed { kernel, bias, frozen } = &self.computed;
        let (padded, padding) = self.pad(&in_kind(x, kernel.f_kind()?)?)?;
        let (strides, groups) = ([self.shaped.conv.strides; 2], self.shaped.groups());
        let y = padded.f_conv2d(kernel, bias.as_ref(), strides, padding, [1, 1], groups)?;
        let mut y = in_kind(&y, x.f_kind()?)?;
        if let (Some(norm), Some(config), false) = (&self.norm, &self.shaped.conv.norm, frozen) {
            y = y.f_batch_norm(
                norm.ws.as_ref(),
                norm.bs.as_ref(),
                Some(&norm.running_mean),
                Some(&norm.running_var),
                statistics == Statistics::Batch,
                config.momentum,
                config.epsilon,
                true,
            )?;
        }
        activate(y, self.shaped.conv.activation)
    }

    /// Whether [`Convolution::forward_pooled`] applies: one group, a bias, and relu, with no
    /// separate normalization in between.
    pub fn has_pooled(&self) -> bool {
        self.shaped.conv.activation == Some(Activation::Relu)
            && self.computed.bias.is_some()
            && (self.norm.is_none() || self.computed.frozen)
            && self.shaped.groups() == 1
    }

    /// The output for the batch `x` after 2×2 max pooling, in one operation:
    /// max(relu(x)) = relu(max(x)), values and gradients.
    ///
    /// # Errors
    /// As [`Convolution::forward`], and unless [`Convolution::has_pooled`].
    pub fn forward_pooled(&self, x: &Tensor) -> Result<Tensor> {
        let Computed { kernel, bias, .. } = &self.computed;
        let (padded, padding) = self.pad(&in_kind(x, kernel.f_kind()?)?)?;
        let bias = bias.as_ref().context("expected a bias")?;
        let strides = self.shaped.conv.strides;
        let y = conv2d_max_pool2d_relu(&padded, kernel, bias, strides, padding[0])?;
        in_kind(&y, x.f_kind()?)
    }

    /// `x`, padded here if the padding is asymmetric, and the padding left to libtorch otherwise.
    fn pad(&self, x: &Tensor) -> Result<(Tensor, [i64; 2])> {
        let (_, _, height, width) = x.size4()?;
        let conv = &self.shaped.conv;
        let (top, bottom) = conv.padding.border(height, conv.kernel_size, conv.strides);
        let (left, right) = conv.padding.border(width, conv.kernel_size, conv.strides);
        if top == bottom && left == right {
            return Ok((x.shallow_clone(), [top, left]));
        }
        Ok((x.f_constant_pad_nd([left, right, top, bottom])?, [0, 0]))
    }
}

impl Weighted for Convolution {
    fn tensors(&self) -> Vec<Tensor> {
        let mut tensors = vec![&self.conv.ws];
        tensors.extend(&self.conv.bs);
        if let Some(norm) = &self.norm {
            tensors.extend(norm.ws.iter().chain(&norm.bs));
            tensors.extend([&norm.running_mean, &norm.running_var]);
        }
        tensors.into_iter().map(Tensor::shallow_clone).collect()
    }

    fn leaves(&self) -> Vec<Tensor> {
        let mut leaves = vec![&self.computed.kernel];
        leaves.extend(&self.computed.bias);
        leaves.extend(self.norm.iter().flat_map(|norm| norm.ws.iter().chain(&norm.bs)));
        leaves.into_iter().map(Tensor::shallow_clone).collect()
    }

    fn computed(&self) -> (Tensor, Option<Tensor>) {
        let Computed { kernel, bias, .. } = &self.computed;
        (kernel.shallow_clone(), bias.as_ref().map(Tensor::shallow_clone))
    }

    /// Folds the normalization into the kernel, which saves a pass over the activations.
    fn freeze(&mut self, kind: Kind) -> Result<()> {
        let (kernel, bias) = tch::no_grad(|| self.folded())?;
        let bias = bias.map(|bias| bias.f_to_kind(kind)).transpose()?;
        self.computed = Computed { kernel: kernel.f_to_kind(kind)?, bias, frozen: true };
        Ok(())
    }

    /// Keeps the normalization separate from the kernel.
    fn train(&mut self, kind: Kind) -> Result<()> {
        // oneDNN takes up to sixty times as long for their gradients in bf16.
        let slow = self.shaped.conv.depthwise
            && self.shaped.conv.strides > 1
            && self.conv.ws.device() == Device::Cpu;
        let kind = if slow { Kind::Float } else { kind };
        let known = (!self.computed.frozen).then_some(&self.computed);
        let kernel = leaf(&self.conv.ws, known.map(|known| &known.kernel), kind)?;
        let known_bias = known.and_then(|known| known.bias.as_ref());
        let bias = self.conv.bs.as_ref().map(|bias| leaf(bias, known_bias, kind)).transpose()?;
        self.computed = Computed { kernel, bias, frozen: false };
        Ok(())
    }
}

/// Applies a layer's activation to `y` in place; a classifier's is part of the loss.
///
/// # Errors
/// If libtorch fails.
pub(super) fn activate(mut y: Tensor, activation: Option<Activation>) -> Result<Tensor> {
    Ok(match activation {
        Some(Activation::Relu) => y.f_relu_()?,
        Some(Activation::Relu6) => y.f_relu6_()?,
        Some(Activation::Sigmoid | Activation::Softmax) | None => y,
    })
}
