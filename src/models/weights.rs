//! Weights to files and back, every name and shape checked before anything is copied.

use super::{npz, pth};
use crate::atomic_file;
use anyhow::{Context, Result, bail, ensure};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::collections::HashMap;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Tensors by name.
pub type Named = Vec<(String, Tensor)>;

/// Text beside the tensors; only safetensors has a place for it.
pub type Metadata = HashMap<String, String>;

/// The element types that libtorch and safetensors share, with NumPy's name for each; NumPy has no
/// bfloat16.
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

/// How tensors are written, told by the file's extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// libtorch's own.
    Ot,
    Safetensors,
    /// NumPy's archive.
    Npz,
}

impl Format {
    /// # Errors
    /// If the extension is of no format known here.
    pub fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("ot") => Ok(Self::Ot),
            Some("safetensors") => Ok(Self::Safetensors),
            Some("npz") => Ok(Self::Npz),
            _ => bail!(
                "expected a file name in .ot, .safetensors or .npz, found {}; try one of those endings",
                path.display()
            ),
        }
    }
}

/// What can be read: the formats that can be written too, and PyTorch's `.pth`, which is `None`.
///
/// # Errors
/// If the extension is of no format known here.
pub fn format_to_read(path: &Path) -> Result<Option<Format>> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("pth" | "pt") => Ok(None),
        Some("h5" | "hdf5" | "keras") => bail!(
            "expected a file name in .ot, .safetensors, .npz or .pth, found {}; try scripts/keras_weights.py, which makes .safetensors of it",
            path.display()
        ),
        _ => Format::of(path).map(Some),
    }
}

/// Reads the tensors of a file in the format of its extension, in the order of the file, on the
/// CPU.
///
/// # Errors
/// If the file is missing, damaged, of another format, or empty, or holds a type that is not in
/// all of libtorch and safetensors.
pub fn load(path: &Path) -> Result<(Named, Metadata)> {
    let format = format_to_read(path)?;
    ensure!(
        path.is_file(),
        "expected weights at {}, found {}; try the path of a file",
        path.display(),
        if path.is_dir() { "a folder" } else { "no file" }
    );
    let (tensors, metadata) = match format {
        Some(Format::Ot) => (load_ot(path)?, Metadata::new()),
        Some(Format::Safetensors) => load_safetensors(path)?,
        Some(Format::Npz) => (npz::load(path)?, Metadata::new()),
        None => (pth::load(path)?, Metadata::new()),
    };
    ensure!(
        !tensors.is_empty(),
        "expected tensors in {}, found none; try another file",
        path.display()
    );
    Ok((tensors, metadata))
}

/// Writes tensors in the format of the extension of `path`: bits, names and shapes as they are,
/// elements in row-major order; in the order given, but that safetensors sorts by name. `metadata`
/// is left out where the format has no place for it.
///
/// # Errors
/// If a name or type does not fit the format, or the file cannot be written; what was there before
/// stays.
pub fn save(path: &Path, tensors: &[(String, Tensor)], metadata: Metadata) -> Result<()> {
    match Format::of(path)? {
        Format::Ot => save_ot(path, tensors),
        Format::Safetensors => save_safetensors(path, tensors, metadata),
        Format::Npz => npz::save(path, tensors),
    }
}

/// Writes tensors in libtorch's own format, `.ot`.
///
/// # Errors
/// If a name does not fit the format, or the file cannot be written; what was there before stays.
pub fn save_ot(path: &Path, tensors: &[(String, Tensor)]) -> Result<()> {
    for (name, tensor) in tensors {
        // tch writes a dot as a bar, and reads every bar as a dot.
        ensure!(
            !name.is_empty() && !name.contains(['|', '\0']),
            "expected names without bars for {}, found {name:?}; try .safetensors",
            path.display()
        );
        element(tensor).with_context(|| format!("{name} for {}", path.display()))?;
    }
    let plain = on_cpu(tensors)?;
    atomic_file::write(path, |temporary| Ok(Tensor::save_multi(&plain, temporary)?))
}

/// Reads a file that [`save_ot`] or `tch::nn::VarStore::save` wrote.
///
/// # Errors
/// If the file is missing, or not such a file.
pub fn load_ot(path: &Path) -> Result<Named> {
    ensure!(path.is_file(), "expected weights at {}, found no file", path.display());
    let tensors = Tensor::load_multi_with_device(path, Device::Cpu).map_err(|error| {
        // libtorch's message goes on with a C++ stack trace.
        let reason = error.to_string();
        let reason = reason.lines().next().unwrap_or_default().to_owned();
        anyhow::anyhow!(
            "expected libtorch weights in {}, found another or a damaged file ({reason})",
            path.display()
        )
    })?;
    Ok(tensors)
}

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
    let bytes = safetensors::serialize(views, Some(metadata))?;
    atomic_file::write_bytes(path, &bytes)
}

/// Reads the tensors, in the order of their bytes, and the metadata of a safetensors file.
///
/// # Errors
/// If the file is missing, damaged, or holds a type that libtorch does not have.
pub fn load_safetensors(path: &Path) -> Result<(Named, Metadata)> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let damaged = || {
        format!(
            "expected a whole safetensors file at {}, found another or a damaged one; try another copy",
            path.display()
        )
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

/// Copies `source` into `destination`, matched by name. `from` names the source in errors.
///
/// # Errors
/// If a name is missing or left over, or a shape or type differs: all of it is checked before the
/// first value changes.
pub fn assign(
    destination: &[(String, Tensor)],
    source: &[(String, Tensor)],
    from: &Path,
) -> Result<()> {
    let by_name: HashMap<&str, &Tensor> =
        source.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let mut pairs = Vec::with_capacity(destination.len());
    let mut faults = Vec::new();
    for (name, to) in destination {
        match by_name.get(name.as_str()) {
            None => faults.push(format!("{name} is missing")),
            Some(tensor) if tensor.size() != to.size() || tensor.kind() != to.kind() => {
                faults.push(format!(
                    "{name} is {:?} {:?} instead of {:?} {:?}",
                    tensor.kind(),
                    tensor.size(),
                    to.kind(),
                    to.size()
                ));
            }
            Some(tensor) => pairs.push((to, *tensor)),
        }
    }
    for (name, _) in source {
        if !destination.iter().any(|(known, _)| known == name) {
            faults.push(format!("{name} is not part of the network"));
        }
    }
    if !faults.is_empty() {
        bail!(
            "expected the weights of this network in {}, found others: {}; try the run's own weights",
            from.display(),
            faults.join(", ")
        );
    }
    tch::no_grad(|| {
        for (to, tensor) in pairs {
            to.shallow_clone().f_copy_(tensor)?;
        }
        Ok(())
    })
}

/// The row of [`ELEMENTS`] for the type of `tensor`.
pub(super) fn element(tensor: &Tensor) -> Result<(Kind, Dtype, Option<&'static str>)> {
    let kind = tensor.f_kind()?;
    ELEMENTS.iter().find(|(known, ..)| *known == kind).copied().with_context(|| {
        format!("expected plain numbers, found {kind:?}; try casting them to Float")
    })
}

/// The elements of `tensor` in row-major order, whatever its strides and device.
pub(super) fn bytes_of(tensor: &Tensor) -> Result<Vec<u8>> {
    let mut bytes = vec![0; tensor.numel() * tensor.f_kind()?.elt_size_in_bytes()];
    tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
    Ok(bytes)
}

/// Plain copies on the CPU: no gradients, rows contiguous.
fn on_cpu(tensors: &[(String, Tensor)]) -> Result<Named> {
    let copy = |(name, tensor): &(String, Tensor)| {
        Ok((name.clone(), tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?))
    };
    tensors.iter().map(copy).collect()
}
