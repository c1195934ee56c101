//! Chains on one input whose outputs become one.

use super::{Chain, Graph, Part, Primitive};
use crate::nn::onnx::AttributeProto;
use crate::nn::part;
use crate::nn::run::{At, Pass, run};
use anyhow::{Result, bail};
use tch::Tensor;

/// Chains on one input, and what joins their outputs.
#[derive(Debug, Clone, PartialEq)]
pub enum Branches {
    /// Their sum. A chain without layers gives its input.
    Sum([Chain; 2]),
    /// Their channels, one after the other.
    Concatenation(Vec<Chain>),
}

impl Branches {
    /// The chains, in the order in which their tensors are stored.
    pub fn chains(&self) -> &[Chain] {
        match self {
            Self::Sum(chains) => chains,
            Self::Concatenation(chains) => chains,
        }
    }
}

impl Primitive for Branches {
    fn class_name(&self) -> &'static str {
        match self {
            Self::Sum(_) => "Add",
            Self::Concatenation(_) => "Concatenate",
        }
    }

    fn output_shape(&self, input: &[i64]) -> Option<Vec<i64>> {
        let shapes = self.chains().iter().map(|chain| chain.output_shape(input));
        let shapes = shapes.collect::<Option<Vec<_>>>()?;
        let (channels, place) = shapes.first()?.split_last()?;
        match self {
            Self::Sum(_) => shapes
                .iter()
                .all(|shape| *shape == shapes[0])
                .then_some([place, &[*channels]].concat()),
            Self::Concatenation(_) => {
                let channels = shapes.iter().map(|shape| shape.strip_prefix(place)?.first());
                Some([place, &[channels.sum::<Option<i64>>()?]].concat())
            }
        }
    }

    fn forward(&self, at: &mut At<'_>, x: Tensor, pass: &mut Pass<'_>) -> Result<Tensor> {
        let mut outputs = Vec::new();
        for branch in &at.part.branches {
            outputs.push(run(branch, at.weights, x.shallow_clone(), pass)?);
        }
        Ok(match (self, &mut outputs[..]) {
            (Self::Concatenation(_), outputs) => Tensor::f_cat(outputs, 1)?,
            (Self::Sum(_), [first, second]) => match at.part.branches[0].last() {
                Some(last) if last.gives_new() => first.f_add_(second)?,
                _ => first.f_add(second)?,
            },
            (Self::Sum(_), outputs) => bail!("expected two branches, found {}", outputs.len()),
        })
    }

    fn export(&self, graph: &mut Graph, part: &Part, x: String) -> Result<String> {
        let mut outputs = Vec::new();
        for branch in &part.branches {
            outputs.push(part::export(branch, graph, x.clone())?);
        }
        let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
        let axis = vec![AttributeProto::int("axis", 1)];
        Ok(match self {
            Self::Sum(_) => graph.apply("Add", format!("{}.add", part.name), &outputs, Vec::new()),
            Self::Concatenation(_) => graph.apply("Concat", &part.name, &outputs, axis),
        })
    }
}
