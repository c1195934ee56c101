//! Processor features, and libtorch switches that `tch` does not bind.

use super::check;
use anyhow::{Context, Result};
use std::ffi::c_char;

unsafe extern "C" {
    fn petite_cpu_has_bf16() -> bool;
    fn petite_set_tf32(allowed: bool) -> *mut c_char;
    fn petite_set_deterministic_cudnn() -> *mut c_char;
}

/// Whether the processor has bfloat16 dot-product instructions (AVX-512 BF16; implied by AMX).
pub fn cpu_has_bf16() -> bool {
    // SAFETY: it has no arguments and only queries the processor.
    unsafe { petite_cpu_has_bf16() }
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
