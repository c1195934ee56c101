//! libtorch functions that `tch` does not bind, and kernels that libtorch lacks: small C++ files
//! with a C interface, compiled by `build.rs`. Each Rust file binds the C++ file of the same name.

pub mod backend;
pub mod conv_pool;
pub mod cuda;
pub mod rmsprop;
pub mod torchscript;

use anyhow::{Result, anyhow};
use std::ffi::{CStr, c_char};
use tch::Tensor;
use torch_sys::C_tensor;

/// Converts the result of a C++ function, null or an error message, and frees the message.
fn check(message: *mut c_char) -> Result<()> {
    if message.is_null() {
        return Ok(());
    }
    // SAFETY: the C++ functions return null or a NUL-terminated string owned by the caller.
    let text = unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned();
    // SAFETY: it was allocated with malloc, and nothing else points to it.
    unsafe { libc::free(message.cast()) };
    // libtorch appends a backtrace after the first line.
    Err(anyhow!("{}", text.lines().next().unwrap_or_default().to_owned()))
}

/// Pointers to the C++ tensors of `tensors`, valid while these live.
fn pointers<'a>(tensors: impl IntoIterator<Item = &'a Tensor>) -> Vec<*const C_tensor> {
    tensors.into_iter().map(Tensor::as_ptr).collect()
}
