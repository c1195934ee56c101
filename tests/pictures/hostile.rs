//! Files that claim or contain more than they should: bounded memory and time.

use super::golden::{Case, bytes, golden, read_json};
use petite::Stop;
use petite::pictures::decode::{check, check_within, decode, decode_to};
use petite::pictures::folder::Folder;
use petite::pictures::orientation::ExifOrientation;
use petite::pictures::picture::{ColorMode, Picture};
use petite::pictures::pixels::{Target, decode_all, read_file};
use std::fs::File;
use std::io::Write;

fn error_of(file: &[u8]) -> String {
    let error = decode(file, ColorMode::Rgb, ExifOrientation::Apply).unwrap_err().to_string();
    assert_eq!(check(file).unwrap_err().to_string(), error);
    error
}

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    [&[0xFF, marker], &(data.len() as u16 + 2).to_be_bytes()[..], data].concat()
}

/// A gray progressive JPEG whose blocks are all empty: one bit each, and then `scans` scans of runs
/// of 32,767 blocks.
fn progressive(side: usize, scans: usize) -> Vec<u8> {
    let table =
        |kind: u8, symbol: u8| segment(0xC4, &[&[kind, 1][..], &[0; 15], &[symbol]].concat());
    let high = (side >> 8) as u8;
    let blocks = (side / 8) * (side / 8);
    let mut file = vec![0xFF, 0xD8];
    file.extend(segment(0xDB, &[&[0][..], &[1; 64]].concat()));
    file.extend(segment(0xC2, &[8, high, side as u8, high, side as u8, 1, 1, 0x11, 0]));
    file.extend(table(0, 0));
    file.extend(segment(0xDA, &[1, 1, 0, 0, 0, 0]));
    file.extend(vec![0; blocks.div_ceil(8)]);
    file.extend(table(0x10, 0xE0));
    // Eight codes of a zero, each with 14 ones.
    let mut runs = vec![0x7F];
    for bit in 0..7 {
        runs.extend([0xFF ^ 1 << bit, 0xFF, 0]);
    }
    for _ in 0..scans {
        file.extend(segment(0xDA, &[1, 1, 0, 1, 63, 0]));
        file.extend(&runs);
    }
    file.extend([0xFF, 0xD9]);
    file
}

/// A BMP, GIF, PNG or WebP, a JPEG and a TIFF that claim a huge size, in a few bytes.
fn claims() -> Vec<(&'static str, Vec<u8>)> {
    let changed = |name: &str, at: usize, bytes: &[u8]| {
        let mut file = Case::named(name).file();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    };
    let mut jpeg = std::fs::read(golden("chroma-full.jpg")).unwrap();
    let at = jpeg.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
    jpeg[at + 5..at + 9].copy_from_slice(&[0xFF, 0xDC, 0xFF, 0xDC]);
    vec![
        ("65500×65500", jpeg),
        ("16711680×16711680", changed("png-rgb8", 16, &[0, 0xFF, 0, 0, 0, 0xFF, 0, 0])),
        ("65535×65535", changed("gif-palette", 6, &[0xFF; 4])),
        ("16711680×16711680", changed("bmp-rgb", 18, &[0, 0, 0xFF, 0, 0, 0, 0xFF, 0])),
        ("16777216×16777216", changed("webp-lossy-alpha", 24, &[0xFF; 6])),
        ("16384×16384", changed("webp-lossless", 21, &[0xFF, 0xFF, 0xFF, 0x0F])),
        ("16383×16383", changed("webp-lossy", 26, &[0xFF, 0x3F, 0xFF, 0x3F])),
    ]
}

#[test]
fn huge_claims_are_refused_before_anything_is_allocated() {
    for (size, file) in claims() {
        let expected = format!(
            "expected at most 178956970 pixels, found {size} (`max_pixels` sets the limit)"
        );
        assert_eq!(error_of(&file), expected);
    }
}

/// Within the limit of pixels, but with less data than any picture of that size.
#[test]
fn claims_that_the_data_cannot_fill_are_refused() {
    let mut png = Case::named("png-grey8").file();
    png[16..24].copy_from_slice(&[0, 0, 0x30, 0, 0, 0, 0x30, 0]);
    let expected =
        "expected at least 146313 bytes of data for 12288×12288 pixels in the PNG, found ";
    assert!(error_of(&png).starts_with(expected), "{}", error_of(&png));
    let mut jpeg = std::fs::read(golden("grey.jpg")).unwrap();
    let at = jpeg.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
    jpeg[at + 5..at + 9].copy_from_slice(&[0x30, 0, 0x30, 0]);
    let expected = "expected at least 589824 bytes of data in a scan of 12288×12288 pixels, found ";
    assert!(error_of(&jpeg).starts_with(expected), "{}", error_of(&jpeg));
}

#[test]
fn the_limit_of_pixels_is_a_setting() {
    let file = std::fs::read(golden("chroma-full.jpg")).unwrap();
    let mut picture = Picture::default();
    let mut decode = |limit| {
        let result =
            decode_to(&file, &Target { max_pixels: limit, ..Target::rgb(0, 0) }, &mut picture);
        assert_eq!(check_within(limit, &file).is_ok(), result.is_ok());
        result
    };
    decode(53 * 39).unwrap();
    let error = decode(53 * 39 - 1).unwrap_err().to_string();
    assert_eq!(error, "expected at most 2066 pixels, found 53×39 (`max_pixels` sets the limit)");
    for case in Case::all() {
        let file = case.file();
        let pixels = (case.size[0] * case.size[1]) as u64;
        check_within(pixels, &file).unwrap_or_else(|error| panic!("{}: {error:#}", case.name));
        assert!(check_within(pixels - 1, &file).is_err(), "{}", case.name);
    }

    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("a")).unwrap();
    std::fs::write(folder.path().join("a/1.jpg"), &file).unwrap();
    let (folder, _) = Folder::read(folder.path()).unwrap();
    let target = Target { max_pixels: 2000, ..Target::rgb(7, 11) };
    let (_, bad) = decode_all(&folder, target, 1, &Stop::default(), &|| ()).unwrap();
    assert!(bad[0].reason.starts_with("expected at most 2000 pixels, found 53×39"));
}

#[test]
fn many_scans_take_bounded_time() {
    let few = progressive(2048, 100);
    let picture = decode(&few, ColorMode::Grayscale, ExifOrientation::Apply).unwrap();
    assert_eq!(picture.pixels, vec![128; 2048 * 2048]);
    // 128 kB that would keep the decoder busy for half a minute.
    assert!(error_of(&progressive(2048, 5000)).starts_with(
        "expected the JPEG's scans to go through at most 268435456 blocks of 8×8 pixels, found more"
    ));
}

#[test]
fn long_and_flat_pictures_are_decoded() {
    for (width, height) in [(30_000, 10), (10, 30_000), (1, 1)] {
        let drawn = image::RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([(x / 128) as u8, (y / 128) as u8, 77])
        });
        for format in [image::ImageFormat::Jpeg, image::ImageFormat::Png, image::ImageFormat::Bmp] {
            let mut file = std::io::Cursor::new(Vec::new());
            drawn.write_to(&mut file, format).unwrap();
            let file = file.into_inner();
            let picture = decode(&file, ColorMode::Rgb, ExifOrientation::Apply).unwrap();
            assert_eq!((picture.width, picture.height), (width as usize, height as usize));
            let last = picture.pixels.last_chunk::<3>().unwrap();
            let expected = [((width - 1) / 128) as u8, ((height - 1) / 128) as u8, 77];
            let differs = last.iter().zip(expected).any(|(a, b)| a.abs_diff(b) > 3);
            assert!(!differs, "{format:?}: {last:?}, {expected:?}");
        }
    }
}

#[test]
fn what_follows_a_picture_is_ignored() {
    let jpegs: Vec<serde_json::Value> = read_json("jpegs.json");
    let progressive = jpegs.iter().find(|case| case["name"] == "2x2-progressive").unwrap();
    let mut files: Vec<Vec<u8>> = Case::all().iter().map(Case::file).collect();
    files.push(std::fs::read(golden("chroma-halved.jpg")).unwrap());
    files.push(bytes(progressive["file"].as_str().unwrap()));
    for file in files {
        let decode = |file: &[u8]| decode(file, ColorMode::Rgb, ExifOrientation::Apply).unwrap();
        let plain = decode(&file);
        for tail in [&[0xFF, 0xD8, 0xFF, 0xE0][..], &[0; 3 << 20]] {
            assert_eq!(decode(&[&file[..], tail].concat()), plain);
        }
    }
}

/// Files of 2 GB, almost all of them holes.
#[test]
fn huge_files_are_not_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge");
    let mut buffer = Vec::new();
    let mut read = |start: &[u8], length: u64| {
        let mut file = File::create(&path).unwrap();
        file.write_all(start).unwrap();
        file.set_len(length).unwrap();
        let result = read_file(&path, &mut buffer);
        (result.map_err(|error| error.to_string()), buffer.len())
    };
    for (start, expected, most) in [
        (&b"\0\x01"[..], "expected a picture, found an unknown format", 1 << 16),
        (
            b"\x89PNG\r\n\x1a\n",
            "expected a picture with its size in the first 65536 bytes",
            1 << 16,
        ),
        (b"\xFF\xD8\xFF", "expected a picture with its size in the first 16777216 bytes", 16 << 20),
        (b"GIF89a\x02\0\x02\0", "expected an animation of at most 134217856 bytes", 1 << 16),
        (b"II*\0\x08\0\0\0", "expected a TIFF page with a width and a height", 1 << 16),
        (b"II*\0\0\0\0\x01", "expected a TIFF with a page, found none", 1 << 16),
    ] {
        let (result, length) = read(start, 2 << 30);
        let error = result.unwrap_err();
        assert!(error.starts_with(expected), "{error}");
        assert!(length <= most, "{expected}: {length}");
    }
    let (result, _) = read(b"\xFF\xD8\xFF", (2 << 30) + 1);
    assert!(result.unwrap_err().starts_with("expected a file of at most 2147483648 bytes"));
    let jpeg = std::fs::read(golden("chroma-halved.jpg")).unwrap();
    let (result, length) = read(&jpeg, 2 << 30);
    result.unwrap();
    assert!(length < 129 << 20);
}
