//! Resizing.

use super::golden::{bytes, golden, read_json};
use petite::pictures::aspect::{Fitter, Resize};
use petite::pictures::picture::Picture;
use petite::pictures::resize::{Interpolation, resize};

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

#[test]
fn resized_pixels_are_pillows() {
    let resizes: Resizes = read_json("resize.json");
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

#[derive(serde::Deserialize)]
struct Fit {
    from: [usize; 2],
    to: [usize; 2],
    /// In color, then in gray: by each filter, stretched, cropped and padded.
    /// Eight digits each; 0 where Pillow refuses.
    hashes: String,
}

/// FNV-1a of 32 bits.
fn fnv(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811C_9DC5, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// `write_fits` of the script.
#[test]
fn fitted_pixels_are_pillows() {
    let fits: Vec<Fit> = read_json("fit.json");
    assert_eq!(fits.len(), 200);
    // Reused from picture to picture, as when a data set is decoded.
    let mut fitter = Fitter::default();
    for Fit { from: [height, width], to, hashes } in fits {
        let hashes = bytes(&hashes);
        let (hashes, _) = hashes.as_chunks::<4>();
        let mut hashes = hashes.iter().map(|&hash| u32::from_be_bytes(hash));
        for channels in [3, 1] {
            let value = |index: usize| ((index as u64 * 2_654_435_761 % (1 << 32)) >> 21) as u8;
            let pixels = (0..height * width * channels).map(value).collect();
            let picture = Picture { width, height, channels, pixels };
            for interpolation in
                [Interpolation::Nearest, Interpolation::Bilinear, Interpolation::Bicubic]
            {
                for mode in [Resize::Stretch, Resize::Crop, Resize::Pad] {
                    let mut out = vec![7; to[0] * to[1] * channels];
                    fitter.fit(&picture, (to[0], to[1]), mode, interpolation, &mut out);
                    let case = format!(
                        "{height}×{width}×{channels} to {to:?}, {interpolation:?}, {mode:?}"
                    );
                    let hash = hashes.next().unwrap();
                    assert!(hash == 0 || hash == fnv(&out), "{case}");
                }
            }
        }
        assert!(hashes.next().is_none());
    }
}
