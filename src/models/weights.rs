//! Weights to files and back, every name and shape checked before anything is copied.

use crate::atomic_file;
use anyhow::{Context, Result, bail, ensure};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::collections::HashMap;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Tensors by name.
pub type Named = Vec<(String, Tensor)>;

/// Writes tensors in libtorch's own format, `.ot`.
///
/// # Errors
/// If the file cannot be written; what was there before stays.
pub fn save_ot(path: &Path, tensors: &[(String, Tensor)]) -> Result<()> {
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

/// Writes f32 tensors as safetensors, with `metadata` in the header.
///
/// # Errors
/// If the file cannot be written; what was there before stays.
pub fn save_safetensors(
    path: &Path,
    tensors: &[(String, Tensor)],
    metadata: HashMap<String, String>,
) -> Result<()> {
    let plain = on_cpu(tensors)?;
    let mut bytes = Vec::with_capacity(plain.len());
    for (_, tensor) in &plain {
        let mut copy = vec![0u8; tensor.numel() * Kind::Float.elt_size_in_bytes()];
        tensor.f_copy_data_u8(&mut copy, tensor.numel())?;
        bytes.push(copy);
    }
    let views = plain.iter().zip(&bytes).map(|((name, tensor), bytes)| {
        let shape = tensor.size().into_iter().map(|size| size as usize).collect();
        Ok((name.as_str(), TensorView::new(Dtype::F32, shape, bytes)?))
    });
    let views = views.collect::<Result<Vec<_>>>()?;
    atomic_file::write(path, |temporary| {
        Ok(safetensors::serialize_to_file(views, Some(metadata), temporary)?)
    })
}

/// Reads the f32 tensors and the metadata of a safetensors file.
///
/// # Errors
/// If the file is missing, damaged, or holds another type.
pub fn load_safetensors(path: &Path) -> Result<(Named, HashMap<String, String>)> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let damaged = || format!("expected a whole safetensors file at {}", path.display());
    let (_, header) = SafeTensors::read_metadata(&bytes).with_context(damaged)?;
    let file = SafeTensors::deserialize(&bytes).with_context(damaged)?;
    let mut tensors = Named::new();
    for (name, view) in file.iter() {
        ensure!(
            view.dtype() == Dtype::F32,
            "expected {name} in {} as F32, found {:?}",
            path.display(),
            view.dtype()
        );
        let shape: Vec<i64> = view.shape().iter().map(|&size| size as i64).collect();
        let tensor = Tensor::f_from_data_size(view.data(), &shape, Kind::Float)?;
        tensors.push((name.to_owned(), tensor));
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

/// Plain copies on the CPU: no gradients, rows contiguous.
fn on_cpu(tensors: &[(String, Tensor)]) -> Result<Named> {
    let copy = |(name, tensor): &(String, Tensor)| {
        Ok((name.clone(), tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?))
    };
    tensors.iter().map(copy).collect()
}
