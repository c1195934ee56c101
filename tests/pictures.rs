//! Decoding and resizing, held against Pillow. The golden files come from
//! `scripts/reference/pillow_reference.py`.

#[path = "support/skipped.rs"]
mod skipped;

use petite::pictures::decode::{ColorMode, decode};
use petite::pictures::resize::{Interpolation, resize};
use petite::pictures::{decode::Picture, folder::Folder, pixels};
use skipped::skipped;
use std::path::{Path, PathBuf};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pillow").join(name)
}

/// Largest and mean difference in levels.
fn difference(found: &[u8], expected: &[u8]) -> (u8, f64) {
    assert_eq!(found.len(), expected.len());
    let levels = found.iter().zip(expected).map(|(a, b)| a.abs_diff(*b));
    let mean = levels.clone().map(f64::from).sum::<f64>() / found.len() as f64;
    (levels.max().unwrap(), mean)
}

#[test]
fn every_kind_of_jpeg_decodes_as_in_pillow() {
    for name in ["chroma-full", "chroma-halved", "progressive", "grey", "cmyk", "rotated"] {
        let bytes = std::fs::read(golden(&format!("{name}.jpg"))).unwrap();
        for (mode, extension) in [(ColorMode::Rgb, "rgb"), (ColorMode::Grayscale, "l")] {
            let picture = decode(&bytes, mode).unwrap();
            // The rotation of `rotated` is not applied, as Pillow's convert does not.
            assert_eq!((picture.width, picture.height), (53, 39), "{name}");
            let expected = std::fs::read(golden(&format!("{name}.{extension}"))).unwrap();
            let (largest, mean) = difference(&picture.pixels, &expected);
            println!("{name} {extension}: largest {largest}, mean {mean:.3}");
            // Two decoders differ by a few levels; a wrong conversion by dozens.
            assert!(largest <= 7 && mean <= 0.5, "{name} {extension}: {largest}, {mean}");
        }
    }
}

#[derive(serde::Deserialize)]
struct Resizes {
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    from: [usize; 2],
    to: [usize; 2],
    pixels: String,
    nearest: String,
    bilinear: String,
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn resized_pixels_are_pillows() {
    let json = std::fs::read_to_string(golden("resize.json")).unwrap();
    let resizes: Resizes = serde_json::from_str(&json).unwrap();
    assert_eq!(resizes.cases.len(), 120);
    for case in &resizes.cases {
        let [height, width] = case.from;
        let picture = Picture { width, height, channels: 3, pixels: bytes(&case.pixels) };
        for (interpolation, expected) in
            [(Interpolation::Nearest, &case.nearest), (Interpolation::Bilinear, &case.bilinear)]
        {
            let mut out = vec![0; case.to[0] * case.to[1] * 3];
            resize(&picture, case.to[0], case.to[1], interpolation, &mut out);
            assert_eq!(out, bytes(expected), "{:?} to {:?}, {interpolation:?}", case.from, case.to);
        }
    }
}

/// 1,000 widths and heights to 150: `write_nearest` of the script.
#[test]
fn nearest_takes_pillow_s_pixels_at_a_thousand_sizes() {
    let steps = std::fs::read(golden("nearest.bin")).unwrap();
    assert_eq!(steps.len(), 1000 * 300);
    for (index, steps) in steps.chunks_exact(300).enumerate() {
        let (width, height) = (index + 1, 1000 - index);
        let taken = |steps: &[u8]| -> Vec<usize> {
            let mut at = 0;
            steps
                .iter()
                .map(|&step| {
                    at += usize::from(step);
                    at
                })
                .collect()
        };
        let (columns, rows) = (taken(&steps[..150]), taken(&steps[150..]));
        // A picture whose pixels spell their column and row.
        let pixel = |row: usize, column: usize| {
            [(column % 256) as u8, (column / 256 + row / 256 * 16) as u8, (row % 256) as u8]
        };
        let pixels =
            (0..width * height).flat_map(|place| pixel(place / width, place % width)).collect();
        let picture = Picture { width, height, channels: 3, pixels };
        let mut out = vec![0; 150 * 150 * 3];
        resize(&picture, 150, 150, Interpolation::Nearest, &mut out);
        let expected: Vec<u8> = rows
            .iter()
            .flat_map(|&row| columns.iter().flat_map(move |&column| pixel(row, column)))
            .collect();
        assert!(out == expected, "{width}×{height}");
    }
}

#[test]
fn a_jpeg_cut_anywhere_is_refused() {
    for name in ["chroma-halved", "progressive", "rotated"] {
        let whole = std::fs::read(golden(&format!("{name}.jpg"))).unwrap();
        for length in 0..whole.len() {
            assert!(decode(&whole[..length], ColorMode::Rgb).is_err(), "{name} cut to {length}");
        }
        // What follows the end of the picture does not matter.
        assert!(decode(&[&whole[..], b"more"].concat(), ColorMode::Rgb).is_ok());
    }
}

#[test]
fn damaged_bytes_never_panic() {
    let whole = std::fs::read(golden("chroma-halved.jpg")).unwrap();
    for at in 2..whole.len() {
        for value in [0x00, 0xFF, whole[at] ^ 0x55] {
            let mut damaged = whole.clone();
            damaged[at] = value;
            // Some of these still are pictures; what counts is that each gives an answer.
            let _ = decode(&damaged, ColorMode::Rgb);
        }
    }
}

/// The real pictures, where `PETITE_PICTURES` names the folder of Kaggle's originals.
#[test]
fn all_real_pictures_decode() {
    let Some(originals) = std::env::var_os("PETITE_PICTURES").map(PathBuf::from) else {
        skipped("real pictures", "PETITE_PICTURES names no folder of pictures");
        return;
    };
    let workspace = tempfile::tempdir().unwrap();
    let sizes = petite::dataset::split::Sizes { train: 1000, validation: 500, test: 500 };
    let data = workspace.path().join("data");
    petite::dataset::split::split(
        &originals,
        &data,
        sizes,
        petite::dataset::split::Link::Symbolic,
        None,
        &petite::Stop::default(),
    )
    .unwrap();
    let target = pixels::Target {
        height: 150,
        width: 150,
        color_mode: ColorMode::Rgb,
        interpolation: Interpolation::Nearest,
    };
    for (split, count) in [("train", 2000), ("validation", 1000), ("test", 1000)] {
        let folder = Folder::read(&data.join(split)).unwrap().0;
        let (pixels, bad) =
            pixels::decode_all(&folder, target, 0, &petite::Stop::default(), &|| ()).unwrap();
        assert!(bad.is_empty(), "{bad:?}");
        assert_eq!(pixels.samples.len(), count);
        let (one_thread, _) =
            pixels::decode_all(&folder, target, 1, &petite::Stop::default(), &|| ()).unwrap();
        assert!(*pixels.bytes == *one_thread.bytes);
    }
}
