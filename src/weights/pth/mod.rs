//! PyTorch's `.pth`: a zip of a pickle, `data.pkl`, and one file of elements a storage, as
//! `torch.save` has written a state_dict since PyTorch 1.6.

mod calls;
pub mod pickle;
mod value;

use super::Named;
use crate::error::{Fault, fault};
use anyhow::{Context, Result, ensure};
use pickle::state_dict;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;
use tch::Tensor;
use value::{Storage, View};
use zip::{CompressionMethod, ZipArchive};

/// The pickles of the largest ResNets take a hundredth of this.
const MAX_PICKLE: u64 = 8 << 20;

/// libtorch's own kernels know no more.
const MAX_DIMENSIONS: usize = 16;

/// Reads the tensors of a state_dict, on the CPU, in its order. Nothing in the file is executed.
///
/// # Errors
/// If the file is missing, damaged or of PyTorch's older format, holds anything but tensors by
/// name, or a tensor goes beyond its elements.
pub fn load(path: &Path) -> Result<Named> {
    let unreadable = || format!("cannot read {}", path.display());
    let mut start = [0; 4];
    let mut file = File::open(path).with_context(unreadable)?;
    let length = file.read(&mut start).with_context(unreadable)?;
    file.rewind().with_context(unreadable)?;
    if !start.starts_with(b"PK") {
        // The older formats are a bare pickle, protocol 2, and a tar.
        let old =
            start[..length].starts_with(&[0x80, 2]) || path.extension().is_some_and(|e| e == "tar");
        fault!(
            Weights,
            "expected a zip, as torch.save writes since PyTorch 1.6, in {}, found {}; try torch.save(torch.load({:?}, weights_only=True), \"new.pth\") in Python",
            path.display(),
            if old { "PyTorch's older format" } else { "another kind of file" },
            path.file_name().unwrap_or_default()
        );
    }
    let damaged =
        || Fault::weights(format!("expected a whole PyTorch archive at {}", path.display()));
    let mut archive = ZipArchive::new(BufReader::new(file)).with_context(damaged)?;
    read(&mut archive).with_context(damaged)
}

fn read(archive: &mut ZipArchive<impl Read + Seek>) -> Result<Named> {
    // All lies in one folder, named after the file that was once saved.
    let folder = (0..archive.len()).find_map(|index| {
        let entry = archive.by_index_raw(index).ok()?;
        let name = entry.name().ok()?.into_owned();
        name.strip_suffix("/data.pkl").filter(|folder| !folder.contains('/')).map(str::to_owned)
    });
    let folder =
        folder.context("expected FOLDER/data.pkl, found none; try a file of torch.save")?;
    let pickle = entry(archive, &format!("{folder}/data.pkl"), MAX_PICKLE)?;
    let order = format!("{folder}/byteorder");
    if archive.index_for_name(&order).is_some() {
        let order = entry(archive, &order, 16)?;
        ensure!(order == b"little", "expected little-endian numbers, found another order");
    }
    let mut storages: HashMap<Storage, Tensor> = HashMap::new();
    let mut tensors = Named::new();
    for (name, view) in state_dict(&pickle)? {
        let storage = match storages.get(&view.storage) {
            Some(storage) => storage.shallow_clone(),
            None => {
                let storage = read_storage(archive, &folder, &view.storage)
                    .with_context(|| format!("cannot read {name}"))?;
                storages.insert(view.storage.clone(), storage.shallow_clone());
                storage
            }
        };
        check(&view).with_context(|| format!("cannot read {name}"))?;
        tensors.push((name, storage.f_as_strided(&view.size, &view.stride, view.offset)?));
    }
    Ok(tensors)
}

/// The elements of a storage, `[count]`.
fn read_storage(
    archive: &mut ZipArchive<impl Read + Seek>,
    folder: &str,
    storage: &Storage,
) -> Result<Tensor> {
    let Storage { key, kind, count } = storage;
    let size = u64::try_from(*count).ok();
    let size = size.and_then(|count| count.checked_mul(kind.elt_size_in_bytes() as u64));
    let size = size.with_context(|| format!("expected a number of elements, found {count}"))?;
    let bytes = entry(archive, &format!("{folder}/data/{key}"), size)?;
    ensure!(bytes.len() as u64 == size, "expected {size} bytes of it, found {}", bytes.len());
    Ok(Tensor::f_from_data_size(&bytes, &[*count], *kind)?)
}

/// The contents of the file `name` in the archive, of at most `limit` bytes.
fn entry(archive: &mut ZipArchive<impl Read + Seek>, name: &str, limit: u64) -> Result<Vec<u8>> {
    let entry = archive.by_name(name).with_context(|| format!("expected {name} in it"))?;
    // torch.save compresses nothing, so what unpacks to more than the file holds is a trap.
    ensure!(entry.compression() == CompressionMethod::Stored, "expected {name} not compressed");
    ensure!(
        entry.size() <= limit,
        "expected {name} of at most {limit} bytes, found {}",
        entry.size()
    );
    // Grows with what is there, not with what the header claims.
    let mut bytes = Vec::new();
    entry.take(limit + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
    ensure!(bytes.len() as u64 <= limit, "expected {name} of at most {limit} bytes, found more");
    Ok(bytes)
}

/// Refuses a tensor that reaches beyond its storage, or has more elements than it.
fn check(view: &View) -> Result<()> {
    let View { storage, offset, size, stride } = view;
    let wrong = || {
        format!(
            "expected a tensor within its {} elements, found sizes {size:?} and strides {stride:?} from {offset}",
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
