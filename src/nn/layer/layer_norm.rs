//! Layer normalization: γ (x − μ) / √(σ² + ε) + β, with the μ and σ² of each place's channels (Ba and
//! others, 2016).

use super::{Graph, Part, Primitive, TensorShape};
use crate::nn::init::Init;
use crate::nn::onnx::AttributeProto;
use crate::nn::run::{At, Pass};
use crate::nn::weight::in_kind;
use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// Layer normalization over the channels, in f32 in every precision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerNorm {
    /// ε.
    pub epsilon: f64,
}

impl Primitive for LayerNorm {
    fn class_name(&self) -> &'static str {
        "LayerNormalization"
    }

    fn tensors(&self, input: &[i64]) -> Vec<TensorShape> {
        let channels = &input[input.len().saturating_sub(1)..];
        let [zeros, ones] = [0.0, 1.0].map(Init::Constant);
        ["weight", "bias"]
            .into_iter()
            .zip([ones, zeros])
            .map(|(name, init)| TensorShape::new(name, channels, init))
            .collect()
    }

    fn kind(&self, _kind: Kind, _frozen: bool, _device: Device) -> Kind {
        Kind::Float
    }

    fn forward(&self, at: &mut At<'_>, x: Tensor, _pass: &mut Pass<'_>) -> Result<Tensor> {
        let (weight, bias) = (at.used(0)?, at.used(1)?);
        let normalized = |x: &Tensor| {
            x.f_layer_norm(weight.size(), Some(weight), Some(bias), self.epsilon, true)
        };
        let values = in_kind(&x, Kind::Float)?;
        let y = match values.dim() {
            // On channels-last data nothing moves.
            4 => normalized(&values.f_permute([0, 2, 3, 1])?)?.f_permute([0, 3, 1, 2])?,
            _ => normalized(&values)?,
        };
        in_kind(&y, x.f_kind()?)
    }

    fn export(&self, graph: &mut Graph, part: &Part, mut x: String) -> Result<String> {
        let name = &part.name;
        let attributes =
            vec![AttributeProto::int("axis", -1), AttributeProto::float("epsilon", self.epsilon)];
        if part.input_shape.len() == 1 {
            return graph.apply_weighted("LayerNormalization", part, x, attributes);
        }
        let order = |axes: &[i64]| vec![AttributeProto::ints("perm", axes)];
        x = graph.apply("Transpose", format!("{name}.channels_last"), &[&x], order(&[0, 2, 3, 1]));
        x = graph.apply_weighted("LayerNormalization", part, x, attributes)?;
        Ok(graph.apply("Transpose", format!("{name}.channels_first"), &[&x], order(&[0, 3, 1, 2])))
    }
}
