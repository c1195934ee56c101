//! libtorch's own format, `.ot`: a TorchScript archive of named tensors.

use super::Named;
use super::element::element;
use crate::atomic_file;
use crate::error::{Fault, ensure_or};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use tch::{Device, Tensor};

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
    ensure_or!(Weights, path.is_file(), "expected weights at {}, found no file", path.display());
    let tensors = Tensor::load_multi_with_device(path, Device::Cpu).map_err(|error| {
        // libtorch's message goes on with a C++ stack trace.
        let reason = error.to_string();
        let reason = reason.lines().next().unwrap_or_default().to_owned();
        Fault::weights(format!(
            "expected libtorch weights in {}, found another or a damaged file ({reason})",
            path.display()
        ))
    })?;
    Ok(tensors)
}

/// Plain copies on the CPU: no gradients, rows contiguous.
fn on_cpu(tensors: &[(String, Tensor)]) -> Result<Named> {
    let copy = |(name, tensor): &(String, Tensor)| {
        Ok((name.clone(), tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?))
    };
    tensors.iter().map(copy).collect()
}
