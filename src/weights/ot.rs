//! libtorch's own format, `.ot`: a TorchScript module whose attributes are the tensors. libtorch
//! writes it, but reads without verifying the checksums in the archive; [`torch_archive`] reads.

use super::Named;
use super::element::{Contiguous, element};
use super::torch_archive::{self, Root};
use crate::error::{Fault, ensure_or};
use crate::files::atomic_file::{self, AtomicFile};
use anyhow::{Context, Result, ensure};
use std::collections::HashSet;
use std::io::{self, BufWriter, Read, Seek, Write};
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
    atomic_file::write(path, |file| {
        // Given a path, libtorch would write the name of the temporary file into the archive.
        let mut file = Patient { file: BufWriter::new(file), failed: None };
        Tensor::save_multi_to_stream(&plain, &mut file)?;
        match file.failed {
            Some(error) => Err(error.into()),
            None => Ok(file.file.flush()?),
        }
    })
}

/// A file that libtorch writes to. libtorch ends the process when it cannot write, such as when the
/// disk is full, so it is never told.
struct Patient<'a> {
    file: BufWriter<&'a mut AtomicFile>,
    /// The first error. What is to be written after it is dropped.
    failed: Option<io::Error>,
}

impl Write for Patient<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.failed.is_none() {
            self.failed = self.file.write_all(bytes).err();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.failed.is_none() {
            self.failed = self.file.flush().err();
        }
        Ok(())
    }
}

/// Reads an archive that [`save_ot`] or `tch::nn::VarStore::save` wrote. Every checksum in it is
/// verified, and nothing in it is executed. `source` names it in errors.
pub(super) fn read(reader: impl Read + Seek, source: &Path) -> Result<Named> {
    let damaged = || {
        Fault::weights(format!(
            "expected libtorch weights in {}, found another or a damaged file; try another copy",
            source.display()
        ))
    };
    let (mut tensors, _) = torch_archive::read(reader, Root::Module).with_context(damaged)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::{Format, load, parse};
    use tch::{Device, Kind, nn};

    /// All types, odd shapes, and strides that are not row-major.
    fn tensors() -> Named {
        let values = Tensor::from_slice(&[0.0f32, 1.0, 2.0, 100.5, f32::MIN_POSITIVE, 3e4]);
        let kinds = crate::weights::element::ELEMENTS.map(|(kind, ..)| kind);
        let of_kind = |kind| (format!("{kind:?}.weight"), values.to_kind(kind).reshape([2, 3]));
        let mut named: Named = kinds.into_iter().map(of_kind).collect();
        let strided = Tensor::arange(24, (Kind::Float, Device::Cpu)).reshape([1, 2, 3, 4]);
        named.push(("z.channels last/1".to_owned(), strided.permute([0, 3, 1, 2])));
        named.push(("part".to_owned(), strided.slice(3, 1, 3, 1)));
        named.push(("expanded".to_owned(), Tensor::from(2.5f32).expand([3, 2], false)));
        named.push(("scalar".to_owned(), Tensor::from(7i64)));
        named.push(("empty".to_owned(), Tensor::zeros([0, 3], (Kind::Float, Device::Cpu))));
        named
    }

    fn assert_same(found: &Named, expected: &Named) {
        assert_eq!(found.len(), expected.len());
        for ((name, tensor), (known, other)) in found.iter().zip(expected) {
            assert_eq!((name, tensor.kind(), tensor.size()), (known, other.kind(), other.size()));
            assert!(tensor.numel() == 0 || tensor == other, "{name}");
            assert_eq!(tensor.device(), Device::Cpu);
        }
    }

    #[test]
    fn what_libtorch_wrote_by_path_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("earlier.ot");
        let mut expected = tensors();
        // libtorch writes an expanded tensor as a view of its one element, which is refused.
        expected.retain(|(name, _)| name != "expanded");
        Tensor::save_multi(&expected, &path).unwrap();
        assert_same(&load(&path).unwrap().0, &expected);
    }

    #[test]
    fn a_var_store_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.ot");
        let store = nn::VarStore::new(Device::Cpu);
        let layer = nn::linear(&store.root() / "head" / "dense", 3, 2, Default::default());
        let norm = nn::batch_norm1d(&store.root() / "norm", 2, Default::default());
        store.save(&path).unwrap();
        let mut found = load(&path).unwrap().0;
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        let names = found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
        let norms = ["norm.bias", "norm.running_mean", "norm.running_var", "norm.weight"];
        assert_eq!(names, [["head.dense.bias", "head.dense.weight"].as_slice(), &norms].concat());
        assert_eq!(found[1].1, layer.ws.detach());
        assert_eq!(found[5].1, norm.ws.unwrap().detach());
        assert!(found.iter().all(|(_, tensor)| !tensor.requires_grad()));
    }

    #[test]
    fn tch_reads_what_is_written_and_equal_tensors_give_equal_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let [path, other] = ["one.ot", "another.ot"].map(|name| folder.path().join(name));
        save_ot(&path, &tensors()).unwrap();
        save_ot(&other, &tensors()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes == std::fs::read(&other).unwrap());
        assert_same(&Tensor::load_multi(&path).unwrap(), &tensors());
        assert_same(&load(&path).unwrap().0, &tensors());
        assert_same(&parse(&bytes, Some(Format::Ot), &path).unwrap().0, &tensors());
    }
}
