//! From maps to rows.

use super::{Graph, Part, Primitive};
use crate::nn::onnx::AttributeProto;
use crate::nn::run::{At, Pass};
use anyhow::Result;
use tch::Tensor;

/// One row of all values, in the order height, width, channels, as in Keras.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flatten;

impl Primitive for Flatten {
    fn class_name(&self) -> &'static str {
        "Flatten"
    }

    fn output_shape(&self, input: &[i64]) -> Option<Vec<i64>> {
        Some(vec![input.iter().product()])
    }

    fn forward(&self, _at: &mut At<'_>, x: Tensor, _pass: &mut Pass<'_>) -> Result<Tensor> {
        // On channels-last data nothing moves.
        Ok(x.f_permute([0, 2, 3, 1])?.f_flatten(1, -1)?)
    }

    fn export(&self, graph: &mut Graph, part: &Part, mut x: String) -> Result<String> {
        let name = &part.name;
        if part.input_shape.len() == 3 {
            let order = vec![AttributeProto::ints("perm", &[0, 2, 3, 1])];
            x = graph.apply("Transpose", format!("{name}.transpose"), &[&x], order);
        }
        Ok(graph.flatten(name, &x))
    }
}
