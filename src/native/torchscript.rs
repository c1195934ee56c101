//! Networks as TorchScript; see `torchscript.cpp`. tch's own `CModule::create_by_tracing` makes
//! constants of the weights, and `CModule::save` writes to paths only.

use super::{check, pointers};
use anyhow::{Context, Error, Result};
use std::ffi::{CString, c_char, c_void};
use std::mem::ManuallyDrop;
use std::ptr::null_mut;
use tch::Tensor;
use torch_sys::C_tensor;

unsafe extern "C" {
    fn petite_torchscript(
        names: *const *const c_char,
        tensors: *const *const C_tensor,
        count: usize,
        example: *const C_tensor,
        forward: unsafe extern "C" fn(*mut c_void, *const C_tensor) -> *mut C_tensor,
        network: *mut c_void,
        file: *const c_char,
        text: *const c_char,
        take: unsafe extern "C" fn(*mut c_void, *const c_char, usize),
        bytes: *mut c_void,
    ) -> *mut c_char;
}

/// A file that is saved with a module.
#[derive(Debug, Clone, Copy)]
pub struct ExtraFile<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its contents.
    pub text: &'a str,
}

/// What is called while libtorch traces.
struct Traced<'a> {
    forward: &'a mut dyn FnMut(&Tensor) -> Result<Tensor>,
    failed: Option<Error>,
}

/// The bytes of a module with the method `forward`, of one tensor, traced with `example`. Of the
/// tensors that it uses, those in `parameters` become parameters, under names without dots; none of
/// them may have gradients.
///
/// # Errors
/// If `forward` fails, or libtorch does.
pub fn module(
    example: &Tensor,
    parameters: &[(String, Tensor)],
    extra: ExtraFile<'_>,
    forward: &mut dyn FnMut(&Tensor) -> Result<Tensor>,
) -> Result<Vec<u8>> {
    let names = parameters.iter().map(|(name, _)| CString::new(name.replace('.', "_")));
    let names = names.collect::<Result<Vec<CString>, _>>()?;
    let name_pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    let tensors = pointers(parameters.iter().map(|(_, tensor)| tensor));
    let (file, text) = (CString::new(extra.name)?, CString::new(extra.text)?);
    let mut traced = Traced { forward, failed: None };
    let mut bytes = Vec::new();
    // SAFETY: the arrays have `count` pointers, to texts that end with a null byte and to tensors;
    // these, `traced` and `bytes` outlive the call and are of the types that the functions expect.
    let outcome = check(unsafe {
        petite_torchscript(
            name_pointers.as_ptr(),
            tensors.as_ptr(),
            tensors.len(),
            example.as_ptr(),
            forward_traced,
            (&raw mut traced).cast(),
            file.as_ptr(),
            text.as_ptr(),
            take_bytes,
            (&raw mut bytes).cast(),
        )
    });
    match traced.failed {
        Some(error) => Err(error),
        None => outcome.map(|()| bytes).context("libtorch cannot trace and save the network"),
    }
}

/// Calls the `forward` of `network`, a [`Traced`]; null if it fails.
unsafe extern "C" fn forward_traced(
    network: *mut c_void,
    images: *const C_tensor,
) -> *mut C_tensor {
    // SAFETY: `module` passes a `Traced`, which nothing else uses during the call.
    let traced = unsafe { &mut *network.cast::<Traced<'_>>() };
    // SAFETY: `images` is a tensor; the clone shares its values, which the tracer knows it by.
    let images = unsafe { Tensor::clone_from_ptr(images.cast_mut()) };
    match (traced.forward)(&images) {
        // The caller deletes it.
        Ok(output) => ManuallyDrop::new(output).as_mut_ptr(),
        Err(error) => {
            traced.failed = Some(error);
            null_mut()
        }
    }
}

/// Appends `length` bytes at `data` to `bytes`, a `Vec<u8>`.
unsafe extern "C" fn take_bytes(bytes: *mut c_void, data: *const c_char, length: usize) {
    // SAFETY: `module` passes a `Vec<u8>`, which nothing else uses during the call.
    let bytes = unsafe { &mut *bytes.cast::<Vec<u8>>() };
    // SAFETY: the caller has `length` bytes at `data`.
    bytes.extend_from_slice(unsafe { std::slice::from_raw_parts(data.cast(), length) });
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::CModule;

    const EXTRA: ExtraFile<'_> = ExtraFile { name: "a.json", text: "{}" };

    #[test]
    fn a_trace_has_the_parameters_and_takes_other_batches() {
        let weight = Tensor::from_slice(&[2.0f32, 3.0]);
        let parameters = [("layer.weight".to_owned(), weight.shallow_clone())];
        let example = Tensor::from_slice(&[1.0f32, 1.0]).view([1, 2]);
        let mut scale = |x: &Tensor| Ok(x.f_mul(&weight)?);
        let bytes = module(&example, &parameters, EXTRA, &mut scale).unwrap();
        let loaded = CModule::load_data(&mut bytes.as_slice()).unwrap();
        let names: Vec<String> =
            loaded.named_parameters().unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["layer_weight"]);
        let batch = Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0]).view([3, 2]);
        let found = loaded.forward_ts(&[batch]).unwrap();
        let expected = Tensor::from_slice(&[2.0f32, 6.0, 6.0, 12.0, 10.0, 18.0]).view([3, 2]);
        assert_eq!(found, expected);
    }

    #[test]
    fn an_error_ends_the_trace() {
        let example = Tensor::from_slice(&[1.0f32]);
        let mut fail = |_: &Tensor| -> Result<Tensor> { anyhow::bail!("no network") };
        let error = module(&example, &[], EXTRA, &mut fail).unwrap_err().to_string();
        assert_eq!(error, "no network");
        // The next trace is not inside that one.
        let mut double = |x: &Tensor| Ok(x.f_mul_scalar(2.0)?);
        assert!(module(&example, &[], EXTRA, &mut double).is_ok());
    }
}
