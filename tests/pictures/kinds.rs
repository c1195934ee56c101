//! Files that are not decoded, and what is said of them.

use super::golden::{Case, golden};
use petite::Stop;
use petite::pictures::decode::{check, decode};
use petite::pictures::folder::Folder;
use petite::pictures::format::{EXTENSIONS, is_picture};
use petite::pictures::orientation::ExifOrientation;
use petite::pictures::picture::ColorMode;
use petite::pictures::pixels::{Target, check_all, decode_all};

/// A little-endian TIFF of 2×2 pixels with 64 bytes of data, and with these tags in place of, or
/// beside, those of 8-bit gray.
fn tiff(tags: &[(u16, u32)]) -> Vec<u8> {
    let mut all: std::collections::BTreeMap<u16, u32> =
        [(256, 2), (257, 2), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 2), (279, 64)]
            .into();
    all.extend(tags.iter().copied());
    let mut file = b"II*\0".to_vec();
    file.extend(72_u32.to_le_bytes());
    file.extend([77; 64]);
    file.extend((all.len() as u16).to_le_bytes());
    for (tag, value) in all {
        file.extend(tag.to_le_bytes());
        file.extend(4_u16.to_le_bytes());
        file.extend(1_u32.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file
}

/// A BigTIFF that claims `side` by `side` gray pixels.
fn big_tiff(side: u64) -> Vec<u8> {
    let mut file = b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0".to_vec();
    file.extend(4_u64.to_le_bytes());
    for (tag, value) in [(256_u16, side), (257, side), (258, 8), (262, 1)] {
        file.extend(tag.to_le_bytes());
        file.extend(16_u16.to_le_bytes());
        file.extend(1_u64.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 8]);
    file
}

/// A file of the ISO base media file format with these brands.
fn media(brands: &[&[u8; 4]]) -> Vec<u8> {
    let mut file = (8 + 4 * brands.len() as u32 + 4).to_be_bytes().to_vec();
    file.extend(b"ftyp");
    file.extend(brands[0]);
    file.extend([0; 4]);
    brands[1..].iter().for_each(|brand| file.extend(*brand));
    file.extend([1; 64]);
    file
}

/// The named file of `formats.json` with some of its bytes replaced.
fn changed(name: &str, changes: &[(usize, &[u8])]) -> Vec<u8> {
    let mut file = Case::named(name).file();
    for (at, bytes) in changes {
        file[*at..at + bytes.len()].copy_from_slice(bytes);
    }
    file
}

fn jpeg() -> Vec<u8> {
    std::fs::read(golden("chroma-full.jpg")).unwrap()
}

/// A JPEG that claims 65,535 × 65,535 pixels.
fn huge_jpeg() -> Vec<u8> {
    let mut file = jpeg();
    let at = file.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
    file[at + 5..at + 9].fill(0xFF);
    file
}

fn padded(start: &[u8]) -> Vec<u8> {
    [start, &[0; 64]].concat()
}

const FORMATS: &str = "expected a JPEG, PNG, WebP, BMP, TIFF or GIF, found ";

#[test]
fn every_known_format_is_named_with_a_way_to_convert_it() {
    let make = |tag: u32| [(254, 1), (271, tag), (330, 8)];
    let dicom = [&[0; 128][..], b"DICM", &[0; 64]].concat();
    for (file, found) in [
        (media(&[b"heic", b"mif1"]), "HEIC; try converting it, for example with: heif-convert IN"),
        (media(&[b"mif1", b"heic"]), "HEIC"),
        (media(&[b"avif", b"mif1"]), "AVIF; try converting it, for example with: avifdec IN"),
        (media(&[b"mif1", b"miaf", b"avif"]), "AVIF"),
        (
            media(&[b"crx "]),
            "a camera RAW file; try converting it, for example with: darktable-cli",
        ),
        (padded(b"II*\0\x10\0\0\0CR\x02\0"), "a camera RAW file"),
        (tiff(&[(50706, 1)]), "DNG, a camera RAW file"),
        (tiff(&make(0x4B49_4E4E)), "a camera RAW file"),
        (tiff(&[(262, 32803)]), "a camera RAW file"),
        (padded(b"FUJIFILMCCD-RAW 0201"), "a camera RAW file"),
        (padded(b"IIRO\x08\0\0\0"), "a camera RAW file"),
        (padded(b"IIU\0\x18\0\0\0"), "a camera RAW file"),
        (padded(b"\0\0\0\x0CjP  \r\n\x87\n"), "JPEG 2000"),
        (padded(b"\xFF\x4F\xFF\x51"), "JPEG 2000"),
        (padded(b"\xFF\x0A"), "JPEG XL"),
        (padded(b"\0\0\0\x0CJXL \r\n\x87\n"), "JPEG XL; try converting it, for example with: djxl"),
        (padded(b"8BPS\0\x01"), "PSD"),
        (padded(b"P6\n2 2\n255\n"), "PBM, PGM or PPM"),
        (padded(b"\x76\x2F\x31\x01"), "OpenEXR"),
        (padded(b"qoif"), "QOI"),
        (dicom, "DICOM"),
        (padded(b"%PDF-1.7"), "PDF; try converting it, for example with: pdftoppm -png IN OUT"),
        (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), "SVG"),
        (b"<?xml version=\"1.0\"?>\n<svg/>".to_vec(), "SVG; try converting it"),
    ] {
        let error = decode(&file, ColorMode::Rgb, ExifOrientation::Apply).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{FORMATS}{found}")), "{found}: {error}");
        assert_eq!(check(&file).unwrap_err().to_string(), error);
        // What makes a TIFF a RAW file, and the DICM, may be further away.
        let start = if found == "DICOM" { &file[..] } else { &file[..file.len().min(64)] };
        assert!(is_picture(start), "{found}");
    }
}

#[test]
fn other_files_are_described() {
    for (file, expected) in [
        (Vec::new(), "expected a picture, found an empty file"),
        (b"no picture at all\n".to_vec(), "expected a picture, found text"),
        (b"BM is how this begins, and it goes on".to_vec(), "expected a picture, found text"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n".to_vec(),
            "expected a picture, found a Git LFS pointer; try git lfs pull",
        ),
        (b"\n<!DOCTYPE html><html>404</html>".to_vec(), "expected a picture, found a web page"),
        (
            vec![0, 1, 2, 3, 4],
            "expected a picture, found an unknown format (it begins with 00 01 02 03)",
        ),
        (vec![0xFF], "expected a picture, found an unknown format (it begins with FF)"),
        (media(&[b"isom"]), "expected a picture, found an unknown format"),
        (jpeg()[..900].to_vec(), "expected a complete JPEG, found a truncated one"),
        (b"\x89PNG\r\n\x1a\n and so on".to_vec(), "expected a complete PNG, found a truncated one"),
        (Case::named("webp-lossy").file()[..60].to_vec(), "expected a complete WebP, found a"),
        (Case::named("bmp-rgb").file()[..300].to_vec(), "expected a complete BMP, found a"),
        (Case::named("gif-palette").file()[..300].to_vec(), "expected a complete GIF, found a"),
        (Case::named("tiff-rgb").file()[..300].to_vec(), "expected a complete TIFF, found a"),
        (b"GIF89a\x02\0\x02\0\0\0\0;".to_vec(), "expected a GIF with a picture, found none"),
        (huge_jpeg(), "expected at most 178956970 pixels, found 65535×65535"),
        (changed("png-rgb8", &[(16, &[0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF])]), "expected at most"),
        (changed("gif-palette", &[(6, &[0xFF; 4])]), "expected at most 178956970 pixels"),
        (tiff(&[(256, 1 << 20), (257, 1 << 20)]), "expected at most 178956970 pixels"),
        (big_tiff(u64::MAX / 2), "expected at most 178956970 pixels"),
        (tiff(&[(258, 32), (339, 3)]), "expected a TIFF of unsigned samples, found floating-point"),
        (tiff(&[(258, 16), (339, 2)]), "expected a TIFF of unsigned samples, found signed"),
        (tiff(&[(258, 32)]), "expected a TIFF of 8 or 16 bits per sample, or 1, 2 or 4"),
        (tiff(&[(262, 8)]), "expected a TIFF of gray, palette, RGB or CMYK pixels, found others"),
        (tiff(&[(266, 2)]), "expected a TIFF with the highest bit first"),
        (tiff(&[(262, 2)]), "expected 3 to 64 samples per pixel in the TIFF, found 1"),
    ] {
        let error = decode(&file, ColorMode::Rgb, ExifOrientation::Apply).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{expected}: {error}");
        assert_eq!(check(&file).unwrap_err().to_string(), error);
    }
    let plain = decode(&tiff(&[]), ColorMode::Rgb, ExifOrientation::Apply).unwrap();
    assert_eq!(plain.pixels, [77; 12]);
    for text in [&b"BM is how this begins, and it goes on"[..], b"", b"notes", b"\0\0"] {
        assert!(!is_picture(text));
    }
    let cases = Case::all();
    for file in cases.iter().map(Case::file).chain([jpeg()]) {
        assert!(is_picture(&file[..file.len().min(64)]));
    }
    assert!(EXTENSIONS.iter().all(|extension| *extension == extension.to_lowercase()));
}

/// The content counts, not the extension.
#[test]
fn a_folder_of_all_formats_is_decoded() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    for (name, case) in [
        ("a/1.png", "png-rgb8"),
        ("a/2.webp", "webp-lossless"),
        ("a/3.bmp", "bmp-rgb"),
        ("a/4.tif", "tiff-rgb"),
        ("b/5.gif", "gif-palette"),
        ("b/6.jpg", "png-palette8"),
    ] {
        write(name, &Case::named(case).file());
    }
    write("b/7.png", &jpeg());
    write("b/8.png", b"text");
    let (folder, _) = Folder::read(folder.path()).unwrap();
    let target = Target::rgb(7, 11);
    let (pixels, bad) = decode_all(&folder, target, 1, &Stop::default(), &|| ()).unwrap();
    assert_eq!((pixels.samples.len(), bad.len()), (7, 1));
    assert_eq!(*pixels.picture(0).unwrap(), Case::named("png-rgb8").rgb());
    assert_eq!(*pixels.picture(5).unwrap(), Case::named("png-palette8").rgb());
    let checked = check_all(&folder, target, 1, false, &Stop::default(), &|| ()).unwrap();
    assert_eq!((checked.samples, checked.bad), (pixels.samples, bad));
}
