//! Weights: writing them to files, reading them, and copying them into networks.
//!
//! The extension of a path says the format: [`load`] and [`save`] take files of tensors by name, and
//! [`assign_file`] puts those of a file into a network.

mod adapt;
mod archive;
mod assign;
mod element;
mod npz;
mod ot;
pub mod pth;
mod safetensors;
mod torch_archive;

use crate::error::{ErrorKind, ensure_or, fault};
use crate::files::input_file;
pub use adapt::{Adapted, adapt};
use anyhow::Result;
pub(crate) use assign::{Expected, faults};
pub use assign::{assign, unusable};
pub use ot::save_ot;
pub use safetensors::{safetensors_metadata, save_safetensors, sum_of};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::Path;
use tch::Tensor;

/// Tensors by name.
pub type Named = Vec<(String, Tensor)>;

/// Text stored along with the tensors; only safetensors supports it. Of PyTorch's files it has
/// [`LEFT_OUT`].
pub type Metadata = HashMap<String, String>;

/// The key in the metadata for what a file has beside the dictionary of tensors that was read, such as
/// `epoch, optimizer`.
pub const LEFT_OUT: &str = "left_out";

/// File format of tensors, selected by the file's extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// libtorch's own format, `.ot`.
    Ot,
    /// `.safetensors`.
    Safetensors,
    /// NumPy's archive, `.npz`.
    Npz,
}

impl Format {
    /// The format for the extension of `path`.
    ///
    /// # Errors
    /// If the extension is unknown.
    pub fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("ot") => Ok(Self::Ot),
            Some("safetensors") => Ok(Self::Safetensors),
            Some("npz") => Ok(Self::Npz),
            _ => fault!(
                Weights,
                "expected a file name ending in .ot, .safetensors or .npz, found {}; try one of these extensions",
                path.display()
            ),
        }
    }
}

/// The format to read `path` in; `None` is PyTorch's `.pth`, which cannot be written.
///
/// # Errors
/// If the extension is unknown.
pub fn format_to_read(path: &Path) -> Result<Option<Format>> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension.map(str::to_ascii_lowercase).as_deref() {
        // The last is of `model_best.pth.tar`, which is no tar.
        Some("pth" | "pt" | "ckpt" | "bin" | "tar") => Ok(None),
        Some("h5" | "hdf5" | "keras") => fault!(
            Weights,
            "expected a file name ending in .ot, .safetensors, .npz or .pth, found {}; try scripts/keras_weights.py, which converts it to .safetensors",
            path.display()
        ),
        _ => Format::of(path).map(Some),
    }
}

/// Reads the tensors of a file in the format of its extension, in the order of the file, on the
/// CPU.
///
/// # Errors
/// If the file is missing, damaged or of another format, has no tensors, or has an element type
/// that libtorch or safetensors lacks.
pub fn load(path: &Path) -> Result<(Named, Metadata)> {
    let format = format_to_read(path)?;
    ensure_or!(
        Weights,
        path.is_file(),
        "expected weights at {}, found {}; try the path of a file",
        path.display(),
        if path.is_dir() { "a folder" } else { "no file" }
    );
    read(open(path)?, format, path)
}

/// Copies the weights in a file into `destination`, a network's tensors, matched by name after
/// [`adapt`]. What was done to them and what was left out is returned, for a person.
///
/// # Errors
/// As [`load`], [`adapt`] and [`assign`]; nothing is changed then.
pub fn assign_file(destination: &[(String, Tensor)], path: &Path) -> Result<Vec<String>> {
    let (tensors, mut metadata) = load(path)?;
    let known = destination.iter().map(|(name, _)| name.clone()).collect();
    let adapted = adapt(&tensors, &known, path)?;
    assign(destination, &adapted.tensors, path)?;
    let left_out = metadata.remove(LEFT_OUT).map(|names| format!("not used: {names}"));
    Ok(adapted.said.into_iter().chain(left_out).collect())
}

/// Opens a file of weights.
///
/// # Errors
/// If there is no such file, or it is one of another kind.
fn open(path: &Path) -> Result<BufReader<File>> {
    input_file::open_as("weights", ErrorKind::Weights, path).map(BufReader::new)
}

/// Reads the tensors of a file with these contents; see [`load`]. `source` names the file in errors.
///
/// # Errors
/// As [`load`].
pub fn parse(bytes: &[u8], format: Option<Format>, source: &Path) -> Result<(Named, Metadata)> {
    read(Cursor::new(bytes), format, source)
}

fn read(
    reader: impl Read + Seek,
    format: Option<Format>,
    source: &Path,
) -> Result<(Named, Metadata)> {
    let (tensors, metadata) = match format {
        Some(Format::Ot) => (ot::read(reader, source)?, Metadata::new()),
        Some(Format::Safetensors) => safetensors::read(reader, source)?,
        Some(Format::Npz) => (npz::read(reader, source)?, Metadata::new()),
        None => pth::read(reader, source)?,
    };
    ensure_or!(
        Weights,
        !tensors.is_empty(),
        "expected tensors in {}, found none; try another file",
        source.display()
    );
    Ok((tensors, metadata))
}

/// Writes tensors in the format of the extension of `path`. Names, shapes and bits stay the same;
/// elements are in row-major order. Tensors are in the given order, but safetensors sorts them by
/// name. Formats other than safetensors ignore `metadata`.
///
/// # Errors
/// If the format does not support a name or type, or the file cannot be written; an existing file
/// is unchanged then.
pub fn save(path: &Path, tensors: &[(String, Tensor)], metadata: Metadata) -> Result<()> {
    match Format::of(path)? {
        Format::Ot => save_ot(path, tensors),
        Format::Safetensors => save_safetensors(path, tensors, metadata),
        Format::Npz => npz::save(path, tensors),
    }
}
