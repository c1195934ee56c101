//! Archives of pictures: unpacked whole or refused, and again when what was unpacked has changed.

use crate::zip_file::{self, Entry};
use petite::dataset::archive::unpacked_in;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A tar of these files, without the zeros at its end.
fn unfinished(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // Not `append_data`, which changes names.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    let mut bytes = tar.into_inner().unwrap();
    bytes.truncate(bytes.len() - 1024);
    bytes
}

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    [unfinished(files), vec![0; 1024]].concat()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

/// A tar of one entry of this type, without contents.
fn tar_with(kind: u8) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_path("cats/1.jpg").unwrap();
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_size(0);
    header.set_cksum();
    [header.as_bytes().as_slice(), &[0; 1024]].concat()
}

/// What attributes in front of a file make of it: their names and values.
fn tar_after(kind: u8, attributes: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let attributes = attributes.iter().map(|(key, value)| {
        let rest = key.len() + value.len() + 3;
        let length = (rest..).find(|length| length.to_string().len() + rest == *length).unwrap();
        format!("{length} {key}={value}\n")
    });
    let text = attributes.collect::<String>();
    let mut header = tar::Header::new_ustar();
    header.set_path("attributes").unwrap();
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_size(text.len() as u64);
    header.set_cksum();
    tar.append(&header, text.as_bytes()).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_path("cats/1.jpg").unwrap();
    header.set_size(1);
    header.set_cksum();
    tar.append(&header, &b"a"[..]).unwrap();
    tar.into_inner().unwrap()
}

/// A folder for archives, and one for what they are unpacked to.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn unpacked(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, String> {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        self.again(name)
    }

    fn again(&self, name: &str) -> Result<PathBuf, String> {
        let unpacked = unpacked_in(&self.0.path().join("cache"), &self.0.path().join(name));
        unpacked.map_err(|error| format!("{error:#}"))
    }
}

const FILES: [(&str, &[u8]); 3] =
    [("cats/1.jpg", b"one"), ("cats/2.jpg", b"two"), ("dogs/1.jpg", b"three")];

/// Asserts that each of these archives is refused, for the reason behind it, with what to try.
fn assert_refused(cases: &[(&str, Vec<u8>, &str)]) {
    let place = Place::new();
    for (index, (name, bytes, expected)) in cases.iter().enumerate() {
        let error = place.unpacked(name, bytes).unwrap_err();
        let is_named = error.contains(name) && error.contains("; try");
        assert!(is_named && error.contains(expected), "case {index}: {expected}\n{error}");
    }
    let left: Vec<_> = std::fs::read_dir(place.0.path().join("cache")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The bytes with the bit at a place flipped.
fn flipped(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    bytes[at] ^= 1;
    bytes
}

#[test]
fn tars_that_are_not_whole_or_not_clear_are_refused() {
    let (whole, no_end) = (tar_of(&FILES), unfinished(&FILES));
    let end = gz(&whole).len();
    let mut latin = whole.clone();
    let mut header = tar::Header::from_byte_slice(&latin[1024..1536]).clone();
    header.as_mut_bytes()[5] = 0xE4;
    header.set_cksum();
    latin[1024..1536].copy_from_slice(header.as_bytes());
    assert_refused(&[
        // Cut between two entries, in one, in the zeros at the end.
        ("a.tar", no_end[..1024].to_vec(), "two blocks of zeros at the end of a tar, found none"),
        ("a.tar", no_end[..1300].to_vec(), "expected a whole archive, found damage"),
        ("a.tar", [&no_end[..], &[0; 512]].concat(), "two blocks of zeros"),
        ("a.tar", [&whole[..], b"more"].concat(), "nothing after the end of a tar, found more"),
        ("a.tar", [&whole[..], &whole].concat(), "-i for several tars in one"),
        ("a.tar", tar_of(&[]), "expected files in the archive, found none"),
        ("a.tar", tar_of(&[FILES[0], FILES[0]]), "found two of cats/1.jpg"),
        ("a.tar", tar_of(&[FILES[0], ("./cats//1.jpg", b"")]), "found two of ./cats//1.jpg"),
        ("a.tar", tar_of(&[("cats", b"file"), FILES[0]]), "expected one entry of each name"),
        ("a.tar", tar_of(&[("cats/", b"contents")]), "found cats/, a link or special entry"),
        ("a.tar", latin, r"names in UTF-8, found cats/\xE4.jpg; try unpacking it by hand"),
        ("a.tar", tar_with(b'1'), "found cats/1.jpg, a link or special entry"),
        ("a.tar", tar_with(b'6'), "found cats/1.jpg, a link or special entry"),
        ("a.tar", tar_with(b'V'), "found cats/1.jpg, a link or special entry"),
        ("a.tar", tar_after(b'x', &[("GNU.sparse.major", "1")]), "a link or special entry"),
        ("a.tar", tar_after(b'x', &[("path", "a"), ("path", "b")]), "a link or special entry"),
        ("a.tar", tar_after(b'g', &[("path", "dogs/1.jpg")]), "a link or special entry"),
        ("a.tgz", flipped(gz(&whole), end - 5), "expected a whole archive, found damage"),
        ("a.tgz", gz(&whole)[..end - 1].to_vec(), "expected a whole archive, found damage"),
        ("a.tgz", [&gz(&whole)[..], b"more"].concat(), "expected a whole archive, found damage"),
    ]);
}

#[test]
fn zips_that_are_not_whole_or_not_clear_are_refused() {
    let zip: Vec<Entry> = FILES.iter().map(|(name, bytes)| Entry::stored(name, bytes)).collect();
    let whole = zip_file::archive(&zip);
    let with = |change: &dyn Fn(&mut Vec<Entry>)| {
        let mut entries = zip.clone();
        change(&mut entries);
        zip_file::archive(&entries)
    };
    let named = |name: &[u8]| with(&|all| all[1].name = name.to_vec());
    let mut encrypted = whole.clone();
    for at in 0..whole.len() - 4 {
        match &whole[at..at + 4] {
            b"PK\x03\x04" => encrypted[at + 6] |= 1,
            b"PK\x01\x02" => encrypted[at + 8] |= 1,
            _ => {}
        }
    }
    assert_refused(&[
        ("a.zip", [&whole[..], b"more"].concat(), "nothing after the end of the zip"),
        ("a.zip", whole[..whole.len() - 1].to_vec(), "found damage"),
        ("a.zip", [&whole[..], &whole].concat(), "found damage"),
        ("a.zip", zip_file::archive(&[]), "expected files in the archive, found none"),
        ("a.zip", named(b"cats\\1.jpg"), "found two of cats/1.jpg"),
        ("a.zip", named(b"cats/1.jpg"), "duplicate file names"),
        ("a.zip", named(b"cats/"), "found cats/, a link or special"),
        ("a.zip", named(b"cats/\x84.jpg"), r"found cats/\x84.jpg; try unpacking it by hand"),
        ("a.zip", with(&|all| all[1].listed_as = Some(b"dogs/2.jpg".to_vec())), "found damage"),
        ("a.zip", with(&|all| all[1].crc ^= 1), "found damage"),
        ("a.zip", with(&|all| all[1].size += 1), "found damage"),
        ("a.zip", with(&|all| all[1].method = 14), "found Lzma; try unpacking it first (7z x)"),
        ("a.zip", zip_file::with_places(&zip, &[0, 1]), "found damage"),
        ("a.zip", encrypted, "or not at all, found a password; try unpacking it first (7z x)"),
    ]);
}

#[test]
fn what_people_have_in_place_of_an_archive_is_named() {
    let place = Place::new();
    for (name, bytes, expected) in [
        ("a.zip", &b"<!DOCTYPE html>\n<title>Sign in</title>"[..], "found a web page; try"),
        ("a.zip", b"version https://git-lfs.github.com/spec/v1", "try git lfs pull"),
        ("a.zip", b"7z\xBC\xAF\x27\x1C\0\x04", "try unpacking it first (7z x)"),
        ("a.rar", b"Rar!\x1A\x07\x01\0", "try unpacking it first (7z x)"),
        ("a.tar.xz", b"\xFD7zXZ\0\0", "try unpacking it first (tar xf)"),
        ("a.tar", b"BZh91AY&SY", "found a bzip2 archive; try unpacking it first"),
        ("a.tar.zst", b"\x28\xB5\x2F\xFD\0", "try unpacking it first (tar xf)"),
        ("a.zip", b"", "found an empty file"),
        ("a.csv", b"path,label\n", "found text; try `labels` for a CSV"),
    ] {
        let error = place.unpacked(name, bytes).unwrap_err();
        assert!(error.contains(name) && error.contains(expected), "{error}");
    }
}

/// The files below a folder, with their contents.
pub fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            found.push((name, std::fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn forms_that_people_have_are_unpacked() {
    let place = Place::new();
    let (whole, no_end) = (tar_of(&FILES), unfinished(&FILES));
    let (first, second) = whole.split_at(700);
    let zip: Vec<Entry> = FILES.iter().map(|(name, bytes)| Entry::stored(name, bytes)).collect();
    let mut windows = zip.clone();
    windows.iter_mut().for_each(|entry| entry.name[4] = b'\\');
    let mut continuous = tar::Header::from_byte_slice(&whole[..512]).clone();
    continuous.set_entry_type(tar::EntryType::Continuous);
    continuous.set_cksum();
    let mut pax = tar_after(b'g', &[("comment", "a commit")]);
    pax.truncate(1024);
    let zip = zip_file::archive(&zip);
    for (name, bytes) in [
        ("padded.tar", [&no_end[..], &[0; 10240]].concat()),
        ("continuous.tar", [continuous.as_bytes(), &whole[512..]].concat()),
        ("git.tar", [pax, whole.clone()].concat()),
        ("folders.tar", [&tar_with(b'5')[..512], &whole[..]].concat()),
        ("members.tar.gz", [gz(first), gz(second)].concat()),
        ("named.tar", gz(&whole)),
        ("named", zip),
        ("windows.zip", zip_file::archive(&windows)),
    ] {
        let files = contents(&place.unpacked(name, &bytes).unwrap());
        let expected = FILES.map(|(name, bytes)| (name.to_owned(), bytes.to_vec()));
        assert_eq!(files, expected, "{name}");
    }
}

#[test]
fn a_changed_copy_is_unpacked_again() {
    let place = Place::new();
    let files = place.unpacked("pets.tar", &tar_of(&FILES)).unwrap();
    let whole = contents(&files);
    let inode = |path: &Path| path.metadata().unwrap().ino();
    let first = inode(&files);
    let is_kept = |change: &dyn Fn()| {
        let before = inode(&files);
        change();
        assert_eq!(place.again("pets.tar").unwrap(), files);
        assert_eq!(contents(&files), whole);
        let entries = std::fs::read_dir(place.0.path().join("cache")).unwrap();
        assert_eq!(entries.count(), 1);
        inode(&files) == before
    };
    let at = |name: &str| files.join(name);
    assert!(is_kept(&|| ()) && inode(&files) == first);
    // What leaves the contents as they are: times, links, modes.
    assert!(is_kept(&|| std::fs::write(at("cats/1.jpg"), "one").unwrap()));
    assert!(
        is_kept(&|| std::fs::hard_link(at("cats/1.jpg"), place.0.path().join("link")).unwrap())
    );
    assert!(is_kept(&|| {
        std::fs::set_permissions(at("cats"), PermissionsExt::from_mode(0o700)).unwrap();
    }));
    let list = files.parent().unwrap().join("files.json");
    let changes: [&dyn Fn(); 7] = [
        &|| std::fs::remove_file(at("cats/1.jpg")).unwrap(),
        &|| std::fs::write(at("cats/1.jpg"), "eno").unwrap(),
        &|| std::fs::write(at("cats/3.jpg"), "three").unwrap(),
        &|| std::fs::rename(at("cats/1.jpg"), at("dogs/2.jpg")).unwrap(),
        &|| {
            std::fs::remove_file(at("cats/1.jpg")).unwrap();
            std::os::unix::fs::symlink(at("cats/2.jpg"), at("cats/1.jpg")).unwrap();
        },
        &|| std::fs::write(&list, "[]").unwrap(),
        &|| std::fs::remove_file(&list).unwrap(),
    ];
    for (index, change) in changes.iter().enumerate() {
        assert!(!is_kept(change), "{index}");
    }
}
