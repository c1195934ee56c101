//! Dense layers: `[N, in]` to `[N, out]`.

use super::{Graph, Part, Primitive, TensorShape};
use crate::nn::init::Init;
use crate::nn::onnx::AttributeProto;
use crate::nn::run::{At, Pass};
use crate::nn::weight::in_kind;
use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// A dense layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dense {
    /// Output values.
    pub units: i64,
    /// Whether its output is the network's: it has few units, and computes in f32 in every precision.
    pub is_classifier: bool,
}

impl Primitive for Dense {
    fn class_name(&self) -> &'static str {
        "Dense"
    }

    fn output_shape(&self, input: &[i64]) -> Option<Vec<i64>> {
        (input.len() == 1).then(|| vec![self.units])
    }

    fn tensors(&self, input: &[i64]) -> Vec<TensorShape> {
        let (units, features) = (self.units, input.iter().product());
        let init = Init::Glorot { fan_in: features, fan_out: units };
        let bias = TensorShape::new("bias", &[units], Init::Constant(0.0));
        vec![TensorShape::new("weight", &[units, features], init), bias]
    }

    fn kind(&self, kind: Kind, _frozen: bool, _device: Device) -> Kind {
        if self.is_classifier { Kind::Float } else { kind }
    }

    /// Its type stays that of its weights.
    fn forward(&self, at: &mut At<'_>, x: Tensor, _pass: &mut Pass<'_>) -> Result<Tensor> {
        let weight = at.used(0)?;
        Ok(in_kind(&x, weight.f_kind()?)?.f_linear(weight, Some(at.used(1)?))?)
    }

    fn export(&self, graph: &mut Graph, part: &Part, x: String) -> Result<String> {
        graph.apply_weighted("Gemm", part, x, vec![AttributeProto::int("transB", 1)])
    }
}
