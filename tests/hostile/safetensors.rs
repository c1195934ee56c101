//! `.safetensors`

use crate::damage::{assert_refused, contents, cuts, flips, parse, share, tensors};
use petite::weights::{self, Format, Metadata};
use std::path::Path;

const SAFETENSORS: Option<Format> = Some(Format::Safetensors);

/// A file with this header, and `elements` zeros behind it.
fn file(json: &str, elements: usize) -> Vec<u8> {
    [&(json.len() as u64).to_le_bytes(), json.as_bytes(), &vec![0; elements]].concat()
}

/// The header of a tensor.
fn tensor(name: &str, dtype: &str, shape: &str, offsets: [u64; 2]) -> String {
    format!(r#""{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets:?}}}"#)
}

/// What a checkpoint of a run has.
fn metadata() -> Metadata {
    let entries = ["epoch", "best_epoch", "best_val_loss", "key"].into_iter();
    entries.enumerate().map(|(index, key)| (key.to_owned(), index.to_string())).collect()
}

fn written(metadata: Metadata) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    weights::save_safetensors(&path, &tensors(), metadata).unwrap();
    std::fs::read(path).unwrap()
}

#[test]
fn equal_tensors_and_metadata_give_equal_bytes() {
    let whole = written(metadata());
    for _ in 0..10 {
        assert!(written(metadata()) == whole);
    }
    let (_, found) = weights::parse(&whole, SAFETENSORS, Path::new("w")).unwrap();
    assert_eq!(found, metadata());
    let text = String::from_utf8_lossy(&whole[8..]);
    let start = r#"{"__metadata__":{"best_epoch":"1","best_val_loss":"2","checksum":"xxh3-64:"#;
    assert!(text.starts_with(start), "{text}");
}

#[test]
fn damaged_files_are_refused_or_the_same() {
    let whole = written(metadata());
    let read = |bytes: &[u8]| weights::parse(bytes, SAFETENSORS, Path::new("w"));
    let expected = contents(&read(&whole).unwrap().0);
    for cut in cuts(&whole) {
        assert!(read(cut).is_err());
    }
    let mut accepted = 0;
    for (bit, damaged) in flips(&whole) {
        let Ok((found, mut entries)) = read(&damaged) else { continue };
        accepted += 1;
        assert_eq!(contents(&found), expected, "bit {bit}");
        // A bit of the key or the kind of the checksum: all else is whole.
        entries.retain(|key, _| metadata().contains_key(key));
        assert_eq!(entries, metadata(), "bit {bit}");
    }
    assert!(share(accepted) < 0.06, "{accepted}");
}

#[test]
fn a_wrong_checksum_is_reported_as_such() {
    let mut whole = written(metadata());
    let last = whole.len() - 1;
    whole[last] ^= 1;
    let error = parse(&whole, SAFETENSORS).unwrap_err();
    assert!(error.contains("expected the checksum xxh3-64:"), "{error}");
    assert!(error.contains("another program changed it; try another copy"), "{error}");
    // Other programs' checksums mean something else, and files without one are read.
    for metadata in [r#"{"checksum":"sha256:0"}"#, "{}", "null"] {
        let json =
            format!(r#"{{"__metadata__":{metadata},{}}}"#, tensor("w", "F32", "[1]", [0, 4]));
        assert!(parse(&file(&json, 4), SAFETENSORS).is_ok(), "{metadata}");
    }
}

#[test]
fn lengths_beyond_the_file_are_refused_at_once() {
    let json = format!("{{{}}}", tensor("w", "F32", "[1]", [0, 4]));
    let whole = file(&json, 4);
    assert!(parse(&whole, SAFETENSORS).is_ok());
    for length in [0, 1, 1 << 20, 1 << 32, 1 << 60, 1 << 63, u64::MAX - 8, u64::MAX] {
        let damaged = [&length.to_le_bytes(), &whole[8..]].concat();
        assert_refused(&damaged, SAFETENSORS, "hostile.file");
    }
    assert_refused(&file(&" ".repeat(17 << 20), 0), SAFETENSORS, "expected a header of at most");
    // A file of a terabyte without contents, which its header makes one tensor of.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sparse.safetensors");
    let size = 1u64 << 40;
    let json = format!("{{{}}}", tensor("w", "U8", &format!("[{size}]"), [0, size]));
    std::fs::write(&path, file(&json, 0)).unwrap();
    let sparse = std::fs::File::options().write(true).open(&path).unwrap();
    sparse.set_len(size + 8 + json.len() as u64).unwrap();
    let error = format!("{:#}", weights::load(&path).unwrap_err());
    assert!(error.contains("free memory"), "{error}");
}

#[test]
fn tensors_fill_the_file_without_gaps_and_have_one_name() {
    let two = |a: [u64; 2], b: [u64; 2]| {
        let tensors = [tensor("a", "U8", "[2]", a), tensor("b", "U8", "[2]", b)];
        file(&format!("{{{}}}", tensors.join(",")), 4)
    };
    assert!(parse(&two([0, 2], [2, 4]), SAFETENSORS).is_ok());
    assert!(parse(&two([2, 4], [0, 2]), SAFETENSORS).is_ok());
    for (a, b) in [
        ([0, 2], [0, 2]),
        ([0, 2], [1, 3]),
        ([0, 2], [3, 5]),
        ([1, 3], [3, 5]),
        ([0, 2], [4, 2]),
        ([0, 2], [2, u64::MAX]),
        ([u64::MAX - 1, 0], [0, 2]),
    ] {
        assert_refused(&two(a, b), SAFETENSORS, "expected");
    }
    let twice = [tensor("a", "U8", "[2]", [0, 2]), tensor("a", "U8", "[2]", [2, 4])].join(",");
    assert_refused(
        &file(&format!("{{{twice}}}"), 4),
        SAFETENSORS,
        "expected a whole safetensors file",
    );
    assert_refused(&file(r#"{"__metadata__":{"a":1}}"#, 0), SAFETENSORS, "expected");
    assert_refused(&file("{}", 0), SAFETENSORS, "found none");
}

#[test]
fn shapes_cannot_overflow_and_json_cannot_nest() {
    for (dtype, shape) in [
        ("F32", "[4611686018427387904,4]".to_owned()),
        ("U8", "[0,9223372036854775807,9223372036854775807]".to_owned()),
        ("U8", "[18446744073709551615]".to_owned()),
        ("U8", "[-1]".to_owned()),
        ("U8", "[1.0]".to_owned()),
        ("U8", format!("[{}1]", "1,".repeat(40))),
        ("F4", "[2]".to_owned()),
        ("C64", "[1]".to_owned()),
        ("U8", "[".repeat(100_000)),
        ("U8", format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))),
    ] {
        let json = format!("{{{}}}", tensor("w", dtype, &shape, [0, 1]));
        assert_refused(&file(&json, 1), SAFETENSORS, "expected");
    }
    for json in ["[".repeat(100_000), r#"{"a":"#.repeat(100_000), "\0".repeat(1000)] {
        assert_refused(&file(&json, 1), SAFETENSORS, "expected a whole safetensors file");
    }
    let json = format!("{{{}}}", tensor("w", "BOOL", "[1]", [0, 1]));
    let mut boolean = file(&json, 1);
    assert!(parse(&boolean, SAFETENSORS).is_ok());
    boolean[8 + json.len()] = 2;
    assert_refused(&boolean, SAFETENSORS, "expected booleans of 0 and 1");
}

#[test]
fn names_that_could_not_be_read_are_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let mut twice = tensors();
    twice.extend(tensors());
    assert!(weights::save(&path, &twice, Metadata::new()).is_err());
    let reserved = vec![("__metadata__".to_owned(), tch::Tensor::from(1i64))];
    assert!(weights::save(&path, &reserved, Metadata::new()).is_err());
    assert!(!path.exists());
}
