//! safetensors: the length of a JSON header, the header with the text metadata and, by name, the type,
//! shape and place of every tensor, and raw little-endian elements. The safetensors crate checks that
//! the places fill the file without gaps.

use super::element::{Contiguous, ELEMENTS, element};
use super::{Metadata, Named};
use crate::error::{Fault, ensure_or};
use crate::files::atomic_file;
use ::safetensors::tensor::{Metadata as Header, TensorInfo};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use tch::Tensor;
use twox_hash::XxHash3_64;

/// Maximum length of a header in bytes; that of the largest ResNet has a hundredth of it.
const MAX_HEADER: u64 = 16 << 20;

/// The key of the metadata in the header.
const METADATA: &str = "__metadata__";

/// The key of the [`checksum`] in the metadata.
const CHECKSUM: &str = "checksum";

/// Start of the checksum. Other programs may use the key for one of their own.
const KIND: &str = "xxh3-64:";

/// Writes tensors as safetensors, with `metadata` and a checksum in the header. Equal tensors and
/// metadata give equal bytes; those of the crate's own writer follow the order of a hash map.
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
    let (mut sums, mut infos, mut end) = (Vec::new(), serde_json::Map::new(), 0);
    for (name, dtype, part) in &parts {
        let (start, shape) = (end, part.shape());
        end += part.bytes().len();
        sums.push((name.as_str(), dtype.to_string(), shape.clone(), sum(part.bytes())));
        let info = TensorInfo { dtype: *dtype, shape, data_offsets: (start, end) };
        let before = infos.insert((*name).clone(), serde_json::to_value(info)?);
        ensure!(
            before.is_none() && *name != METADATA,
            "cannot write {}: expected every name once, and none to be {METADATA}, found {name:?}",
            path.display()
        );
    }
    let mut metadata: BTreeMap<String, String> = metadata.into_iter().collect();
    metadata.remove(CHECKSUM);
    metadata.insert(CHECKSUM.to_owned(), checksum(sums, &metadata)?);
    let mut header = serde_json::Map::new();
    header.insert(METADATA.to_owned(), serde_json::to_value(metadata)?);
    header.append(&mut infos);
    let mut json = serde_json::to_vec(&header)?;
    json.resize(json.len().next_multiple_of(8), b' ');
    let length = json.len() as u64;
    ensure!(
        length <= MAX_HEADER,
        "cannot write {}: expected a header of at most {MAX_HEADER} bytes, found {length}; try fewer tensors",
        path.display()
    );
    atomic_file::write(path, |file| {
        file.write_all(&length.to_le_bytes())?;
        file.write_all(&json)?;
        parts.iter().try_for_each(|(_, _, part)| Ok(file.write_all(part.bytes())?))
    })
}

/// Reads the metadata of a safetensors file alone, without its tensors; no checksum is verified.
///
/// # Errors
/// If the file is missing, or has no such header.
pub fn safetensors_metadata(path: &Path) -> Result<Metadata> {
    let header = header(&mut super::open(path)?);
    let header = header.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(header.metadata().clone().unwrap_or_default())
}

/// The sum (XXH3) of names, shapes and elements of tensors, in any order.
///
/// # Errors
/// If libtorch fails.
pub fn sum_of(tensors: &[(String, Tensor)]) -> Result<u64> {
    let mut rows = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let part = Contiguous::of(tensor)?;
        rows.push((name, part.shape(), sum(part.bytes())));
    }
    rows.sort();
    Ok(sum(&serde_json::to_vec(&rows)?))
}

/// Reads the tensors of a file, in the order of their bytes, and its metadata. The checksum of files
/// that [`save_safetensors`] wrote is verified, and left out of the metadata. `source` names the file
/// in errors.
pub(super) fn read(mut reader: impl Read + Seek, source: &Path) -> Result<(Named, Metadata)> {
    let damaged = || {
        Fault::weights(format!(
            "expected a whole safetensors file at {}, found another or a damaged one; try another copy",
            source.display()
        ))
    };
    let header = header(&mut reader).with_context(damaged)?;
    let mut infos: Vec<(String, &TensorInfo)> = header.tensors().into_iter().collect();
    infos.sort_by(|(a, x), (b, y)| x.data_offsets.cmp(&y.data_offsets).then(a.cmp(b)));
    let (mut tensors, mut sums) = (Named::with_capacity(infos.len()), Vec::new());
    for (name, TensorInfo { dtype, shape, .. }) in &infos {
        let known = ELEMENTS.iter().find(|(_, known, _)| known == dtype);
        let (kind, ..) = known.with_context(|| {
            format!("expected a type that libtorch has for {name} in {}, found {dtype}; try casting it to F32", source.display())
        })?;
        let sizes: Vec<i64> =
            shape.iter().map(|&size| i64::try_from(size)).collect::<Result<_, _>>()?;
        let part = Contiguous::read(&mut reader, &sizes, *kind).with_context(damaged)?;
        sums.push((name.as_str(), dtype.to_string(), shape.clone(), sum(part.bytes())));
        tensors.push((name.clone(), part.into_tensor()));
    }
    let mut metadata = header.metadata().clone().unwrap_or_default();
    if let Some(expected) = metadata.get(CHECKSUM).filter(|sum| sum.starts_with(KIND)).cloned() {
        metadata.remove(CHECKSUM);
        let found = checksum(sums, &metadata.clone().into_iter().collect())?;
        ensure_or!(
            Weights,
            found == expected,
            "expected the checksum {expected}, found {found} in {}: the file is damaged, or another program changed it; try another copy",
            source.display()
        );
    }
    Ok((tensors, metadata))
}

/// Reads the header, whose tensors fill the rest of the file.
fn header(reader: &mut (impl Read + Seek)) -> Result<Header> {
    let file = reader.seek(SeekFrom::End(0))?;
    reader.rewind()?;
    let mut start = [0; 8];
    reader.read_exact(&mut start)?;
    let length = u64::from_le_bytes(start);
    let rest =
        file.checked_sub(8).and_then(|rest| rest.checked_sub(length)).with_context(|| {
            format!("expected a header within the file's {file} bytes, found {length}")
        })?;
    ensure!(
        length <= MAX_HEADER,
        "expected a header of at most {MAX_HEADER} bytes, found {length}"
    );
    let mut json = vec![0; length as usize];
    reader.read_exact(&mut json)?;
    let header: Header = serde_json::from_slice(&json).context("expected a valid header")?;
    let tensors = header.data_len();
    ensure!(tensors as u64 == rest, "expected {tensors} bytes after the header, found {rest}");
    Ok(header)
}

fn sum(bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot(bytes)
}

/// The checksum of everything that a reader gets: XXH3-64 of the JSON `[tensors, metadata]`, where
/// `tensors` has a row `[name, dtype, shape, XXH3-64 of the bytes]` for each tensor, sorted by name, and
/// `metadata` is an object with the other entries, sorted by key.
fn checksum(
    mut tensors: Vec<(&str, String, Vec<usize>, u64)>,
    metadata: &BTreeMap<String, String>,
) -> Result<String> {
    tensors.sort();
    Ok(format!("{KIND}{:016x}", sum(&serde_json::to_vec(&(tensors, metadata))?)))
}
