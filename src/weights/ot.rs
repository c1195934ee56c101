//! libtorch's own format, `.ot`: a TorchScript module whose attributes are the tensors. libtorch
//! writes it, but reads without verifying the checksums in the archive; [`torch_archive`] reads.

use super::Named;
use super::element::{Contiguous, element};
use super::torch_archive::{self, Root};
use crate::atomic_file;
use crate::error::{Fault, ensure_or};
use anyhow::{Context, Result, ensure};
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;
use tch::Tensor;

/// Writes tensors in libtorch's own format, `.ot`. Equal tensors give equal bytes.
///
/// # Errors
/// If the format does not support a name or type, or the file cannot be written; an existing file
/// is unchanged then.
pub fn save_ot(path: &Path, tensors: &[(String, Tensor)]) -> Result<()> {
    let mut plain = Named::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        // tch writes dots as bars and reads bars as dots.
        ensure!(
            !name.is_empty() && !name.contains(['|', '\0']),
            "expected names without bars for {}, found {name:?}; try .safetensors",
            path.display()
        );
        element(tensor).with_context(|| format!("{name} for {}", path.display()))?;
        plain.push((name.clone(), Contiguous::of(tensor)?.into_tensor()));
    }
    // Given a path, libtorch would end the process when the disk is full, and write the name of the
    // temporary file into the archive.
    let mut bytes = Vec::new();
    Tensor::save_multi_to_stream(&plain, &mut bytes)
        .with_context(|| format!("cannot write {}", path.display()))?;
    atomic_file::write_bytes(path, &bytes)
}

/// Reads a file that [`save_ot`] or `tch::nn::VarStore::save` wrote. Every checksum in it is
/// verified, and nothing in it is executed.
///
/// # Errors
/// If the file is missing, damaged or of another format.
pub fn load_ot(path: &Path) -> Result<Named> {
    ensure_or!(Weights, path.is_file(), "expected weights at {}, found no file", path.display());
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    read(BufReader::new(file), path)
}

/// Reads an archive; `source` names it in errors.
pub(super) fn read(reader: impl Read + Seek, source: &Path) -> Result<Named> {
    let damaged = || {
        Fault::weights(format!(
            "expected libtorch weights in {}, found another or a damaged file; try another copy",
            source.display()
        ))
    };
    let mut tensors = torch_archive::read(reader, Root::Module).with_context(damaged)?;
    let mut names = HashSet::new();
    for (name, _) in &mut tensors {
        *name = name.replace('|', ".");
        let is_new = names.insert(name.clone());
        ensure_or!(
            Weights,
            is_new,
            "expected every name once in {}, found {name:?} twice; try another copy",
            source.display()
        );
    }
    Ok(tensors)
}
