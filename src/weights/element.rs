//! Element types in libtorch, safetensors and NumPy, and the bytes of tensors.

use ::safetensors::Dtype;
use anyhow::{Context, Result};
use tch::{Kind, Tensor};

/// The element types common to libtorch and safetensors, with NumPy's name; NumPy has no bfloat16.
pub(super) const ELEMENTS: [(Kind, Dtype, Option<&str>); 10] = [
    (Kind::Bool, Dtype::BOOL, Some("|b1")),
    (Kind::Uint8, Dtype::U8, Some("|u1")),
    (Kind::Int8, Dtype::I8, Some("|i1")),
    (Kind::Int16, Dtype::I16, Some("<i2")),
    (Kind::Int, Dtype::I32, Some("<i4")),
    (Kind::Int64, Dtype::I64, Some("<i8")),
    (Kind::Half, Dtype::F16, Some("<f2")),
    (Kind::BFloat16, Dtype::BF16, None),
    (Kind::Float, Dtype::F32, Some("<f4")),
    (Kind::Double, Dtype::F64, Some("<f8")),
];

/// The row of [`ELEMENTS`] for the type of `tensor`.
pub(super) fn element(tensor: &Tensor) -> Result<(Kind, Dtype, Option<&'static str>)> {
    let kind = tensor.f_kind()?;
    ELEMENTS.iter().find(|(known, ..)| *known == kind).copied().with_context(|| {
        format!(
            "expected a tensor of real numbers or booleans, found {kind:?}; try casting it to Float"
        )
    })
}

/// The bytes of the elements of `tensor` in row-major order, for any strides and device.
pub(super) fn bytes_of(tensor: &Tensor) -> Result<Vec<u8>> {
    let mut bytes = vec![0; tensor.numel() * tensor.f_kind()?.elt_size_in_bytes()];
    tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
    Ok(bytes)
}
