//! Damaged files: errors, never panics.

use super::golden::{Case, golden};
use petite::pictures::decode::{check, decode};
use petite::pictures::orientation::ExifOrientation;
use petite::pictures::picture::ColorMode;
use rayon::prelude::*;

/// What is said of a file on which a decoder panics.
const PANIC: &str = "the decoder has failed";

fn decodes(bytes: &[u8]) -> bool {
    decode(bytes, ColorMode::Rgb, ExifOrientation::Apply).is_ok()
}

#[test]
fn a_jpeg_cut_anywhere_is_refused() {
    for name in ["chroma-halved", "progressive", "rotated"] {
        let whole = std::fs::read(golden(&format!("{name}.jpg"))).unwrap();
        for length in 0..whole.len() {
            assert!(!decodes(&whole[..length]), "{name} cut to {length}");
        }
        // What follows the end of the picture does not matter.
        assert!(decodes(&[&whole[..], b"more"].concat()));
    }
}

#[test]
fn a_file_of_any_format_cut_anywhere_is_refused() {
    for case in Case::all() {
        let whole = case.file();
        // Pillow pads a page to whole 16 bytes.
        let padding = if case.name == "tiff-pages" { 16 } else { 0 };
        for length in 0..whole.len() - padding {
            assert!(!decodes(&whole[..length]), "{} cut to {length}", case.name);
            assert!(check(&whole[..length]).is_err(), "{} cut to {length}: check", case.name);
        }
        assert!(decodes(&[&whole[..], b"more"].concat()), "{}", case.name);
    }
}

/// A panic of a decoder would be caught, and said.
#[test]
fn damaged_bytes_fail_no_decoder_and_what_is_decoded_passes_the_check() {
    let jpeg = std::fs::read(golden("chroma-halved.jpg")).unwrap();
    let mut files: Vec<_> = Case::all().iter().map(Case::file).collect();
    files.push(jpeg);
    files.into_par_iter().for_each(|whole| {
        for at in 2..whole.len() {
            for value in [0x00, 0xFF, whole[at] ^ 0x55] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                match decode(&damaged, ColorMode::Rgb, ExifOrientation::Apply) {
                    Ok(_) => check(&damaged).unwrap(),
                    Err(error) => assert!(!error.to_string().contains(PANIC), "byte {at}: {error}"),
                }
            }
        }
    });
}
