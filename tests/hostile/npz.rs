//! `.npz`

use crate::damage::{assert_refused, contents, parse, tensors, try_all, written};
use crate::zip_file::{Entry, archive, with_places};
use petite::weights::Format;
use std::io::Write;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const NPZ: Option<Format> = Some(Format::Npz);

/// A `.npy` with this type, shape and elements.
fn array(descr: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\0", length.as_slice(), header.as_bytes(), elements].concat()
}

/// What `numpy.savez_compressed` and `numpy.savez` write, with 64-bit sizes in front of the contents.
fn numpy(method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method).large_file(true);
    for (name, shape) in [("a/w.npy", "2, 3"), ("b.npy", "6,")] {
        zip.start_file(name, options).unwrap();
        zip.write_all(&array("|u1", shape, &[1, 2, 3, 4, 5, 6])).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn damaged_files_are_refused_or_the_same() {
    let read = |bytes: &[u8]| parse(bytes, NPZ).map(|tensors| contents(&tensors));
    let whole = written("npz");
    assert_eq!(read(&whole).unwrap(), contents(&tensors()));
    // What is accepted are dates, versions and attributes.
    assert!(try_all(&whole, read) < 0.25);
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        assert!(try_all(&numpy(method), read) < 0.4);
    }
}

#[test]
fn names_are_unique_and_only_names() {
    let entry = |name: &str| Entry::stored(name, &array("|u1", "2,", &[1, 2]));
    let paths = ["../../w.npy", "/etc/w.npy", "C:\\w.npy"].map(entry);
    let found = parse(&archive(&paths), NPZ).unwrap();
    let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["../../w", "/etc/w", "C:\\w"]);

    assert_refused(&archive(&[entry("w.npy"), entry("w.npy")]), NPZ, "duplicate");
    // Another name in the directory, and two names for the same contents.
    let renamed = Entry { listed_as: Some("v.npy".into()), ..entry("w.npy") };
    assert_refused(&archive(&[renamed]), NPZ, "damaged one");
    let both = [entry("w.npy"), entry("v.npy")];
    assert_refused(&with_places(&both, &[0, 0]), NPZ, "damaged one");
    // A file that the directory does not list.
    assert_refused(&with_places(&both, &[0]), NPZ, "damaged one");
}

#[test]
fn sizes_are_bounded_by_the_file() {
    let claimed = |size: u64, packed: u64| Entry {
        size,
        packed,
        ..Entry::stored("w.npy", &array("|u1", "2,", &[1, 2]))
    };
    let honest = claimed(0, 0).bytes.len() as u64;
    assert_refused(&archive(&[claimed(1 << 40, honest)]), NPZ, "hostile.file");
    assert_refused(&archive(&[claimed(1 << 40, 1 << 40)]), NPZ, "hostile.file");
    assert_refused(&archive(&[claimed(u64::MAX, u64::MAX)]), NPZ, "hostile.file");
    let compressed = Entry { method: 8, ..claimed(1 << 40, honest) };
    assert_refused(&archive(&[compressed]), NPZ, "expected arrays of at most");
    for shape in ["1099511627776,", "4611686018427387904, 4", "0, 4611686018427387904, 4", "-2,"] {
        let entry = Entry::stored("w.npy", &array("|u1", shape, &[1, 2]));
        assert_refused(&archive(&[entry]), NPZ, "cannot read w of");
    }
    for start in [b"\x93NUMPY\x02\0\xFF\xFF\xFF\xFF".as_slice(), b"\x93NUMPY\x01\0\xFF\xFF{"] {
        assert_refused(&archive(&[Entry::stored("w.npy", start)]), NPZ, "cannot read w of");
    }
    let dimensions = Entry::stored("w.npy", &array("|u1", &"1, ".repeat(40), &[1]));
    assert_refused(&archive(&[dimensions]), NPZ, "16 dimensions");
    let deep = Entry::stored("w.npy", &array("|u1", &"(".repeat(9000), &[1, 2]));
    assert_refused(&archive(&[deep]), NPZ, "expected");
}

/// 32 MiB of zeros in 32 KiB, ten times over.
#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    zip.start_file("0.npy", deflated).unwrap();
    let zeros = array("|u1", "33554432,", &vec![0; 32 << 20]);
    zip.write_all(&zeros).unwrap();
    let one = zip.finish().unwrap().into_inner();
    assert_eq!(parse(&one, NPZ).unwrap()[0].1.size(), [32 << 20]);

    let at = |place: usize| u32::from_le_bytes(one[place..place + 4].try_into().unwrap());
    let packed = at(18) as usize;
    let start = 30 + 5 + usize::from(one[28]);
    let entry = |index: usize| Entry {
        name: format!("{index}.npy").into_bytes(),
        flags: 0,
        method: 8,
        bytes: one[start..start + packed].to_vec(),
        packed: packed as u64,
        size: zeros.len() as u64,
        crc: at(14),
        listed_as: None,
    };
    let bomb = archive(&(0..10).map(entry).collect::<Vec<_>>());
    assert!(bomb.len() < 1 << 20);
    assert_refused(&bomb, NPZ, "expected arrays of at most");
}

#[test]
fn booleans_are_0_or_1() {
    assert!(parse(&archive(&[Entry::stored("w.npy", &array("|b1", "2,", &[0, 1]))]), NPZ).is_ok());
    let other = Entry::stored("w.npy", &array("|b1", "2,", &[0, 2]));
    assert_refused(&archive(&[other]), NPZ, "expected booleans of 0 and 1");
}
