//! Element types in libtorch, safetensors and NumPy, and the bytes of tensors.

use crate::machine::memory::free_memory;
use ::safetensors::Dtype;
use anyhow::{Context, Result, ensure};
use std::io::Read;
use tch::{Device, Kind, Tensor};

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

/// Maximum number of dimensions, as in libtorch's kernels.
pub(super) const MAX_DIMENSIONS: usize = 16;

/// Size in bytes from which to check for free memory before reading a tensor.
const LARGE: u64 = 64 << 20;

/// The row of [`ELEMENTS`] for the type of `tensor`.
pub(super) fn element(tensor: &Tensor) -> Result<(Kind, Dtype, Option<&'static str>)> {
    let kind = tensor.f_kind()?;
    ensure!(
        tensor.dim() <= MAX_DIMENSIONS,
        "expected a tensor of at most {MAX_DIMENSIONS} dimensions, found {}",
        tensor.dim()
    );
    ELEMENTS.iter().find(|(known, ..)| *known == kind).copied().with_context(|| {
        format!(
            "expected a tensor of real numbers or booleans, found {kind:?}; try casting it to Float"
        )
    })
}

/// Size of a contiguous tensor in bytes.
///
/// # Errors
/// If a size is negative, there are too many, or their product overflows.
pub(super) fn bytes_in(shape: &[i64], kind: Kind) -> Result<usize> {
    // libtorch computes strides as if sizes of 0 were 1, which must not overflow either.
    let product = |least: i64| {
        let width = kind.elt_size_in_bytes() as i64;
        shape.iter().try_fold(width, |product, &size| product.checked_mul(size.max(least)))
    };
    ensure!(
        shape.len() <= MAX_DIMENSIONS && shape.iter().all(|&size| size >= 0),
        "expected sizes of at most {MAX_DIMENSIONS} dimensions, found {} dimensions or a negative size",
        shape.len()
    );
    product(1)
        .and(product(0))
        .and_then(|bytes| usize::try_from(bytes).ok())
        .with_context(|| format!("expected a shape that fits in memory, found {shape:?}"))
}

/// A contiguous tensor on the CPU whose bytes can be read and written.
pub(super) struct Contiguous(Tensor);

impl Contiguous {
    /// `tensor` itself if it is contiguous and on the CPU, otherwise a copy, in row-major order.
    pub fn of(tensor: &Tensor) -> Result<Self> {
        Ok(Self(tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?))
    }

    /// A tensor with the next bytes of `reader`. The caller has checked that there can be as many.
    ///
    /// # Errors
    /// If the shape is invalid, memory or `reader` is exhausted, or a boolean is neither 0 nor 1.
    pub fn read(reader: &mut impl Read, shape: &[i64], kind: Kind) -> Result<Self> {
        let size = bytes_in(shape, kind)? as u64;
        // Otherwise a sparse file without contents could exhaust memory.
        if size >= LARGE
            && let Some(free) = free_memory()
        {
            ensure!(size <= free, "expected {size} bytes of free memory, found {free}");
        }
        let mut tensor = Self(Tensor::f_zeros(shape, (kind, Device::Cpu))?);
        let bytes = tensor.bytes_mut();
        reader.read_exact(bytes)?;
        // Any other byte is undefined behavior in libtorch.
        ensure!(
            kind != Kind::Bool || bytes.iter().all(|&byte| byte <= 1),
            "expected booleans of 0 and 1, found others"
        );
        Ok(tensor)
    }

    /// The elements in row-major order, little-endian.
    pub fn bytes(&self) -> &[u8] {
        match self.length() {
            0 => &[],
            // SAFETY: the tensor is contiguous, on the CPU and of this length, and outlives the
            // slice. Tensors are not shared between threads, so nobody writes to it meanwhile.
            length => unsafe { std::slice::from_raw_parts(self.0.data_ptr().cast(), length) },
        }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        match self.length() {
            0 => &mut [],
            // SAFETY: as above; the tensor was created here, and this is its only reference.
            length => unsafe { std::slice::from_raw_parts_mut(self.0.data_ptr().cast(), length) },
        }
    }

    pub fn shape(&self) -> Vec<usize> {
        self.0.size().into_iter().map(|size| size as usize).collect()
    }

    fn length(&self) -> usize {
        self.0.numel() * self.0.kind().elt_size_in_bytes()
    }

    pub fn into_tensor(self) -> Tensor {
        self.0
    }
}
