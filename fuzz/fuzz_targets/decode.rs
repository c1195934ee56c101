//! Picture files: each is decoded or refused, and what is decoded passes the check of headers.

#![no_main]

use libfuzzer_sys::fuzz_target;
use petite::pictures::decode::{check_within, decode_to};
use petite::pictures::background::Background;
use petite::pictures::depth::Levels;
use petite::pictures::picture::{ColorMode, Picture};
use petite::pictures::target::Target;

/// Small, so that the time goes into files rather than pixels.
const MAX_PIXELS: u64 = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let mut picture = Picture::default();
    let plain = Target { max_pixels: MAX_PIXELS, ..Target::rgb(0, 0) };
    let (background, depth) = (Some(Background([1, 2, 3])), Levels::new(9, 4095));
    let laid_out = Target { background, depth, color_mode: ColorMode::Grayscale, ..plain };
    for target in [plain, laid_out, Target { color_mode: ColorMode::Rgb, ..laid_out }] {
        let decoded = decode_to(bytes, &target, &mut picture);
        if decoded.is_ok() {
            let values = picture.width * picture.height * picture.channels;
            assert_eq!(picture.pixels.len(), values);
            assert_eq!(picture.channels, target.color_mode.channels());
            check_within(MAX_PIXELS, bytes).expect("what is decoded passes the check");
        }
    }
});
