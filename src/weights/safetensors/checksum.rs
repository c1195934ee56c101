//! The checksum of a safetensors file, an entry of its metadata.
//!
//! It covers everything a reader gets: XXH3-64 of the JSON `[tensors, metadata]`, where `tensors` has
//! a row `[name, dtype, shape, XXH3-64 of the bytes]` for each tensor, sorted by name, and `metadata`
//! is an object with the other entries, sorted by key.

use super::header::Header;
use anyhow::Result;
use twox_hash::XxHash3_64;

/// The key in the metadata.
pub(super) const KEY: &str = "checksum";

/// Start of the value. Other programs may use the key for a checksum of their own.
pub(super) const KIND: &str = "xxh3-64:";

/// The checksum of one tensor's bytes.
pub(super) fn of_bytes(bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot(bytes)
}

/// The checksum of a file with this header, whose metadata must not have one yet. `bytes` are the
/// checksums of the tensors' bytes, in the order of the header.
pub(super) fn of_file(header: &Header, bytes: &[u64]) -> Result<String> {
    let tensors = header.tensors.iter().zip(bytes);
    let mut rows: Vec<_> = tensors
        .map(|((name, info), bytes)| (name, info.dtype.to_string(), &info.shape, bytes))
        .collect();
    rows.sort_by_key(|(name, ..)| *name);
    let json = serde_json::to_vec(&(rows, &header.metadata))?;
    Ok(format!("{KIND}{:016x}", XxHash3_64::oneshot(&json)))
}
