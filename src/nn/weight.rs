//! A tensor of a network, and what is computed with in its place.

use super::part::TensorShape;
use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// A tensor of a network.
#[derive(Debug)]
pub(super) struct Weight {
    /// Its name and what else is known of it.
    pub shape: TensorShape,
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
        let stored = shape.init.tensor(&shape.shape, device, seed, index)?;
        let used = stored.shallow_clone();
        Ok(Self { shape, stored, used, is_frozen: false, is_folded: false })
    }

    /// Whether gradients are computed for it.
    pub fn is_trained(&self) -> bool {
        self.shape.is_parameter && !self.is_frozen
    }

    /// Updates what is computed with, in the type `kind`. Of a parameter that is and was trained in
    /// `kind`, it stays the same tensor, with new values.
    ///
    /// # Errors
    /// If libtorch is out of memory.
    pub fn settle(&mut self, is_frozen: bool, kind: Kind) -> Result<()> {
        let was_trained = !self.is_frozen;
        (self.is_frozen, self.is_folded) = (is_frozen, false);
        if !self.shape.is_parameter {
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
