//! `.pth` and `.pt`; pickles that call something are in `tests/bases/pth.rs`.

use crate::damage::{assert_refused, contents, parse, try_all};
use crate::pickles::{archive, int, state, storage, tensor, text, tuple};
use crate::zip_file::{self, Entry};
use petite::weights::pth::state_dict;
use std::path::Path;
use zip::CompressionMethod::Stored;

/// Bytes of two floats.
const TWO: [u8; 8] = [0; 8];

fn one_tensor() -> Vec<u8> {
    tensor(storage("FloatStorage", "0", 2), 0, &[2], &[1])
}

#[test]
fn damaged_files_are_refused_or_the_same() {
    let read = |bytes: &[u8]| parse(bytes, None).map(|tensors| contents(&tensors));
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/bases/state_dict.pth");
    try_all(&std::fs::read(golden).unwrap(), read);
    try_all(&archive(&state("w", &one_tensor()), &[("data/0", &TWO)], Stored), read);
}

#[test]
fn names_are_unique_and_bounded() {
    let pickle = |names: &[&str]| {
        let items: Vec<u8> =
            names.iter().flat_map(|name| [text(name), one_tensor()].concat()).collect();
        [b"\x80\x02}(".as_slice(), &items, b"u."].concat()
    };
    let load = |names: &[&str]| archive(&pickle(names), &[("data/0", &TWO)], Stored);
    assert_eq!(parse(&load(&["a", "b"]), None).unwrap().len(), 2);
    assert_refused(&load(&["a", "a"]), None, "found \"a\" twice");
    assert_refused(&load(&[&"a".repeat(5000)]), None, "names of at most");
    let path = archive(&state("../../w", &one_tensor()), &[("data/0", &TWO)], Stored);
    assert_eq!(parse(&path, None).unwrap()[0].0, "../../w");
    let pickle = Entry::stored("a/data.pkl", &state("w", &one_tensor()));
    let data = Entry::stored("a/data/0", &TWO);
    assert!(parse(&zip_file::archive(&[pickle.clone(), data.clone()]), None).is_ok());
    assert_refused(&zip_file::archive(&[pickle, data.clone(), data]), None, "duplicate");
}

/// One value, stored once and used many times.
fn repeated(value: &[u8], used: &[u8], times: usize) -> Vec<u8> {
    [b"\x80\x02", value, b"q\0", &used.repeat(times), b"."].concat()
}

#[test]
fn small_pickles_cost_little() {
    let long = tuple(&vec![b"N".to_vec(); 1 << 20]);
    let function = crate::pickles::global("torch._utils", "_rebuild_tensor_v2");
    // A million items, copied for each of a million calls.
    let calls = [&function, b"q\x01".as_slice()].concat();
    for use_of in [b"h\0Q".as_slice(), b"h\x01h\0R"] {
        let bomb = [b"\x80\x02", calls.as_slice(), &repeated(&long, use_of, 1 << 20)[2..]].concat();
        assert!(
            state_dict::state_dict(&bomb).unwrap_err().to_string().contains("a tuple of at most")
        );
    }
    // A name of a megabyte for each of a hundred thousand storages, and of as many tensors.
    let name = text(&"0".repeat(1 << 20));
    let id = [b"(".as_slice(), &text("storage"), b"ctorch\nFloatStorage\n", &name].concat();
    let id = [id, text("cpu"), int(2), b"t".to_vec()].concat();
    let error = state_dict::state_dict(&repeated(&id, b"h\0Q", 100_000)).unwrap_err().to_string();
    assert!(error.contains("a key of at most"), "{error}");
    let items = repeated(&name, b"h\0N", 100_000);
    let items = [b"\x80\x02}(", &items[2..items.len() - 1], b"u."].concat();
    assert!(state_dict::state_dict(&items).is_err());
    // Values that hold each other twice, to any depth.
    let doubling = [b"\x80\x02)q\0".as_slice(), &b"h\0h\0\x86q\0".repeat(100_000), b"."].concat();
    assert!(state_dict::state_dict(&doubling).unwrap_err().to_string().contains("a tuple"));
    // A name without an end, and a text longer than the pickle.
    let endless = [b"\x80\x02c".as_slice(), &vec![b'a'; 1 << 20], b"\n\n."].concat();
    assert!(
        state_dict::state_dict(&endless).unwrap_err().to_string().contains("a name of at most")
    );
    assert!(state_dict::state_dict(b"\x80\x02X\xFF\xFF\xFF\xFFa.").is_err());
    assert!(state_dict::state_dict(b"\x80\x02r\xFF\xFF\xFF\xFF.").is_err());
    assert!(state_dict::state_dict(b"\x80\x02Nr\xFF\xFF\xFF\xFF.").is_err());
    assert!(state_dict::state_dict(b"\x80\x02j\xFF\xFF\xFF\xFF.").is_err());
}

#[test]
fn many_tensors_of_one_storage_are_refused() {
    let elements = 1i64 << 18;
    let one = tensor(storage("FloatStorage", "0", elements), 0, &[elements], &[1]);
    let items = |count: usize| {
        let item = |index| [text(&format!("w{index}")), one.clone()].concat();
        let items: Vec<u8> = (0..count).flat_map(item).collect();
        let pickle = [b"\x80\x02}(".as_slice(), &items, b"u."].concat();
        archive(&pickle, &[("data/0", &vec![0; 4 << 18])], Stored)
    };
    assert_eq!(parse(&items(3), None).unwrap().len(), 3);
    assert_refused(&items(1000), None, "for the size of the file");
}
