//! Archives as libtorch and `torch.save` write them since PyTorch 1.6: a zip of a pickle, `data.pkl`,
//! and one file of elements per storage.

mod calls;
mod pickle;
pub mod state_dict;
mod value;

use super::Named;
use super::archive::{Archive, finish};
use super::element::{Contiguous, MAX_DIMENSIONS, bytes_in};
use anyhow::{Context, Result, ensure};
use state_dict::Tensors;
use std::collections::HashMap;
use std::io::{Read, Seek};
use tch::Tensor;
pub(super) use value::Root;
use value::{Storage, View};
use zip::CompressionMethod;

/// Maximum size of a pickle in bytes; those of the largest ResNets have a hundredth of it.
const MAX_PICKLE: u64 = 8 << 20;

/// How much larger than the archive all tensors together may be. Tensors can share a storage, so a
/// small file could otherwise hold any number of large ones.
const MAX_SHARING: u64 = 4;

/// Size in bytes that all tensors together may have in any case.
const MAX_SMALL: u64 = 1 << 20;

/// Reads the tensors of an archive, on the CPU, in the order of its pickle, and the names of what is
/// beside them, if anything. Nothing in it is executed.
///
/// # Errors
/// If the archive is damaged, its pickle has anything but tensors by name below a `root`, or a
/// tensor extends beyond its storage.
pub(super) fn read(reader: impl Read + Seek, root: Root) -> Result<(Named, Option<String>)> {
    let mut archive = Archive::open(reader)?;
    // All files are in one folder, named after the file that torch.save wrote.
    let names = archive.names()?;
    let mut folders = names.iter().filter_map(|name| name.strip_suffix("/data.pkl"));
    let folder = folders.find(|folder| !folder.contains('/')).with_context(|| {
        format!("expected FOLDER/data.pkl, found none; try a file that {} wrote", root.writer())
    })?;
    ensure!(!folders.any(|folder| !folder.contains('/')), "expected one data.pkl, found several");
    let pickle = contents(&mut archive, &format!("{folder}/data.pkl"), MAX_PICKLE)?;
    let order = format!("{folder}/byteorder");
    if names.contains(&order) {
        let order = contents(&mut archive, &order, 16)?;
        ensure!(order == b"little", "expected little-endian numbers, found another byte order");
    }
    let Tensors { views, left_out } = state_dict::tensors(&pickle, root)?;
    check_total(&views, archive.length)?;
    let mut storages: HashMap<Storage, Tensor> = HashMap::new();
    let mut tensors = Named::with_capacity(views.len());
    for (name, view) in views {
        let cannot_read = || format!("cannot read {name}");
        if !storages.contains_key(&view.storage) {
            let storage =
                read_storage(&mut archive, folder, &view.storage).with_context(cannot_read)?;
            storages.insert(view.storage.clone(), storage);
        }
        let storage = &storages[&view.storage];
        check(&view).with_context(cannot_read)?;
        let tensor = storage.f_as_strided(&view.size, &view.stride, view.offset)?;
        tensors.push((name, tensor));
    }
    Ok((tensors, left_out))
}

/// The elements of a storage, `[count]`.
fn read_storage(
    archive: &mut Archive<impl Read + Seek>,
    folder: &str,
    storage: &Storage,
) -> Result<Tensor> {
    let Storage { key, kind, count } = storage;
    let size = bytes_in(&[*count], *kind)?;
    let name = format!("{folder}/data/{key}");
    let mut file = archive.file(&name)?;
    check_stored(&name, file.compression())?;
    ensure!(file.size() == size as u64, "expected {size} bytes in {name}, found {}", file.size());
    let elements = Contiguous::read(&mut file, &[*count], *kind)
        .with_context(|| format!("cannot read {name}"))?;
    finish(&mut file).with_context(|| format!("cannot read {name}"))?;
    Ok(elements.into_tensor())
}

/// The contents of `name` in the archive, of at most `limit` bytes.
fn contents(archive: &mut Archive<impl Read + Seek>, name: &str, limit: u64) -> Result<Vec<u8>> {
    let mut file = archive.file(name)?;
    check_stored(name, file.compression())?;
    ensure!(
        file.size() <= limit,
        "expected {name} of at most {limit} bytes, found {}",
        file.size()
    );
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
    Ok(bytes)
}

fn check_stored(name: &str, method: CompressionMethod) -> Result<()> {
    // torch.save does not compress. A compressed file could be a zip bomb.
    ensure!(method == CompressionMethod::Stored, "expected {name} uncompressed");
    Ok(())
}

/// Rejects an archive of `length` bytes whose tensors are much larger.
fn check_total(views: &[(String, View)], length: u64) -> Result<()> {
    let limit = length.saturating_mul(MAX_SHARING).saturating_add(MAX_SMALL);
    let mut total = 0u64;
    for (name, view) in views {
        let size = bytes_in(&view.size, view.storage.kind)
            .with_context(|| format!("cannot read {name}"))?;
        total = total.saturating_add(size as u64);
    }
    ensure!(
        total <= limit,
        "expected tensors of at most {limit} bytes for the size of the file, found {total}"
    );
    Ok(())
}

/// Rejects a tensor that extends beyond its storage, or has more elements.
fn check(view: &View) -> Result<()> {
    let View { storage, offset, size, stride } = view;
    let wrong = || {
        format!(
            "expected a tensor within its storage of {} elements, found sizes {size:?} and strides {stride:?} from {offset}",
            storage.count
        )
    };
    let in_range = || {
        let numbers = || size.iter().chain(stride).chain([offset]);
        if size.len() != stride.len() || size.len() > MAX_DIMENSIONS || numbers().any(|&n| n < 0) {
            return None;
        }
        let elements = size.iter().try_fold(1i64, |product, &n| product.checked_mul(n))?;
        let mut last = *offset;
        for (&size, &stride) in size.iter().zip(stride) {
            last = last.checked_add((size - 1).max(0).checked_mul(stride)?)?;
        }
        let within = if elements == 0 { *offset <= storage.count } else { last < storage.count };
        (within && elements <= storage.count).then_some(())
    };
    in_range().with_context(wrong)
}
