//! NumPy's archives, `.npz`: a zip of `.npy` files, one per array.
//!
//! `.npy` is described in `numpy.lib.format`: a magic string, a version, the length of the header,
//! the header (a Python dictionary of element type, order and shape), and the elements. tch's own
//! reader is not used, because it trusts the header's shape and reads beyond the end of the file.

use super::Named;
use super::archive::{Archive, finish};
use super::element::{Contiguous, ELEMENTS, bytes_in, element};
use crate::error::{Fault, ensure_or, fault};
use crate::files::atomic_file;
use anyhow::{Context, Result};
use std::io::{Cursor, Read, Seek, Write};
use std::path::Path;
use tch::{Kind, Tensor};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Start of every `.npy`.
const MAGIC: &[u8] = b"\x93NUMPY";

/// Maximum length of a header in bytes, as in NumPy (`numpy.lib.format._MAX_HEADER_SIZE`).
const MAX_HEADER: usize = 10_000;

/// Maximum compression ratio of Deflate.
const MAX_DEFLATE_RATIO: u64 = 1032;

/// How much larger than the archive all arrays together may be; weights hardly compress.
const MAX_RATIO: u64 = 16;

/// Size in bytes that all arrays together may have in any case.
const MAX_SMALL: u64 = 256 << 20;

/// Writes tensors as an uncompressed archive, as `numpy.savez` does.
///
/// # Errors
/// If NumPy lacks an element type, or the file cannot be written; an existing file is unchanged
/// then.
pub fn save(path: &Path, tensors: &[(String, Tensor)]) -> Result<()> {
    let mut headers = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let header = header(tensor).with_context(|| format!("{name} for {}", path.display()))?;
        headers.push(header);
    }
    // In memory: a ZipWriter that is dropped after a failed write prints to standard error.
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for ((name, tensor), header) in tensors.iter().zip(headers) {
        let elements = Contiguous::of(tensor)?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(elements.bytes().len() > u32::MAX as usize / 2);
        archive
            .start_file(format!("{name}.npy"), options)
            .with_context(|| format!("cannot write {}", path.display()))?;
        archive.write_all(&header)?;
        archive.write_all(elements.bytes())?;
    }
    atomic_file::write_bytes(path, &archive.finish()?.into_inner())
}

/// The bytes before the elements of `tensor`.
fn header(tensor: &Tensor) -> Result<Vec<u8>> {
    let (kind, _, descr) = element(tensor)?;
    let descr = descr.with_context(|| {
        format!("expected a type that NumPy has, found {kind:?}; try .safetensors or .ot")
    })?;
    let shape: String = tensor.size().iter().map(|size| format!("{size}, ")).collect();
    // `(3,)` is a tuple of one, `(3)` a number.
    let shape = if tensor.dim() == 1 { shape.trim_end() } else { shape.trim_end_matches(", ") };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
    // Elements start at a multiple of 64 bytes; the header ends in a line feed.
    let before = MAGIC.len() + 4;
    let length = (before + text.len() + 1).next_multiple_of(64) - before;
    text.push_str(&" ".repeat(length - text.len() - 1));
    text.push('\n');
    let length = u16::try_from(text.len()).context("expected fewer dimensions")?;
    Ok([MAGIC, &[1, 0], &length.to_le_bytes(), text.as_bytes()].concat())
}

/// Reads the arrays of an archive in its order, compressed or not, in row-major or column-major
/// order. Every checksum in it is verified. `source` names the archive in errors.
///
/// # Errors
/// If the archive is damaged, or an array is not of little-endian numbers or booleans.
pub fn read(reader: impl Read + Seek, source: &Path) -> Result<Named> {
    let damaged = || {
        Fault::weights(format!(
            "expected a whole NumPy archive at {}, found another or a damaged one; try another copy",
            source.display()
        ))
    };
    let mut archive = Archive::open(reader).with_context(damaged)?;
    let names = archive.names().with_context(damaged)?;
    check_sizes(&mut archive, &names, source)?;
    let mut tensors = Named::with_capacity(names.len());
    for file_name in names {
        let Some(name) = file_name.strip_suffix(".npy") else {
            fault!(
                Weights,
                "expected only .npy files in the NumPy archive {}, found {file_name} in it; try numpy.savez",
                source.display()
            );
        };
        let mut file = archive.file(&file_name).with_context(damaged)?;
        let size = file.size();
        let tensor = read_array(&mut file, size)
            .with_context(|| format!("cannot read {name} of {}", source.display()))?;
        tensors.push((name.to_owned(), tensor));
    }
    Ok(tensors)
}

/// Rejects archives that claim to hold much more than they can.
fn check_sizes(
    archive: &mut Archive<impl Read + Seek>,
    names: &[String],
    source: &Path,
) -> Result<()> {
    let limit = archive.length.saturating_mul(MAX_RATIO).saturating_add(MAX_SMALL);
    let mut total = 0u64;
    for name in names {
        let file = archive.file(name)?;
        let (size, packed) = (file.size(), file.compressed_size());
        total = total.saturating_add(size);
        ensure_or!(
            Weights,
            size <= packed.saturating_mul(MAX_DEFLATE_RATIO) && total <= limit,
            "expected arrays of at most {limit} bytes for the size of {}, found {size} from {packed} for {name}; try numpy.savez, which does not compress",
            source.display()
        );
    }
    Ok(())
}

/// Reads one `.npy` of `size` bytes, to its end.
fn read_array(file: &mut impl Read, size: u64) -> Result<Tensor> {
    let mut start = [0; 8];
    file.read_exact(&mut start)?;
    ensure_or!(Weights, start.starts_with(MAGIC), "expected a NumPy array, found another file");
    let length = match start[6] {
        1 => {
            let mut length = [0; 2];
            file.read_exact(&mut length)?;
            usize::from(u16::from_le_bytes(length))
        }
        2 | 3 => {
            let mut length = [0; 4];
            file.read_exact(&mut length)?;
            u32::from_le_bytes(length) as usize
        }
        version => fault!(Weights, "expected version 1, 2 or 3 of NumPy's format, found {version}"),
    };
    ensure_or!(
        Weights,
        length <= MAX_HEADER,
        "expected a header of at most {MAX_HEADER} bytes, found {length}"
    );
    let mut text = vec![0; length];
    file.read_exact(&mut text)?;
    let header = Header::parse(&String::from_utf8_lossy(&text))?;

    let expected = bytes_in(&header.shape, header.kind)?;
    let before = start.len() + if start[6] == 1 { 2 } else { 4 } + length;
    ensure_or!(
        Weights,
        size == (before as u64).saturating_add(expected as u64),
        "expected {expected} bytes for the shape {:?}, found {}",
        header.shape,
        size.saturating_sub(before as u64)
    );
    let tensor = header.tensor(file)?;
    finish(file)?;
    Ok(tensor)
}

/// The header of a `.npy`.
#[derive(Debug, PartialEq)]
struct Header {
    kind: Kind,
    fortran_order: bool,
    shape: Vec<i64>,
}

impl Header {
    /// Parses a header such as `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }`.
    fn parse(text: &str) -> Result<Self> {
        let field = |key: &str| {
            let quoted = [format!("'{key}':"), format!("\"{key}\":")];
            let found = quoted.iter().find_map(|quoted| text.split_once(quoted.as_str()));
            let (_, value) = found.with_context(|| format!("expected {key} in {text:?}"))?;
            Ok::<_, anyhow::Error>(value.trim_start())
        };
        let descr = field("descr")?;
        let descr = descr.split(['\'', '"']).nth(1).filter(|_| descr.starts_with(['\'', '"']));
        let descr = descr.context("expected a single element type, found a record")?;
        let known = ELEMENTS.iter().find(|(_, _, name)| {
            // '=' is the byte order of the machine, here little-endian.
            name.is_some_and(|name| name == descr || descr.strip_prefix('=') == Some(&name[1..]))
        });
        let (kind, _, _) = known.with_context(|| {
            format!(
                "expected little-endian numbers or booleans that libtorch has, found {descr}; try .astype('<f4')"
            )
        })?;
        let fortran_order = field("fortran_order")?;
        let shape = field("shape")?;
        let shape = shape.strip_prefix('(').and_then(|shape| shape.split_once(')'));
        let (shape, _) = shape.with_context(|| format!("expected a shape in {text:?}"))?;
        let sizes = shape.split(',').map(str::trim).filter(|size| !size.is_empty());
        let sizes = sizes.map(|size| {
            // Python 2 writes long integers with an L.
            let size = size.trim_end_matches('L').parse().ok().filter(|&size: &i64| size >= 0);
            size.with_context(|| format!("expected sizes, found ({shape})"))
        });
        Ok(Self {
            kind: *kind,
            fortran_order: fortran_order.starts_with("True"),
            shape: sizes.collect::<Result<_>>()?,
        })
    }

    /// The tensor with the next bytes of `file`.
    fn tensor(&self, file: &mut impl Read) -> Result<Tensor> {
        if !self.fortran_order {
            return Ok(Contiguous::read(file, &self.shape, self.kind)?.into_tensor());
        }
        let reversed: Vec<i64> = self.shape.iter().rev().copied().collect();
        let dimensions: Vec<i64> = (0..self.shape.len() as i64).rev().collect();
        let tensor = Contiguous::read(file, &reversed, self.kind)?.into_tensor();
        Ok(tensor.f_permute(dimensions)?.f_contiguous()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_numpy_writes() {
        let parse = |text: &str| Header::parse(text);
        let header = parse("{'descr': '<f4', 'fortran_order': True, 'shape': (256, 1), }").unwrap();
        assert_eq!(header, Header { kind: Kind::Float, fortran_order: true, shape: vec![256, 1] });
        let header = parse("{'descr': '|b1', 'fortran_order': False, 'shape': (), }").unwrap();
        assert_eq!((header.kind, header.shape.len()), (Kind::Bool, 0));
        for (text, reason) in [
            ("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "little-endian"),
            ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "a record"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "sizes"),
            ("{'descr': '<f4', 'fortran_order': False, }", "shape"),
            ("", "descr"),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_shape_that_overflows_is_an_error() {
        for shape in [[i64::MAX, 2, 1], [0, i64::MAX, 2], [-1, -1, 1]] {
            assert!(bytes_in(&shape, Kind::Float).is_err());
        }
    }

    /// `numpy.save(file, numpy.arange(6.).reshape(2, 3).T)` writes 0 1 2 3 4 5 in column-major
    /// order.
    #[test]
    fn column_major_becomes_row_major() {
        let header = Header { kind: Kind::Uint8, fortran_order: true, shape: vec![3, 2] };
        let tensor = header.tensor(&mut [0, 1, 2, 3, 4, 5].as_slice()).unwrap();
        let rows: Vec<Vec<u8>> = Vec::try_from(&tensor).unwrap();
        assert_eq!(rows, [[0, 3], [1, 4], [2, 5]]);
    }
}
