//! Picture files: each is decoded or refused, and what is decoded passes the check of headers.

#![no_main]

use libfuzzer_sys::fuzz_target;
use petite::pictures::decode::{check_within, decode_within};
use petite::pictures::orientation::ExifOrientation;
use petite::pictures::picture::{ColorMode, Picture};

/// Small, so that the time goes into files rather than pixels.
const MAX_PIXELS: u64 = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let mut picture = Picture::default();
    for color_mode in [ColorMode::Rgb, ColorMode::Grayscale] {
        let orientation = ExifOrientation::Apply;
        let decoded = decode_within(MAX_PIXELS, bytes, color_mode, orientation, &mut picture);
        if decoded.is_ok() {
            let values = picture.width * picture.height * picture.channels;
            assert_eq!(picture.pixels.len(), values);
            assert_eq!(picture.channels, color_mode.channels());
            check_within(MAX_PIXELS, bytes).expect("what is decoded passes the check");
        }
    }
});
