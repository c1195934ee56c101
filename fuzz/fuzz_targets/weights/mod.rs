//! What the targets of weights have in common.

use petite::weights::{Format, parse};
use std::io::{Cursor, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Reads a file with these bytes. Every element of what is accepted can be read, and there are not
/// many more than the file has room for.
pub fn read(bytes: &[u8], format: Option<Format>) {
    let Ok((tensors, _)) = parse(bytes, format, Path::new("hostile.file")) else { return };
    let mut total = 0;
    for (_, tensor) in &tensors {
        let size = tensor.numel() * tensor.kind().elt_size_in_bytes();
        total += size;
        let mut elements = vec![0; size];
        tensor.copy_data_u8(&mut elements, tensor.numel());
    }
    assert!(total <= 16 * bytes.len() + (256 << 20));
}

/// An archive of these files, with the checksums that random changes never have.
#[allow(dead_code, reason = "not every target reads archives")]
pub fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in files {
        zip.start_file(*name, stored).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
