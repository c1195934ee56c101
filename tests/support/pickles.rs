//! The instructions of a pickle, as `torch.save` and libtorch use them, and archives of them.

use std::io::Write;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub fn text(text: &str) -> Vec<u8> {
    [b"X".as_slice(), &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat()
}

pub fn int(value: i64) -> Vec<u8> {
    [b"\x8a\x08".as_slice(), &value.to_le_bytes()].concat()
}

pub fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
    [b"(".as_slice(), &items.concat(), b"t"].concat()
}

pub fn ints(values: &[i64]) -> Vec<u8> {
    tuple(&values.iter().map(|&value| int(value)).collect::<Vec<_>>())
}

pub fn global(module: &str, name: &str) -> Vec<u8> {
    format!("c{module}\n{name}\n").into_bytes()
}

pub fn storage(kind: &str, key: &str, count: i64) -> Vec<u8> {
    let id = [text("storage"), global("torch", kind), text(key), text("cpu"), int(count)];
    [tuple(&id), b"Q".to_vec()].concat()
}

pub fn tensor(storage: Vec<u8>, offset: i64, size: &[i64], stride: &[i64]) -> Vec<u8> {
    let hooks = [global("collections", "OrderedDict"), b")R".to_vec()].concat();
    let arguments = [storage, int(offset), ints(size), ints(stride), b"\x89".to_vec(), hooks];
    [global("torch._utils", "_rebuild_tensor_v2"), tuple(&arguments), b"R".to_vec()].concat()
}

/// Tensors that do not fit into a storage of two elements, or claim more or fewer than those: the
/// storage's count, and the tensor's offset, size and stride.
pub fn misfits() -> Vec<(i64, i64, Vec<i64>, Vec<i64>)> {
    vec![
        (2, 0, vec![3], vec![1]),
        (2, 2, vec![1], vec![1]),
        (2, 0, vec![2], vec![2]),
        (2, -1, vec![1], vec![1]),
        (2, 0, vec![-1], vec![1]),
        (2, 1, vec![2], vec![-1]),
        (2, i64::MAX, vec![2], vec![i64::MAX]),
        (2, 0, vec![i64::MAX, i64::MAX], vec![1, 1]),
        (2, 0, vec![i64::MAX, 0], vec![i64::MAX, 1]),
        // One element stretched over a terabyte.
        (2, 0, vec![1 << 40], vec![0]),
        (2, 0, vec![1 << 20, 1 << 20], vec![0, 0]),
        (2, 0, vec![2], vec![]),
        (2, 0, vec![1; 40], vec![1; 40]),
        (2, 3, vec![0], vec![1]),
        (3, 0, vec![1], vec![1]),
        (1, 0, vec![1], vec![1]),
        (1 << 40, 0, vec![1], vec![1]),
        (i64::MAX, 0, vec![1], vec![1]),
        (-1, 0, vec![1], vec![1]),
    ]
}

/// A state_dict of one item.
pub fn state(name: &str, value: &[u8]) -> Vec<u8> {
    [b"\x80\x02}(".as_slice(), &text(name), value, b"u."].concat()
}

/// A TorchScript module with attributes: names and values in turn.
pub fn module(attributes: &[Vec<u8>]) -> Vec<u8> {
    let class = global("__torch__", "Module");
    [b"\x80\x02", class.as_slice(), b")\x81}(", &attributes.concat(), b"ub."].concat()
}

/// An archive as torch.save lays it out.
pub fn archive(pickle: &[u8], files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in [("data.pkl", pickle)].iter().chain(files) {
        archive.start_file(format!("archive/{name}"), options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}
