//! Processor features, and what of libtorch `tch` does not bind.

use super::{check, pointers};
use anyhow::{Context, Result};
use std::ffi::{c_char, c_int};
use tch::Tensor;
use torch_sys::C_tensor;

unsafe extern "C" {
    fn petite_cpu_has_bf16() -> bool;
    fn petite_openmp_cores(cores: *mut c_int, room: c_int) -> c_int;
    fn petite_set_tf32(allowed: bool) -> *mut c_char;
    fn petite_set_deterministic_cudnn() -> *mut c_char;
    fn petite_pinned(tensor: *const C_tensor, pinned: *mut *mut C_tensor) -> *mut c_char;
    fn petite_forget_gradients(leaves: *const *const C_tensor, count: usize) -> *mut c_char;
}

/// Whether the processor has bfloat16 dot-product instructions (AVX-512 BF16; implied by AMX).
pub fn cpu_has_bf16() -> bool {
    // SAFETY: it has no arguments and only queries the processor.
    unsafe { petite_cpu_has_bf16() }
}

/// Most cores that a thread can be bound to.
const MOST_CORES: usize = 1024;

/// The cores that OpenMP binds its threads to; none if it binds none.
pub fn openmp_cores() -> Vec<usize> {
    let mut cores = [0; MOST_CORES];
    // SAFETY: it writes at most as many numbers as there is room for.
    let count = unsafe { petite_openmp_cores(cores.as_mut_ptr(), MOST_CORES as c_int) };
    let cores = cores.into_iter().take(usize::try_from(count).unwrap_or(0));
    cores.filter_map(|core| usize::try_from(core).ok()).collect()
}

/// Sets whether CUDA uses TF32 for f32 matrix products and convolutions, for the whole process.
///
/// # Errors
/// If libtorch fails.
pub fn set_tf32(allowed: bool) -> Result<()> {
    // SAFETY: its only argument is passed by value.
    check(unsafe { petite_set_tf32(allowed) }).context("cannot set TF32")
}

/// Makes cuDNN compute the same values in every run, for the whole process: only with algorithms that
/// add in a fixed order, and chosen by its rules and not by timing them, which also takes seconds.
///
/// # Errors
/// If libtorch fails.
pub fn set_deterministic_cudnn() -> Result<()> {
    // SAFETY: it has no arguments.
    check(unsafe { petite_set_deterministic_cudnn() }).context("cannot set up cuDNN")
}

/// A copy of a CPU tensor in page-locked memory, from which CUDA copies without waiting. tch's function
/// names a device, about which libtorch prints warnings.
///
/// # Errors
/// If there is no GPU, or no memory.
pub fn pinned(tensor: &Tensor) -> Result<Tensor> {
    let mut pinned = std::ptr::null_mut();
    // SAFETY: `tensor` is alive; on success `pinned` is a new tensor that we own.
    check(unsafe { petite_pinned(tensor.as_ptr(), &mut pinned) })
        .context("cannot copy to page-locked memory")?;
    // SAFETY: `pinned` is the new tensor, and nothing else points to it.
    Ok(unsafe { Tensor::from_ptr(pinned) })
}

/// Resets the gradients of `leaves` to undefined, so that the next backward pass stores its own
/// instead of adding them to zeros.
///
/// # Errors
/// If libtorch fails.
pub fn forget_gradients(leaves: &[Tensor]) -> Result<()> {
    // SAFETY: the array has `count` pointers to tensors that outlive the call.
    check(unsafe { petite_forget_gradients(pointers(leaves).as_ptr(), leaves.len()) })
        .context("cannot drop gradients")
}
