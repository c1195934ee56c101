//! A part of a layer with weights, and the tensors that gradients are computed for.

use anyhow::Result;
use std::fmt::Debug;
use tch::{Kind, Tensor};

/// A part of a layer with weights: a convolution or a dense layer.
pub(super) trait Weighted: Debug {
    /// Its tensors, in the order of [`ShapedLayer::tensors`](super::shapes::ShapedLayer::tensors).
    fn tensors(&self) -> Vec<Tensor>;

    /// The tensors that gradients of its parameters are computed for: the parameters themselves, or
    /// their copies in another precision.
    fn leaves(&self) -> Vec<Tensor>;

    /// The kernel or weight that it computes with, and the bias, if any.
    fn computed(&self) -> (Tensor, Option<Tensor>);

    /// Computes in `kind` with the present weights, without gradients.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    fn freeze(&mut self, kind: Kind) -> Result<()>;

    /// Computes in `kind` with the present weights, with gradients. If it is trained in `kind`
    /// already, the tensors of [`Weighted::leaves`] stay the same and only their values are
    /// updated.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    fn train(&mut self, kind: Kind) -> Result<()>;
}

/// `x` in the type `kind`: `x` itself if it is. A conversion would tie a trace to its device.
///
/// # Errors
/// If libtorch is out of memory.
pub(super) fn in_kind(x: &Tensor, kind: Kind) -> Result<Tensor> {
    Ok(if x.f_kind()? == kind { x.shallow_clone() } else { x.f_to_kind(kind)? })
}

/// The tensor that gradients of `parameter` are computed for: `parameter` itself if it is of type
/// `kind`, else its copy in `kind`: `known` with updated values, or a new one.
///
/// # Errors
/// If libtorch is out of memory.
pub(super) fn leaf(parameter: &Tensor, known: Option<&Tensor>, kind: Kind) -> Result<Tensor> {
    if parameter.f_kind()? == kind {
        return Ok(parameter.shallow_clone());
    }
    match known {
        Some(known) if known.f_kind()? == kind => {
            tch::no_grad(|| known.shallow_clone().f_copy_(parameter))?;
            Ok(known.shallow_clone())
        }
        _ => Ok(parameter.f_detach()?.f_to_kind(kind)?.f_set_requires_grad(true)?),
    }
}
