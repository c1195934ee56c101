//! EXIF orientation, held against Pillow's `exif_transpose`.

use super::golden::{bytes, difference, read_json};
use petite::pictures::decode::decode;
use petite::pictures::orientation::ExifOrientation;
use petite::pictures::picture::ColorMode;

/// A file of `orientations.json`.
#[derive(serde::Deserialize)]
struct Case {
    name: String,
    file: String,
    /// RGB pixels as they are stored.
    plain: String,
    /// Rows and columns after `exif_transpose`.
    size: [usize; 2],
    upright: String,
}

#[test]
fn every_orientation_is_applied_as_in_pillow() {
    let cases: Vec<Case> = read_json("orientations.json");
    assert_eq!(cases.len(), 22);
    for Case { name, file, plain, size, upright } in cases {
        let file = bytes(&file);
        for (setting, expected) in
            [(ExifOrientation::Apply, bytes(&upright)), (ExifOrientation::Ignore, bytes(&plain))]
        {
            let found = decode(&file, ColorMode::Rgb, setting).unwrap();
            if setting == ExifOrientation::Apply {
                assert_eq!([found.height, found.width], size, "{name}");
            }
            let (largest, mean) = difference(&found.pixels, &expected);
            // Two JPEG decoders differ by a few levels; a wrong orientation by dozens.
            let bound = if name.starts_with("jpeg") { (2, 0.05) } else { (0, 0.0) };
            assert!((largest, mean) <= bound, "{name} {setting:?}: {largest}, {mean}");
        }
        let gray = decode(&file, ColorMode::Grayscale, ExifOrientation::Apply).unwrap();
        assert_eq!([gray.height, gray.width], size, "{name}");
    }
}

#[test]
fn broken_exif_is_ignored() {
    let cases: Vec<Case> = read_json("orientations.json");
    let case = cases.iter().find(|case| case.name == "jpeg-6").unwrap();
    let whole = bytes(&case.file);
    let start = whole.windows(6).position(|six| six == b"Exif\0\0").unwrap() + 6;
    let length = usize::from(u16::from_be_bytes([whole[start - 8], whole[start - 7]])) - 8;
    let stored = decode(&whole, ColorMode::Rgb, ExifOrientation::Ignore).unwrap();
    let turned = decode(&whole, ColorMode::Rgb, ExifOrientation::Apply).unwrap();
    let mut ignored = 0;
    for at in start..start + length {
        for value in [0x00, 0x09, 0x7F, 0xFF] {
            let mut damaged = whole.clone();
            damaged[at] = value;
            let found = decode(&damaged, ColorMode::Rgb, ExifOrientation::Apply).unwrap();
            // Another valid number is another orientation.
            assert_eq!(found.pixels.len(), stored.pixels.len());
            ignored += usize::from(found == stored);
            assert!(found == stored || found == turned || damaged[at] < 9, "{at}: {value}");
        }
    }
    assert!(ignored > 30, "{ignored}");
}
