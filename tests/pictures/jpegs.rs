//! Odd and damaged JPEGs: Pillow's pixels, or a message.

use super::golden::{bytes, difference, read_json};
use petite::pictures::decode::{check, decode};
use petite::pictures::orientation::ExifOrientation;
use petite::pictures::picture::ColorMode;

/// A file of `jpegs.json`; without pixels if Pillow refuses it.
#[derive(serde::Deserialize)]
struct Case {
    name: String,
    file: String,
    size: Option<[usize; 2]>,
    rgb: Option<String>,
}

/// The kinds that are not decoded, with what is said of them.
const OTHER_KINDS: &[(&str, &str)] = &[
    (
        "3x1",
        "the sampling factors 3×1, 1×1, 1×1; try converting it, for example with: magick IN OUT.png",
    ),
    (
        "chroma-finer",
        "the sampling factors 1×1, 2×2, 1×1; try converting it, for example with: magick IN OUT.png",
    ),
    ("frame-c3", "lossless coding; try converting it, for example with: magick IN OUT.png"),
    ("frame-c5", "hierarchical coding; try converting it, for example with: magick IN OUT.png"),
    ("frame-c9", "arithmetic coding; try converting it, for example with: magick IN OUT.png"),
    ("frame-ca", "arithmetic coding; try converting it, for example with: magick IN OUT.png"),
    (
        "frame-cb",
        "lossless arithmetic coding; try converting it, for example with: magick IN OUT.png",
    ),
    ("frame-de", "hierarchical coding; try converting it, for example with: magick IN OUT.png"),
    ("bits-2", "2 bits; try converting it, for example with: magick IN OUT.png"),
    ("bits-12", "12 bits; try converting it, for example with: magick IN OUT.png"),
    ("bits-16", "16 bits; try converting it, for example with: magick IN OUT.png"),
];

const KIND: &str = "expected a baseline or progressive JPEG with Huffman coding and 8 bits, found ";
const DAMAGED: &str = "expected a JPEG with whole scan data, found damaged or missing data";
const TRUNCATED: &str = "expected a complete JPEG, found a truncated one";

/// The refused files, with the beginning of their message.
const REFUSED: &[(&str, &str)] = &[
    ("two", "expected a JPEG of 1, 3 or 4 components, found 2"),
    ("five", "expected a JPEG of 1, 3 or 4 components, found 5"),
    ("too-many-blocks", "expected at most 10 blocks in a unit of the JPEG, found 12"),
    ("no-scan", "expected a JPEG with a scan, found none"),
    ("no-frame", "expected a frame before the JPEG's scans, found none"),
    ("no-quantization", "expected quantization table 0 in the JPEG, found none"),
    ("no-progressive-tables", "expected Huffman table 0 in the JPEG, found none"),
    ("quantization-elsewhere", "expected quantization table 1 in the JPEG, found none"),
    ("quantization-short", "expected whole quantization tables in the JPEG, found 60 bytes of 64"),
    ("quantization-slot-9", "expected quantization tables 0 to 3 in the JPEG, found 9"),
    ("tables-excessive", "expected a valid Huffman table 0 in the JPEG, found an invalid one"),
    ("tables-only-ones", "expected a valid Huffman table 0 in the JPEG, found an invalid one"),
    ("tables-slot-9", "expected valid Huffman tables in the JPEG, found invalid ones"),
    ("tables-sizes", "expected sizes of at most 15 bits in the JPEG, found others"),
    ("tables-long", "expected valid Huffman tables in the JPEG, found invalid ones"),
    ("frame-twice", "expected one frame in the JPEG, found another"),
    ("frame-later", "expected one frame in the JPEG, found another"),
    ("frame-short", "expected 3 components in the JPEG's frame, found 2"),
    ("height-0", "expected at least 1×1 pixels, found 17×0"),
    ("height-larger", DAMAGED),
    ("height-65501", "expected a JPEG of at most 65500 pixels on a side, found 17×65501"),
    ("marker-unknown", "expected known markers in the JPEG, found FF05"),
    ("marker-unknown-later", "expected known markers in the JPEG, found FFF0"),
    ("image-twice", "expected one start of image in the JPEG, found another"),
    ("image-ends-first", "expected a JPEG with a frame, found none"),
    ("bytes-before", "expected a JPEG with segments, found none"),
    ("interval-short", "expected a restart interval of 2 bytes in the JPEG, found 1"),
    ("segment-too-long", TRUNCATED),
    ("restart-early", DAMAGED),
    (
        "restart-missing",
        "expected the JPEG's scan in 2 parts with restart markers in order, found 1",
    ),
    ("restart-other", "expected the JPEG's scan in 2 parts with restart markers in order, found 1"),
    ("restart-undefined", DAMAGED),
    (
        "interval-without-restarts",
        "expected the JPEG's scan in 2 parts with restart markers in order, found 1",
    ),
    ("end-missing", TRUNCATED),
    ("unit-missing", DAMAGED),
    ("no-units", "expected at least 3 bytes of data in a scan of 17×11 pixels, found 0"),
    ("last-byte-missing", DAMAGED),
    ("damaged", DAMAGED),
    ("comment-inside", DAMAGED),
    ("component-unknown", "expected scans of the JPEG's own components, found component 9"),
    ("component-twice", "expected scans of the JPEG's own components, found component 2"),
    ("components-0", "expected a JPEG's scan of 1 to 4 components, found an invalid header"),
    ("components-5", "expected a JPEG's scan of 1 to 4 components, found an invalid header"),
    ("scan-behind", "expected one scan of each component in the JPEG, found another"),
    ("scan-missing", "expected all scans of the JPEG, found those of 2 of 3 components"),
    ("scan-repeated", "expected one scan of each component in the JPEG, found another"),
    ("scan-short", "expected valid scan data in the JPEG, found damaged data"),
    ("progressive-flat", "expected all scans of the JPEG, found those of 0 of 3 components"),
    ("progressive-no-chroma", "expected all scans of the JPEG, found those of 1 of 3 components"),
    (
        "progressive-last-missing",
        "expected all scans of the JPEG, found those of 2 of 3 components",
    ),
    ("progressive-no-dc", "expected all scans of the JPEG, found those of 0 of 3 components"),
    ("progressive-short-dc", DAMAGED),
    ("progressive-short-ac", DAMAGED),
    ("progressive-short-last", DAMAGED),
    (
        "progressive-bit-skipped",
        "expected valid scans in the progressive JPEG, found one of coefficients 0 to 0 and bits 2 to 0",
    ),
    (
        "progressive-bit-first",
        "expected the scans of the progressive JPEG in order, found them out of order",
    ),
    (
        "progressive-mixed",
        "expected valid scans in the progressive JPEG, found one of coefficients 0 to 63 and bits 0 to 0",
    ),
    (
        "progressive-interleaved",
        "expected valid scans in the progressive JPEG, found one of coefficients 1 to 63 and bits 0 to 0",
    ),
    (
        "progressive-bit-14",
        "expected valid scans in the progressive JPEG, found one of coefficients 0 to 0 and bits 0 to 14",
    ),
];

#[test]
fn every_odd_jpeg_has_pillows_pixels_or_its_message() {
    let cases: Vec<Case> = read_json("jpegs.json");
    assert_eq!(cases.len(), 151);
    let mut refused = 0;
    for Case { name, file, size, rgb } in &cases {
        let file = bytes(file);
        let found = decode(&file, ColorMode::Rgb, ExifOrientation::Ignore);
        let others = OTHER_KINDS.iter().map(|(of, kind)| (of, format!("{KIND}{kind}")));
        let mut all = REFUSED.iter().map(|(of, message)| (of, (*message).to_owned())).chain(others);
        if let Some((_, message)) = all.find(|(of, _)| *of == name) {
            assert_eq!(found.expect_err(name).to_string(), message, "{name}");
            refused += 1;
            continue;
        }
        // What is not in the list is decoded, and by Pillow too.
        let picture = found.unwrap_or_else(|error| panic!("{name}: {error:#}"));
        check(&file).unwrap();
        let rgb = rgb.as_ref().unwrap_or_else(|| panic!("{name}: Pillow refuses it"));
        assert_eq!(Some([picture.height, picture.width]), *size, "{name}");
        let (largest, mean) = difference(&picture.pixels, &bytes(rgb));
        // Two decoders differ by a few levels; another color model or missing data by dozens.
        assert!(largest <= 7 && mean <= 0.75, "{name}: {largest}, {mean}");
    }
    assert_eq!(refused, REFUSED.len() + OTHER_KINDS.len());
}
