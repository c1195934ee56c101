//! ONNX graphs, which layers add themselves to.

mod proto;

use super::part::Part;
use anyhow::{Context, Result, ensure};
pub use proto::*;
use std::collections::HashMap;
use tch::{Kind, Tensor};

/// Nodes, each of which has one output with its own name, and constants.
#[derive(Debug)]
pub struct Graph {
    /// The network's tensors that are not in the graph yet, by name.
    weights: HashMap<String, Tensor>,
    node: Vec<NodeProto>,
    initializer: Vec<TensorProto>,
}

impl Graph {
    /// An empty graph, to which these tensors can be added.
    pub fn new(weights: Vec<(String, Tensor)>) -> Self {
        let weights = weights.into_iter().collect();
        Self { weights, node: Vec::new(), initializer: Vec::new() }
    }

    /// Adds an operation on the values `inputs`; returns the name of its output, `name`.
    pub fn apply(
        &mut self,
        operator: &str,
        name: impl Into<String>,
        inputs: &[&str],
        attribute: Vec<AttributeProto>,
    ) -> String {
        let name = name.into();
        self.node.push(NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![name.clone()],
            name: Some(name.clone()),
            op_type: Some(operator.to_owned()),
            attribute,
        });
        name
    }

    /// As [`Graph::apply`], of the part's name, on the value `x` and the part's tensors.
    ///
    /// # Errors
    /// As [`Graph::weight`].
    pub fn apply_weighted(
        &mut self,
        operator: &str,
        part: &Part,
        x: String,
        attribute: Vec<AttributeProto>,
    ) -> Result<String> {
        let mut inputs = vec![x];
        for tensor in &part.tensors {
            inputs.push(self.weight(tensor.name.clone())?);
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        Ok(self.apply(operator, &part.name, &inputs, attribute))
    }

    /// Adds the operation that makes one row of each picture's values in `x`; returns the name of its
    /// output, `name`.
    pub fn flatten(&mut self, name: &str, x: &str) -> String {
        self.apply("Flatten", name, &[x], vec![AttributeProto::int("axis", 1)])
    }

    /// Adds the network's f32 tensor `name` as a constant; returns its name.
    ///
    /// # Errors
    /// If there is no such tensor, or it has been added before.
    fn weight(&mut self, name: String) -> Result<String> {
        let tensor = self.weights.remove(&name);
        let tensor = tensor.with_context(|| format!("expected the tensor {name}, found none"))?;
        ensure!(
            tensor.f_kind()? == Kind::Float,
            "expected {name} in f32, found {:?}",
            tensor.f_kind()?
        );
        let mut raw_data = vec![0; tensor.numel() * size_of::<f32>()];
        let tensor = tensor.f_detach()?.f_contiguous()?;
        tensor.f_copy_data_u8(&mut raw_data, tensor.numel())?;
        self.add(&name, FLOAT, tensor.size(), raw_data);
        Ok(name)
    }

    /// Adds f32 values of the given shape as a constant; returns its name.
    pub fn floats(&mut self, name: &str, shape: &[i64], values: &[f64]) -> String {
        let bytes = values.iter().flat_map(|&value| (value as f32).to_le_bytes());
        self.add(name, FLOAT, shape.to_vec(), bytes.collect())
    }

    /// Adds a row of integers as a constant; returns its name.
    pub fn integers(&mut self, name: &str, values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        self.add(name, INT64, vec![values.len() as i64], bytes.collect())
    }

    fn add(&mut self, name: &str, data_type: i32, dims: Vec<i64>, bytes: Vec<u8>) -> String {
        self.initializer.push(TensorProto {
            dims,
            data_type: Some(data_type),
            name: Some(name.to_owned()),
            raw_data: Some(bytes),
        });
        name.to_owned()
    }

    /// The graph, without inputs and outputs.
    ///
    /// # Errors
    /// If one of the network's tensors is not in it.
    pub fn finish(self, name: &str) -> Result<GraphProto> {
        let mut left: Vec<&String> = self.weights.keys().collect();
        left.sort();
        ensure!(left.is_empty(), "expected every tensor in the graph, found without {left:?}");
        let Self { node, initializer, .. } = self;
        Ok(GraphProto { node, name: Some(name.to_owned()), initializer, ..GraphProto::default() })
    }
}
