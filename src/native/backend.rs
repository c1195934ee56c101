//! What the processor and the device can do.

use super::check;
use anyhow::{Context, Result};
use std::ffi::c_char;

unsafe extern "C" {
    fn petite_cpu_has_bf16() -> bool;
    fn petite_set_tf32(allowed: bool) -> *mut c_char;
}

/// Whether the processor has instructions for bfloat16 matrices (AVX-512 BF16; AMX comes with it).
pub fn cpu_has_bf16() -> bool {
    // SAFETY: it takes nothing and asks the processor.
    unsafe { petite_cpu_has_bf16() }
}

/// Lets CUDA multiply f32 matrices in TF32, or not.
///
/// # Errors
/// If libtorch refuses.
pub fn set_tf32(allowed: bool) -> Result<()> {
    // SAFETY: it takes a value.
    check(unsafe { petite_set_tf32(allowed) }).context("cannot switch TF32")
}
