//! A tensor of a network, and what is computed with in its place.

use super::init::Init;
use super::part::TensorShape;
use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// A tensor of a network.
#[derive(Debug)]
pub(super) struct Weight {
    /// What it is stored under.
    pub name: String,
    /// Whether it is trained, unless frozen; else it is a running mean or variance.
    pub is_parameter: bool,
    /// Whether it began with random values.
    pub is_drawn: bool,
    /// f32: what is saved.
    pub stored: Tensor,
    /// What layers compute with: `stored` itself or its copy in another type, of which gradients are
    /// computed unless it is frozen; or, frozen, with a normalization folded in.
    pub used: Tensor,
    /// Whether it does not change.
    pub is_frozen: bool,
    /// Whether it is computed with in the kernel before it: a frozen batch normalization's.
    pub is_folded: bool,
}

impl Weight {
    /// A tensor with its initial values, drawn from `seed` and `index`; [`Weight::settle`] must follow.
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn new(shape: TensorShape, device: Device, seed: u64, index: usize) -> Result<Self> {
        let TensorShape { name, shape, init, is_parameter } = shape;
        let stored = init.tensor(&shape, device, seed, index)?;
        Ok(Self {
            name,
            is_parameter,
            is_drawn: matches!(init, Init::Glorot { .. }),
            used: stored.shallow_clone(),
            stored,
            is_frozen: false,
            is_folded: false,
        })
    }

    /// Updates what is computed with, in the type `kind`. Of a parameter that is and was trained in
    /// `kind`, it stays the same tensor, with new values.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn settle(&mut self, is_frozen: bool, kind: Kind) -> Result<()> {
        let was_trained = !self.is_frozen;
        (self.is_frozen, self.is_folded) = (is_frozen, false);
        if !self.is_parameter {
            return Ok(());
        }
        let _ = self.stored.f_set_requires_grad(!is_frozen)?;
        self.used = if is_frozen {
            self.stored.f_detach()?.f_to_kind(kind)?
        } else if self.stored.f_kind()? == kind {
            self.stored.shallow_clone()
        } else if was_trained && self.used.f_kind()? == kind {
            return Ok(tch::no_grad(|| self.used.f_copy_(&self.stored))?);
        } else {
            self.stored.f_detach()?.f_to_kind(kind)?.f_set_requires_grad(true)?
        };
        Ok(())
    }
}

/// `x` in the type `kind`: `x` itself if it is. A conversion would tie a trace to its device.
///
/// # Errors
/// If libtorch is out of memory.
pub(super) fn in_kind(x: &Tensor, kind: Kind) -> Result<Tensor> {
    Ok(if x.f_kind()? == kind { x.shallow_clone() } else { x.f_to_kind(kind)? })
}
