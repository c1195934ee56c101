//! Convolutions.

use super::windows::{Padding, Windows};
use super::{Activation, Graph, Layer, Part, Pool2d, Primitive, TensorShape};
use crate::native::conv_pool::conv2d_max_pool2d_relu;
use crate::nn::init::Init;
use crate::nn::onnx::AttributeProto;
use crate::nn::run::{At, Pass};
use crate::nn::weight::in_kind;
use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// A convolution.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv2d {
    /// Output channels.
    pub filters: i64,
    /// Height and width of the kernel.
    pub kernel_size: i64,
    /// Pixels from one output to the next, in both directions.
    pub strides: i64,
    /// Zeros around the input.
    pub padding: Padding,
    /// One filter per channel: as many groups as channels; `filters` equals the input channels.
    pub depthwise: bool,
    /// Whether a bias is added. A batch normalization after it has its own.
    pub has_bias: bool,
}

impl Conv2d {
    /// No padding, strides of 1 and a bias.
    pub fn new(filters: i64, kernel_size: i64) -> Self {
        let padding = Padding::Valid;
        Self { filters, kernel_size, strides: 1, padding, depthwise: false, has_bias: true }
    }

    /// As [`Conv2d::new`], padded so that the output is as large as the input.
    pub fn same(filters: i64, kernel_size: i64) -> Self {
        Self { padding: Padding::Same, ..Self::new(filters, kernel_size) }
    }

    /// Groups of channels and filters that are convolved separately.
    fn groups(&self) -> i64 {
        if self.depthwise { self.filters } else { 1 }
    }

    fn windows(&self) -> Windows {
        Windows { size: self.kernel_size, strides: self.strides, padding: self.padding }
    }

    /// `x`, padded here if its sides differ in their borders; otherwise the border is left to libtorch.
    fn pad(&self, x: &Tensor) -> Result<(Tensor, i64)> {
        let (_, _, height, width) = x.size4()?;
        let (top, bottom) = self.windows().border(height);
        let (left, right) = self.windows().border(width);
        if [bottom, left, right] == [top; 3] {
            return Ok((x.shallow_clone(), top));
        }
        Ok((x.f_constant_pad_nd([left, right, top, bottom])?, 0))
    }
}

impl Primitive for Conv2d {
    fn class_name(&self) -> &'static str {
        if self.depthwise { "DepthwiseConv2D" } else { "Conv2D" }
    }

    fn output_shape(&self, input: &[i64]) -> Option<Vec<i64>> {
        let &[height, width, _] = input else { return None };
        let windows = self.windows();
        Some(vec![windows.count(height), windows.count(width), self.filters])
    }

    fn tensors(&self, input: &[i64]) -> Vec<TensorShape> {
        let Self { filters, kernel_size, .. } = *self;
        let channels = input.last().map_or(0, |channels| channels / self.groups());
        let pixels = kernel_size * kernel_size;
        let init = Init::Glorot { fan_in: pixels * channels, fan_out: pixels * filters };
        let kernel = [filters, channels, kernel_size, kernel_size];
        let bias = TensorShape::new("bias", &[filters], Init::Constant(0.0));
        let mut tensors = vec![TensorShape::new("weight", &kernel, init)];
        tensors.extend(self.has_bias.then_some(bias));
        tensors
    }

    fn kind(&self, kind: Kind, frozen: bool, device: Device) -> Kind {
        // oneDNN takes up to sixty times as long for their gradients in bf16.
        let slow = self.depthwise && self.strides > 1 && !frozen && device == Device::Cpu;
        if slow { Kind::Float } else { kind }
    }

    /// With a normalization after it that is folded into its kernel, and then in one operation with relu
    /// and 2×2 max pooling: max(relu(x)) = relu(max(x)), values and gradients.
    fn forward(&self, at: &mut At<'_>, x: Tensor, pass: &mut Pass<'_>) -> Result<Tensor> {
        let kernel = at.used(0)?;
        let mut bias = at.own().get(1).map(|bias| &bias.used);
        if let [norm, others @ ..] = at.rest
            && let [weight, shift, ..] = at.of(norm)
            && weight.is_folded
        {
            (bias, at.rest) = (Some(&shift.used), others);
        }
        let (padded, padding) = self.pad(&in_kind(&x, kernel.f_kind()?)?)?;
        let can_pool = self.groups() == 1 && !matches!(pass, Pass::Trace);
        let y = match (bias, at.rest) {
            (Some(bias), [relu, pool, others @ ..])
                if can_pool
                    && relu.layer == Layer::Activation(Activation::Relu)
                    && pool.layer == Layer::Pool2d(Pool2d::MAX_2X2) =>
            {
                at.rest = others;
                conv2d_max_pool2d_relu(&padded, kernel, bias, self.strides, padding)?
            }
            _ => {
                let (strides, groups) = ([self.strides; 2], self.groups());
                padded.f_conv2d(kernel, bias, strides, [padding; 2], [1, 1], groups)?
            }
        };
        in_kind(&y, x.f_kind()?)
    }

    fn export(&self, graph: &mut Graph, part: &Part, x: String) -> Result<String> {
        let mut attributes = self.windows().attributes(&part.input_shape)?;
        attributes.push(AttributeProto::int("group", self.groups()));
        graph.apply_weighted("Conv", part, x, attributes)
    }
}
