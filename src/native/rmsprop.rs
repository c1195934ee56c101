//! RMSprop's update of all parameters in one pass over memory.

use super::{check, pointers};
use crate::keras::EpsilonPlace;
use anyhow::{Context, Result, ensure};
use std::ffi::c_char;
use tch::Tensor;
use torch_sys::C_tensor;

unsafe extern "C" {
    fn petite_rmsprop_step(
        masters: *const *const C_tensor,
        mean_squares: *const *const C_tensor,
        leaves: *const *const C_tensor,
        count: usize,
        learning_rate: f64,
        rho: f64,
        epsilon: f64,
        epsilon_inside_root: bool,
    ) -> *mut c_char;
    fn petite_forget_gradients(leaves: *const *const C_tensor, count: usize) -> *mut c_char;
}

/// The numbers of an update.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub learning_rate: f64,
    pub rho: f64,
    pub epsilon: f64,
    pub epsilon_place: EpsilonPlace,
}

/// Updates `masters` (f32) and `mean_squares` by the gradients of `leaves`, and the leaves that are
/// copies in bf16 with them. The three are named alike, place by place. A leaf without a gradient
/// stays.
///
/// # Errors
/// If their numbers or shapes differ.
pub fn step(
    masters: &[Tensor],
    mean_squares: &[Tensor],
    leaves: &[Tensor],
    settings: Settings,
) -> Result<()> {
    ensure!(
        masters.len() == mean_squares.len() && masters.len() == leaves.len(),
        "expected as many means and leaves as the {} parameters, found {} and {}",
        masters.len(),
        mean_squares.len(),
        leaves.len()
    );
    let Settings { learning_rate, rho, epsilon, epsilon_place } = settings;
    // SAFETY: each array has `count` pointers to tensors that live until the call returns.
    check(unsafe {
        petite_rmsprop_step(
            pointers(masters).as_ptr(),
            pointers(mean_squares).as_ptr(),
            pointers(leaves).as_ptr(),
            masters.len(),
            learning_rate,
            rho,
            epsilon,
            epsilon_place == EpsilonPlace::InsideRoot,
        )
    })
    .context("cannot update the weights")
}

/// Drops the gradients of `leaves`.
///
/// # Errors
/// If libtorch refuses.
pub fn forget_gradients(leaves: &[Tensor]) -> Result<()> {
    // SAFETY: as in `step`.
    check(unsafe { petite_forget_gradients(pointers(leaves).as_ptr(), leaves.len()) })
        .context("cannot drop gradients")
}
