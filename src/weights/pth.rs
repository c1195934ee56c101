//! PyTorch's `.pth`, as `torch.save` writes a state_dict since PyTorch 1.6, alone or in a checkpoint.

pub use super::torch_archive::state_dict;
use super::torch_archive::{self, Root};
use super::{LEFT_OUT, Metadata, Named};
use crate::error::{Fault, fault};
use anyhow::{Context, Result};
use std::io::{Read, Seek};
use std::path::Path;

/// Reads the tensors of a state_dict, or of the only one in a checkpoint, on the CPU, in its order.
/// Every checksum in the file is verified, and nothing in it is executed. `source` names it in errors.
pub(super) fn read(mut reader: impl Read + Seek, source: &Path) -> Result<(Named, Metadata)> {
    let unreadable = || format!("cannot read {}", source.display());
    let mut start = Vec::new();
    reader.by_ref().take(4).read_to_end(&mut start).with_context(unreadable)?;
    reader.rewind().with_context(unreadable)?;
    if !start.starts_with(b"PK") {
        // The older formats are a bare pickle of protocol 2, and a tar.
        let old = start.starts_with(&[0x80, 2]) || source.extension().is_some_and(|e| e == "tar");
        fault!(
            Weights,
            "expected a zip, as torch.save writes since PyTorch 1.6, at {}, found {}; try torch.save(torch.load({:?}, weights_only=True), \"new.pth\") in Python",
            source.display(),
            if old { "PyTorch's older format" } else { "another kind of file" },
            source.file_name().unwrap_or_default()
        );
    }
    let (tensors, left_out) = torch_archive::read(reader, Root::StateDict).with_context(|| {
        Fault::weights(format!("expected a whole PyTorch archive at {}", source.display()))
    })?;
    Ok((tensors, left_out.map(|names| (LEFT_OUT.to_owned(), names)).into_iter().collect()))
}
