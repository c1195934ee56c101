//! relu and 2×2 max pooling in one pass.

use super::check;
use anyhow::{Context, Result};
use std::ffi::c_char;
use tch::Tensor;
use torch_sys::C_tensor;

unsafe extern "C" {
    fn petite_max_pool2d_relu(input: *const C_tensor, output: *mut *mut C_tensor) -> *mut c_char;
}

/// `relu(max_pool2d(images, 2))`, differentiable: `[N, C, H, W]` to `[N, C, H/2, W/2]`, rounded
/// down. Values and gradients are libtorch's, bit for bit; channels-last bf16 and f32 on the CPU
/// take one pass over memory.
///
/// # Errors
/// If the shape is another, or libtorch is out of memory.
pub fn max_pool2d_relu(images: &Tensor) -> Result<Tensor> {
    let mut output = std::ptr::null_mut();
    // SAFETY: `images` is a live tensor; on success `output` is a new one, owned from here on.
    check(unsafe { petite_max_pool2d_relu(images.as_ptr(), &mut output) })
        .context("cannot pool")?;
    Ok(unsafe { Tensor::from_ptr(output) })
}
