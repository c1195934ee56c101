//! A layer in its place in a network: with its whole name, its shapes and its tensors.

use super::chain::Chain;
use super::init::Init;
use super::layer::Layer;
use super::onnx::Graph;
use anyhow::Result;
use std::ops::Range;

/// A tensor of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorShape {
    /// The name it is stored under: `conv2d_1.weight`, `conv1_bn.running_mean`.
    pub name: String,
    /// PyTorch's order of axes: kernels `[O, I / groups, H, W]`, dense weights `[out, in]`.
    pub shape: Vec<i64>,
    /// Its values before training.
    pub init: Init,
    /// Whether it is a parameter; else it is a buffer without gradient, batch normalization's
    /// running mean or variance.
    pub is_parameter: bool,
}

impl TensorShape {
    /// A parameter, with the name it has within its layer.
    pub(super) fn new(name: &str, shape: &[i64], init: Init) -> Self {
        Self { name: name.to_owned(), shape: shape.to_vec(), init, is_parameter: true }
    }

    /// Number of values.
    pub fn count(&self) -> i64 {
        self.shape.iter().product()
    }
}

/// A layer in its place. Shapes are `[H, W, C]` or `[units]`, without the batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Its whole name.
    pub name: String,
    /// The layer.
    pub layer: Layer,
    /// The shape of its input.
    pub input_shape: Vec<i64>,
    /// The shape of its output.
    pub output_shape: Vec<i64>,
    /// Its own tensors, in the order in which they are trained and stored.
    pub tensors: Vec<TensorShape>,
    /// The index of the first of them among the network's.
    first: usize,
    /// The parts of its chains, if it has branches.
    pub branches: Vec<Vec<Part>>,
}

impl Part {
    /// The parts of a chain in `parent`. `first` is the number of the tensors before it, and then of
    /// those through it. `None` if the input is too small or lacks axes.
    pub(super) fn all_of(
        chain: &Chain,
        parent: &str,
        input: &[i64],
        first: &mut usize,
    ) -> Option<Vec<Self>> {
        let mut parts: Vec<Self> = Vec::with_capacity(chain.layers().len());
        for (name, layer) in chain.layers() {
            let continues = name.is_empty() || name.starts_with(['.', '_']);
            let name = if continues { format!("{parent}{name}") } else { name.clone() };
            let input_shape = parts.last().map_or(input, |part| &part.output_shape).to_vec();
            let output_shape = layer.primitive().output_shape(&input_shape)?;
            if output_shape.iter().any(|&size| size < 1) {
                return None;
            }
            let branches = layer.branches().iter();
            let branches = branches.map(|chain| Self::all_of(chain, &name, &input_shape, first));
            let branches = branches.collect::<Option<Vec<_>>>()?;
            let mut tensors = layer.primitive().tensors(&input_shape);
            tensors.iter_mut().for_each(|tensor| tensor.name = format!("{name}.{}", tensor.name));
            let layer = layer.clone();
            let part =
                Self { name, layer, input_shape, output_shape, tensors, first: *first, branches };
            *first += part.tensors.len();
            parts.push(part);
        }
        Some(parts)
    }

    /// The indices of its tensors among the network's.
    pub(super) fn indices(&self) -> Range<usize> {
        self.first..self.first + self.tensors.len()
    }

    /// Whether its output is a new tensor that no gradient needs, so that the next may overwrite it.
    pub(super) fn gives_new(&self) -> bool {
        !self.tensors.is_empty() || !self.branches.is_empty()
    }
}

/// The parts and those in their branches, which come before what joins them.
pub(super) fn flat(parts: &[Part]) -> Vec<&Part> {
    let mut all = Vec::with_capacity(parts.len());
    for part in parts {
        part.branches.iter().for_each(|branch| all.extend(flat(branch)));
        all.push(part);
    }
    all
}

/// Adds a chain's parts on the value `x` to an ONNX graph; returns the name of their output.
///
/// # Errors
/// If a tensor is missing.
pub(crate) fn export(parts: &[Part], graph: &mut Graph, x: String) -> Result<String> {
    parts.iter().try_fold(x, |x, part| part.layer.primitive().export(graph, part, x))
}
