//! Batch normalization: γ (x − μ) / √(σ² + ε) + β by channel (Ioffe and Szegedy, 2015).

use super::{Graph, Part, Primitive, TensorShape};
use crate::nn::init::Init;
use crate::nn::onnx::AttributeProto;
use crate::nn::run::{At, Pass};
use crate::nn::weight::Weight;
use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

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

/// Batch normalization. Where it is frozen, a convolution without bias just before it computes it:
/// see `BatchNorm::fold`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchNorm {
    /// ε.
    pub epsilon: f64,
    /// The weight of a batch's μ and σ² in the running ones: PyTorch's momentum, 1 − Keras's.
    pub momentum: f64,
}

impl BatchNorm {
    /// Makes a frozen normalization part of the `kernel` before it, and a bias of its β, both in the
    /// type of `kernel`. This saves a pass over the activations.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub(in crate::nn) fn fold(&self, kernel: &mut Weight, own: &mut [Weight]) -> Result<()> {
        let [weight, bias, mean, variance] = own else { return Ok(()) };
        let kind = kernel.used.f_kind()?;
        let scale = weight.stored.f_div(&variance.stored.f_add_scalar(self.epsilon)?.f_sqrt()?)?;
        let shift = bias.stored.f_sub(&mean.stored.f_mul(&scale)?)?;
        kernel.used = kernel.stored.f_mul(&scale.f_view([-1, 1, 1, 1])?)?.f_to_kind(kind)?;
        bias.used = shift.f_to_kind(kind)?;
        own.iter_mut().for_each(|weight| weight.is_folded = true);
        Ok(())
    }
}

impl Primitive for BatchNorm {
    fn class_name(&self) -> &'static str {
        "BatchNormalization"
    }

    fn tensors(&self, input: &[i64]) -> Vec<TensorShape> {
        let channels = &input[input.len().saturating_sub(1)..];
        let [zeros, ones] = [0.0, 1.0].map(Init::Constant);
        let buffer = |name, init| TensorShape {
            is_parameter: false,
            ..TensorShape::new(name, channels, init)
        };
        vec![
            TensorShape::new("weight", channels, ones),
            TensorShape::new("bias", channels, zeros),
            buffer("running_mean", zeros),
            buffer("running_var", ones),
        ]
    }

    fn kind(&self, _kind: Kind, _frozen: bool, _device: Device) -> Kind {
        Kind::Float
    }

    fn forward(&self, at: &mut At<'_>, x: Tensor, pass: &mut Pass<'_>) -> Result<Tensor> {
        let of_batch = pass.statistics() == Statistics::Batch
            && at.own().iter().all(|weight| !weight.is_frozen);
        Ok(x.f_batch_norm(
            Some(at.used(0)?),
            Some(at.used(1)?),
            Some(at.used(2)?),
            Some(at.used(3)?),
            of_batch,
            self.momentum,
            self.epsilon,
            true,
        )?)
    }

    fn export(&self, graph: &mut Graph, part: &Part, x: String) -> Result<String> {
        let epsilon = vec![AttributeProto::float("epsilon", self.epsilon)];
        graph.apply_weighted("BatchNormalization", part, x, epsilon)
    }
}
