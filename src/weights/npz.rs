//! NumPy's archives, `.npz`: a zip of `.npy` files, one an array.
//!
//! `.npy` is described in `numpy.lib.format`: a magic string, a version, the length of a header,
//! the header (a Python dictionary of element type, order and shape), the elements. tch has a
//! reader, which trusts the header's shape over the length of the file and so reads beyond its end.

use super::Named;
use super::element::{ELEMENTS, bytes_of, element};
use crate::atomic_file;
use crate::error::Fault;
use anyhow::{Context, Result, bail, ensure};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use tch::{Kind, Tensor};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

const MAGIC: &[u8] = b"\x93NUMPY";

/// NumPy refuses longer headers too (`numpy.lib.format._MAX_HEADER_SIZE`).
const MAX_HEADER: usize = 10_000;

/// Deflate cannot shrink anything further than this.
const MAX_DEFLATE_RATIO: u64 = 1032;

/// Writes tensors as an archive that is not compressed, as `numpy.savez` does.
///
/// # Errors
/// If NumPy has no such type, or the file cannot be written; what was there before stays.
pub fn save(path: &Path, tensors: &[(String, Tensor)]) -> Result<()> {
    let mut headers = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let header = header(tensor).with_context(|| format!("{name} for {}", path.display()))?;
        headers.push(header);
    }
    atomic_file::write(path, |temporary| {
        let mut archive = ZipWriter::new(BufWriter::new(File::create(temporary)?));
        for ((name, tensor), header) in tensors.iter().zip(headers) {
            let bytes = bytes_of(tensor)?;
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Stored)
                .large_file(bytes.len() > u32::MAX as usize / 2);
            archive.start_file(format!("{name}.npy"), options)?;
            archive.write_all(&header)?;
            archive.write_all(&bytes)?;
        }
        archive.finish()?.flush()?;
        Ok(())
    })
}

/// What stands before the elements of `tensor`.
fn header(tensor: &Tensor) -> Result<Vec<u8>> {
    let (kind, _, descr) = element(tensor)?;
    let descr = descr.with_context(|| {
        format!("expected a type that NumPy has, found {kind:?}; try .safetensors or .ot")
    })?;
    let shape: String = tensor.size().iter().map(|size| format!("{size}, ")).collect();
    // `(3,)` is a tuple of one, `(3)` a number.
    let shape = if tensor.dim() == 1 { shape.trim_end() } else { shape.trim_end_matches(", ") };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
    // Elements begin at a multiple of 64 bytes; the header ends in a line feed.
    let before = MAGIC.len() + 4;
    let length = (before + text.len() + 1).next_multiple_of(64) - before;
    text.push_str(&" ".repeat(length - text.len() - 1));
    text.push('\n');
    let length = u16::try_from(text.len()).context("expected fewer dimensions")?;
    Ok([MAGIC, &[1, 0], &length.to_le_bytes(), text.as_bytes()].concat())
}

/// Reads the arrays of an archive in their order, compressed or not, rows or columns first.
///
/// # Errors
/// If the file is missing or damaged, or an array is not of plain little-endian numbers.
pub fn load(path: &Path) -> Result<Named> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let damaged = || {
        Fault::weights(format!(
            "expected a whole NumPy archive at {}, found another or a damaged one; try another copy",
            path.display()
        ))
    };
    let mut archive = ZipArchive::new(BufReader::new(file)).with_context(damaged)?;
    let mut tensors = Named::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).with_context(damaged)?;
        let file_name = entry.name().with_context(damaged)?.into_owned();
        let Some(name) = file_name.strip_suffix(".npy") else {
            bail!("{}, found {file_name} in it; try numpy.savez", damaged());
        };
        ensure!(
            entry.size() <= entry.compressed_size().saturating_mul(MAX_DEFLATE_RATIO),
            "{}, found the size of {name} wrong",
            damaged()
        );
        let size = entry.size();
        let tensor = read_array(&mut entry, size)
            .with_context(|| format!("cannot read {name} of {}", path.display()))?;
        tensors.push((name.to_owned(), tensor));
    }
    Ok(tensors)
}

/// Reads one `.npy` of `size` bytes.
fn read_array(reader: &mut impl Read, size: u64) -> Result<Tensor> {
    let mut start = [0; 8];
    reader.read_exact(&mut start)?;
    ensure!(start.starts_with(MAGIC), "expected a NumPy array, found another file");
    let length = match start[6] {
        1 => {
            let mut length = [0; 2];
            reader.read_exact(&mut length)?;
            usize::from(u16::from_le_bytes(length))
        }
        2 | 3 => {
            let mut length = [0; 4];
            reader.read_exact(&mut length)?;
            u32::from_le_bytes(length) as usize
        }
        version => bail!("expected NumPy's format 1, 2 or 3, found {version}"),
    };
    ensure!(
        length <= MAX_HEADER,
        "expected a header of at most {MAX_HEADER} bytes, found {length}"
    );
    let mut text = vec![0; length];
    reader.read_exact(&mut text)?;
    let header = Header::parse(&String::from_utf8_lossy(&text))?;

    let expected = header.bytes()?;
    let before = start.len() + if start[6] == 1 { 2 } else { 4 } + length;
    ensure!(
        size == (before as u64).saturating_add(expected as u64),
        "expected {expected} bytes for {:?}, found {}",
        header.shape,
        size.saturating_sub(before as u64)
    );
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(expected).context("it does not fit in memory")?;
    // To the end, where the zip's checksum is compared.
    reader.take(expected as u64 + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() == expected, "expected {expected} bytes, found {}", bytes.len());
    header.tensor(&bytes)
}

/// What a `.npy` says of its elements.
#[derive(Debug, PartialEq)]
struct Header {
    kind: Kind,
    fortran_order: bool,
    shape: Vec<i64>,
}

impl Header {
    /// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }`
    fn parse(text: &str) -> Result<Self> {
        let field = |key: &str| {
            let quoted = [format!("'{key}':"), format!("\"{key}\":")];
            let found = quoted.iter().find_map(|quoted| text.split_once(quoted.as_str()));
            let (_, value) = found.with_context(|| format!("expected {key} in {text:?}"))?;
            Ok::<_, anyhow::Error>(value.trim_start())
        };
        let descr = field("descr")?;
        let descr = descr.split(['\'', '"']).nth(1).filter(|_| descr.starts_with(['\'', '"']));
        let descr = descr.context("expected one plain type, found a record")?;
        let known = ELEMENTS.iter().find(|(_, _, name)| {
            // '=' and '|' also stand before types whose order of bytes is this machine's.
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
            // Python 2 wrote long integers with an L.
            let size = size.trim_end_matches('L').parse().ok().filter(|&size: &i64| size >= 0);
            size.with_context(|| format!("expected sizes, found ({shape})"))
        });
        Ok(Self {
            kind: *kind,
            fortran_order: fortran_order.starts_with("True"),
            shape: sizes.collect::<Result<_>>()?,
        })
    }

    /// Bytes of all elements.
    fn bytes(&self) -> Result<usize> {
        // Strides are computed as if no size were 0, so that must not overflow either.
        let product = |least: i64| {
            let width = self.kind.elt_size_in_bytes() as i64;
            self.shape.iter().try_fold(width, |product, &size| product.checked_mul(size.max(least)))
        };
        product(1).and(product(0)).and_then(|bytes| usize::try_from(bytes).ok()).with_context(
            || format!("expected a shape that fits in memory, found {:?}", self.shape),
        )
    }

    fn tensor(&self, bytes: &[u8]) -> Result<Tensor> {
        if !self.fortran_order {
            return Ok(Tensor::f_from_data_size(bytes, &self.shape, self.kind)?);
        }
        let reversed: Vec<i64> = self.shape.iter().rev().copied().collect();
        let dimensions: Vec<i64> = (0..self.shape.len() as i64).rev().collect();
        Ok(Tensor::f_from_data_size(bytes, &reversed, self.kind)?
            .f_permute(dimensions)?
            .f_contiguous()?)
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
        for shape in [vec![i64::MAX, 2], vec![0, i64::MAX, 2]] {
            let header = Header { kind: Kind::Float, fortran_order: false, shape };
            assert!(header.bytes().is_err());
        }
    }

    /// Columns first: `numpy.save(file, numpy.arange(6.).reshape(2, 3).T)` lies as 0 1 2 3 4 5.
    #[test]
    fn columns_first_are_put_in_rows() {
        let header = Header { kind: Kind::Uint8, fortran_order: true, shape: vec![3, 2] };
        let tensor = header.tensor(&[0, 1, 2, 3, 4, 5]).unwrap();
        let rows: Vec<Vec<u8>> = Vec::try_from(&tensor).unwrap();
        assert_eq!(rows, [[0, 3], [1, 4], [2, 5]]);
    }
}
