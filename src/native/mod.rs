//! What libtorch offers and `tch` does not bind, and kernels that libtorch lacks: small C++ files
//! with a C interface, compiled by `build.rs`, those with one beside a Rust side of the same name.

pub mod backend;
pub mod conv_pool;
pub mod cuda;
pub mod rmsprop;

use anyhow::{Result, anyhow};
use std::ffi::{CStr, c_char};
use tch::Tensor;
use torch_sys::C_tensor;

/// The result of a C++ function that returns nothing, or a message made with `malloc`.
fn check(message: *mut c_char) -> Result<()> {
    if message.is_null() {
        return Ok(());
    }
    // SAFETY: the functions of src/native return a string of their own, ended by 0.
    let text = unsafe { CStr::from_ptr(message) }.to_string_lossy().into_owned();
    // SAFETY: it was made with malloc, and nothing else points to it.
    unsafe { libc::free(message.cast()) };
    // libtorch appends its stack.
    Err(anyhow!("{}", text.lines().next().unwrap_or_default().to_owned()))
}

/// The C++ tensors behind `tensors`, which must outlive their use.
fn pointers<'a>(tensors: impl IntoIterator<Item = &'a Tensor>) -> Vec<*const C_tensor> {
    tensors.into_iter().map(Tensor::as_ptr).collect()
}
