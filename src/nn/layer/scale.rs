//! A factor by channel (Touvron and others, 2021: LayerScale).

use super::{Graph, Part, Primitive, TensorShape};
use crate::nn::init::Init;
use crate::nn::run::{At, Pass};
use anyhow::Result;
use tch::Tensor;

/// Each channel times a trained factor, which torchvision's files call `layer_scale`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The factors before training.
    pub initial: f64,
}

impl Primitive for Scale {
    fn class_name(&self) -> &'static str {
        "LayerScale"
    }

    fn tensors(&self, input: &[i64]) -> Vec<TensorShape> {
        // Of as many axes as a value of the batch: it multiplies without being viewed otherwise.
        let mut shape = vec![1; input.len()];
        shape.iter_mut().zip(input.last()).for_each(|(size, channels)| *size = *channels);
        vec![TensorShape::new("layer_scale", &shape, Init::Constant(self.initial))]
    }

    fn forward(&self, at: &mut At<'_>, x: Tensor, _pass: &mut Pass<'_>) -> Result<Tensor> {
        Ok(x.f_mul(at.used(0)?)?)
    }

    fn export(&self, graph: &mut Graph, part: &Part, x: String) -> Result<String> {
        graph.apply_weighted("Mul", part, x, Vec::new())
    }
}
