//! safetensors: a JSON header and raw little-endian elements, with text beside the tensors.

use super::element::{ELEMENTS, bytes_of, element};
use super::{Metadata, Named};
use crate::atomic_file;
use crate::error::Fault;
use ::safetensors::{SafeTensors, serialize, tensor::TensorView};
use anyhow::{Context, Result};
use std::path::Path;
use tch::Tensor;

/// Writes tensors as safetensors, with `metadata` in the header.
///
/// # Errors
/// If the format has no such type, or the file cannot be written; what was there before stays.
pub fn save_safetensors(
    path: &Path,
    tensors: &[(String, Tensor)],
    metadata: Metadata,
) -> Result<()> {
    let mut parts = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let (_, dtype, _) =
            element(tensor).with_context(|| format!("{name} for {}", path.display()))?;
        let shape: Vec<usize> = tensor.size().into_iter().map(|size| size as usize).collect();
        parts.push((name.as_str(), dtype, shape, bytes_of(tensor)?));
    }
    let views = parts.iter().map(|(name, dtype, shape, bytes)| {
        Ok((*name, TensorView::new(*dtype, shape.clone(), bytes)?))
    });
    let views = views.collect::<Result<Vec<_>>>()?;
    // `serialize_to_file` would leave a file that nobody but its owner may read.
    let bytes = serialize(views, Some(metadata))?;
    atomic_file::write_bytes(path, &bytes)
}

/// Reads the tensors, in the order of their bytes, and the metadata of a safetensors file.
///
/// # Errors
/// If the file is missing, damaged, or holds a type that libtorch does not have.
pub fn load_safetensors(path: &Path) -> Result<(Named, Metadata)> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let damaged = || {
        Fault::weights(format!(
            "expected a whole safetensors file at {}, found another or a damaged one; try another copy",
            path.display()
        ))
    };
    let (_, header) = SafeTensors::read_metadata(&bytes).with_context(damaged)?;
    let file = SafeTensors::deserialize(&bytes).with_context(damaged)?;
    let mut tensors = Named::new();
    for name in header.offset_keys() {
        let view = file.tensor(&name).with_context(damaged)?;
        let known = ELEMENTS.iter().find(|(_, dtype, _)| *dtype == view.dtype());
        let (kind, _, _) = known.with_context(|| {
            format!(
                "expected {name} in {} in a type that libtorch has, found {:?}; try casting it to F32",
                path.display(),
                view.dtype()
            )
        })?;
        let shape: Vec<i64> = view.shape().iter().map(|&size| size as i64).collect();
        let tensor = Tensor::f_from_data_size(view.data(), &shape, *kind)?;
        tensors.push((name, tensor));
    }
    Ok((tensors, header.metadata().clone().unwrap_or_default()))
}
