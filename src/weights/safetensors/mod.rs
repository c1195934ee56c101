//! safetensors: a JSON header with optional text metadata, and raw little-endian elements.

mod checksum;
mod header;

use super::element::{Contiguous, element};
use super::{Metadata, Named};
use crate::error::{Fault, fault};
use crate::files::atomic_file;
use anyhow::{Context, Result};
use header::{Header, kind_of, shape_of};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use tch::Tensor;

/// Writes tensors as safetensors, with `metadata` and a checksum in the header. Equal tensors and
/// metadata give equal bytes.
///
/// # Errors
/// If the format lacks an element type, a name occurs twice, or the file cannot be written; an
/// existing file is unchanged then.
pub fn save_safetensors(
    path: &Path,
    tensors: &[(String, Tensor)],
    metadata: Metadata,
) -> Result<()> {
    let mut parts = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let (_, dtype, _) =
            element(tensor).with_context(|| format!("{name} for {}", path.display()))?;
        parts.push((name, dtype, Contiguous::of(tensor)?));
    }
    // The order of the safetensors library, which keeps the elements aligned.
    parts.sort_by(|(a_name, a, _), (b_name, b, _)| b.cmp(a).then(a_name.cmp(b_name)));
    let mut header = Header { metadata: metadata.into_iter().collect(), ..Header::default() };
    header.metadata.remove(checksum::KEY);
    let mut sums = Vec::with_capacity(parts.len());
    for (name, dtype, part) in &parts {
        header.push(name, *dtype, part.shape(), part.bytes().len());
        sums.push(checksum::of_bytes(part.bytes()));
    }
    let sum = checksum::of_file(&header, &sums)?;
    header.metadata.insert(checksum::KEY.to_owned(), sum);
    let start = header.to_bytes().with_context(|| format!("cannot write {}", path.display()))?;
    atomic_file::write(path, |file| {
        file.write_all(&start)?;
        for (_, _, part) in &parts {
            file.write_all(part.bytes())?;
        }
        Ok(())
    })
}

/// Reads the tensors, in the order of their bytes, and the metadata of a safetensors file. The
/// checksum of files that [`save_safetensors`] wrote is verified, and left out of the metadata.
///
/// # Errors
/// If the file is missing or damaged, or has an element type that libtorch lacks.
pub fn load_safetensors(path: &Path) -> Result<(Named, Metadata)> {
    read(super::open(path)?, path)
}

/// Reads the metadata of a safetensors file alone, without its tensors; no checksum is verified.
///
/// # Errors
/// If the file is missing, or has no such header.
pub fn safetensors_metadata(path: &Path) -> Result<Metadata> {
    let cannot_read = || format!("cannot read {}", path.display());
    let mut file = super::open(path)?;
    let length = file.seek(SeekFrom::End(0)).with_context(cannot_read)?;
    file.rewind().with_context(cannot_read)?;
    let header = Header::read(&mut file, length).with_context(cannot_read)?;
    Ok(header.metadata.into_iter().collect())
}

/// The sum (XXH3) of names, shapes and elements of tensors, in any order.
///
/// # Errors
/// If libtorch fails.
pub fn sum_of(tensors: &[(String, Tensor)]) -> Result<u64> {
    let mut rows = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let part = Contiguous::of(tensor)?;
        rows.push((name, part.shape(), checksum::of_bytes(part.bytes())));
    }
    rows.sort();
    Ok(checksum::of_bytes(&serde_json::to_vec(&rows)?))
}

/// Reads a file; `source` names it in errors.
pub(super) fn read(mut reader: impl Read + Seek, source: &Path) -> Result<(Named, Metadata)> {
    let damaged = || {
        Fault::weights(format!(
            "expected a whole safetensors file at {}, found another or a damaged one; try another copy",
            source.display()
        ))
    };
    let length = reader.seek(SeekFrom::End(0)).with_context(damaged)?;
    reader.rewind().with_context(damaged)?;
    let mut header = Header::read(&mut reader, length).with_context(damaged)?;
    let mut tensors = Named::with_capacity(header.tensors.len());
    let mut sums = Vec::with_capacity(header.tensors.len());
    for (name, info) in &header.tensors {
        let (shape, kind) = (shape_of(info)?, kind_of(info, name)?);
        let part = Contiguous::read(&mut reader, &shape, kind).with_context(damaged)?;
        sums.push(checksum::of_bytes(part.bytes()));
        tensors.push((name.clone(), part.into_tensor()));
    }
    let is_ours = |sum: &String| sum.starts_with(checksum::KIND);
    if header.metadata.get(checksum::KEY).is_some_and(is_ours) {
        let expected = header.metadata.remove(checksum::KEY).unwrap_or_default();
        let found = checksum::of_file(&header, &sums)?;
        if found != expected {
            fault!(
                Weights,
                "expected the checksum {expected}, found {found} in {}: the file is damaged, or another program changed it; try another copy",
                source.display()
            );
        }
    }
    Ok((tensors, header.metadata.into_iter().collect()))
}
