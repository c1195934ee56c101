//! `.ot`

use crate::damage::{assert_refused, contents, parse, tensors, try_all, written};
use crate::pickles::{archive, global, int, misfits, module, state, storage, tensor, text, tuple};
use crate::zip_file::{self, Entry};
use petite::weights::{self, Format};
use tch::Tensor;
use zip::CompressionMethod::{Deflated, Stored};

const OT: Option<Format> = Some(Format::Ot);

/// Bytes of two floats.
const TWO: [u8; 8] = [0; 8];

fn one_tensor() -> Vec<u8> {
    tensor(storage("FloatStorage", "0", 2), 0, &[2], &[1])
}

/// A file with this pickle and two floats as storage 0.
fn file(pickle: &[u8]) -> Vec<u8> {
    archive(pickle, &[("data/0", &TWO)], Stored)
}

#[test]
fn damaged_files_are_refused_or_the_same() {
    let read = |bytes: &[u8]| parse(bytes, OT).map(|tensors| contents(&tensors));
    let whole = written("ot");
    assert_eq!(read(&whole).unwrap(), contents(&tensors()));
    try_all(&whole, read);
    // As earlier versions wrote it.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("earlier.ot");
    Tensor::save_multi(&tensors(), &path).unwrap();
    try_all(&std::fs::read(path).unwrap(), read);
}

#[test]
fn a_bit_of_the_elements_is_noticed() {
    let mut whole = written("ot");
    let bytes = 100.5f32.to_le_bytes();
    let place = whole.windows(4).position(|window| window == bytes).unwrap();
    whole[place] ^= 1;
    assert_refused(&whole, OT, "Invalid checksum");
    // libtorch does not notice.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.ot");
    std::fs::write(&path, &whole).unwrap();
    assert!(Tensor::load_multi(&path).is_ok());
    let error = format!("{:#}", weights::load(&path).unwrap_err());
    assert!(error.contains("w.ot, found another or a damaged file; try another copy"), "{error}");
}

#[test]
fn the_pickles_of_these_tests_are_good_ones() {
    let good = file(&module(&[text("layer|w"), one_tensor()]));
    assert_eq!(parse(&good, OT).unwrap()[0].0, "layer.w");
    // A module is no state_dict, and a state_dict no module.
    assert_refused(&good, None, "a call for __torch__.Module");
    assert_refused(&file(&state("w", &one_tensor())), OT, "expected a module, found a dict");
}

#[test]
fn hostile_pickles_are_refused_and_nothing_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let witness = folder.path().join("was-run");
    let command = tuple(&[text(&format!("touch {}", witness.display()))]);
    let call = |place: &str, name: &str, end: &[u8]| {
        [global(place, name).as_slice(), &command, end].concat()
    };
    for (value, reason) in [
        (call("posix", "system", b"R"), "a call for posix.system; nothing was run"),
        (call("posix", "system", b"\x81"), "a call for posix.system"),
        (call("__torch__", "Module", b"\x81"), "a new module"),
        (call("__torch__", "Module", b"R"), "Module with 1 arguments"),
        (call("__torch__", "Other", b"\x81"), "a call for __torch__.Other"),
        (call("torch.jit._pickle", "build_intlist", b"R"), "build_intlist"),
        (call("collections", "OrderedDict", b"\x81"), "a new module, found a name"),
        (call("torch", "FloatStorage", b"R"), "with 1 arguments"),
        ([text("posix"), text("system"), b"\x93".to_vec()].concat(), "STACK_GLOBAL"),
        ([global("__torch__", "Module"), b")\x81".to_vec()].concat(), "a module under \"w\""),
        (b"\x88".to_vec(), "a bool under \"w\""),
        (int(1), "an int under \"w\""),
        (text("code"), "a string under \"w\""),
        (b"]".to_vec(), "a list"),
    ] {
        assert_refused(&file(&module(&[text("w"), value])), OT, reason);
    }
    assert!(!witness.exists());
    // A module that holds itself, and one with attributes but none to put them in.
    let class = global("__torch__", "Module");
    let own = [b"\x80\x02", class.as_slice(), b")\x81q\0}", &text("w"), b"h\0sb."].concat();
    assert_refused(&file(&own), OT, "a module under");
    assert_refused(&file(b"\x80\x02}b."), OT, "expected a value");
    let deep = [b"\x80\x02)".as_slice(), &vec![0x85; 1 << 20], b"."].concat();
    assert_refused(&file(&deep), OT, "expected a module, found a tuple");
    assert_refused(&file(&vec![b'}'; 9 << 20]), OT, "of at most 8388608 bytes");
}

#[test]
fn names_are_unique_after_tchs_replacement() {
    let named = |names: [&str; 2]| {
        let attributes = names.map(|name| [text(name), one_tensor()].concat());
        file(&module(&attributes))
    };
    assert!(parse(&named(["a", "b"]), OT).is_ok());
    assert_refused(&named(["a", "a"]), OT, "twice");
    assert_refused(&named(["a|b", "a.b"]), OT, "found \"a.b\" twice");
}

#[test]
fn tensors_stay_within_their_storage() {
    for (count, offset, size, stride) in misfits() {
        let view = tensor(storage("FloatStorage", "0", count), offset, &size, &stride);
        assert_refused(&file(&module(&[text("w"), view])), OT, "expected");
    }
    let boolean = tensor(storage("BoolStorage", "0", 2), 0, &[2], &[1]);
    let of = |bytes: &[u8]| {
        archive(&module(&[text("w"), boolean.clone()]), &[("data/0", bytes)], Stored)
    };
    assert!(parse(&of(&[0, 1]), OT).is_ok());
    assert_refused(&of(&[0, 2]), OT, "expected booleans of 0 and 1");
}

#[test]
fn archives_hold_what_they_claim() {
    let pickle = module(&[text("w"), one_tensor()]);
    let entries = |data: Entry| vec![Entry::stored("a/data.pkl", &pickle), data];
    let honest = || Entry::stored("a/data/0", &TWO);
    assert!(parse(&zip_file::archive(&entries(honest())), OT).is_ok());
    for (claimed, reason) in [
        (Entry { size: 1 << 40, packed: 1 << 40, ..honest() }, "overlap"),
        (Entry { size: 1 << 40, ..honest() }, "expected 8 bytes"),
        (Entry { crc: 1, ..honest() }, "checksum"),
        (Entry { listed_as: Some("a/data/1".into()), ..honest() }, "found another"),
        (Entry { name: "a/data/../0".into(), ..honest() }, "expected \"a/data/0\""),
        (Entry { name: "/a/data/0".into(), ..honest() }, "expected \"a/data/0\""),
        (Entry { method: 8, ..honest() }, "uncompressed"),
        (Entry { method: 99, ..honest() }, "found another"),
    ] {
        assert_refused(&zip_file::archive(&entries(claimed)), OT, reason);
    }
    let mut twice = entries(honest());
    twice.push(honest());
    assert_refused(&zip_file::archive(&twice), OT, "duplicate");
    let mut other = entries(honest());
    other.push(Entry::stored("b/data.pkl", &pickle));
    assert_refused(&zip_file::archive(&other), OT, "expected one data.pkl");
    let packed = archive(&pickle, &[("data/0", &TWO)], Deflated);
    assert_refused(&packed, OT, "uncompressed");
    let big = archive(&pickle, &[("data/0", &TWO), ("byteorder", b"big")], Stored);
    assert_refused(&big, OT, "little-endian");
}
