//! Layers on a batch.

use super::layer::{Conv2d, Layer, Statistics};
use super::part::Part;
use super::weight::Weight;
use anyhow::{Context, Result};
use std::slice;
use tch::Tensor;

/// How a batch passes through layers.
#[derive(Debug)]
pub enum Pass<'a> {
    /// In training.
    Train {
        /// The mean and variance of trained batch normalizations.
        statistics: Statistics,
        /// The masks of the dropouts still to come.
        masks: slice::Iter<'a, Tensor>,
    },
    /// In prediction. Where layers are trained, it can be differentiated too.
    Infer,
    /// As [`Pass::Infer`], with libtorch's own operations only, which a trace records.
    Trace,
    /// As [`Pass::Infer`], and differentiable by the input through frozen layers too.
    Explain,
}

impl<'a> Pass<'a> {
    /// In training, with these statistics and one mask per dropout.
    pub fn train(statistics: Statistics, masks: &'a [Tensor]) -> Self {
        Self::Train { statistics, masks: masks.iter() }
    }

    /// The mean and variance of trained batch normalizations.
    pub(super) fn statistics(&self) -> Statistics {
        match self {
            Self::Train { statistics, .. } => *statistics,
            _ => Statistics::Stored,
        }
    }
}

/// A part, those after it in its chain, and the weights of their network.
pub(crate) struct At<'a> {
    pub(super) part: &'a Part,
    /// What runs next. A part that computes others too takes them from here.
    pub(super) rest: &'a [&'a Part],
    pub(super) weights: &'a [Weight],
    /// Whether the input is a new tensor that no gradient needs, which may be overwritten.
    pub(super) is_new: bool,
}

impl<'a> At<'a> {
    /// A part's weights.
    pub(super) fn of(&self, part: &Part) -> &'a [Weight] {
        &self.weights[part.indices()]
    }

    /// The part's own weights.
    pub(super) fn own(&self) -> &'a [Weight] {
        self.of(self.part)
    }

    /// What the part computes with in place of its tensor of this index.
    ///
    /// # Errors
    /// If it has no such tensor.
    pub(super) fn used(&self, index: usize) -> Result<&'a Tensor> {
        let weight = self.own().get(index);
        Ok(&weight.with_context(|| format!("expected more tensors of {}", self.part.name))?.used)
    }
}

/// The output of `parts` for `x`. `weights` are the network's.
///
/// # Errors
/// If `x` does not fit the first part, or libtorch is out of memory.
pub(super) fn run<'a>(
    parts: impl IntoIterator<Item = &'a Part>,
    weights: &[Weight],
    mut x: Tensor,
    pass: &mut Pass<'_>,
) -> Result<Tensor> {
    let parts: Vec<&Part> = parts.into_iter().collect();
    let (mut next, mut is_new) = (&parts[..], false);
    while let [part, rest @ ..] = next {
        let mut at = At { part, rest, weights, is_new };
        x = part.layer.primitive().forward(&mut at, x, pass)?;
        (next, is_new) = (at.rest, part.gives_new());
    }
    Ok(x)
}

/// Folds frozen batch normalizations into the kernels of convolutions without bias just before them.
///
/// # Errors
/// If libtorch is out of memory.
pub(super) fn fold(parts: &[Part], weights: &mut [Weight]) -> Result<()> {
    for branch in parts.iter().flat_map(|part| &part.branches) {
        fold(branch, weights)?;
    }
    for pair in parts.windows(2) {
        if let [conv, norm] = pair
            && let (Layer::Conv2d(Conv2d { has_bias: false, .. }), Layer::BatchNorm(config)) =
                (&conv.layer, &norm.layer)
            && let [kernel, own @ ..] = &mut weights[conv.indices().start..norm.indices().end]
        {
            config.fold(kernel, own)?;
        }
    }
    Ok(())
}
