//! Weights to files and back, every name and shape checked before anything is copied.

mod assign;
mod element;
mod npz;
mod ot;
pub mod pth;
mod safetensors;

use crate::error::{ensure_or, fault};
use anyhow::Result;
pub use assign::assign;
pub use ot::{load_ot, save_ot};
pub use safetensors::{load_safetensors, save_safetensors};
use std::collections::HashMap;
use std::path::Path;
use tch::Tensor;

/// Tensors by name.
pub type Named = Vec<(String, Tensor)>;

/// Text beside the tensors; only safetensors has a place for it.
pub type Metadata = HashMap<String, String>;

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
            _ => fault!(
                Weights,
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
        Some("h5" | "hdf5" | "keras") => fault!(
            Weights,
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
    ensure_or!(
        Weights,
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
    ensure_or!(
        Weights,
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
