//! JPEGs.

use super::golden::{difference, golden};
use petite::pictures::decode::decode;
use petite::pictures::orientation::ExifOrientation;
use petite::pictures::picture::ColorMode;

#[test]
fn every_kind_of_jpeg_decodes_as_in_pillow() {
    for name in ["chroma-full", "chroma-halved", "progressive", "grey", "cmyk", "rotated"] {
        let bytes = std::fs::read(golden(&format!("{name}.jpg"))).unwrap();
        for (mode, extension) in [(ColorMode::Rgb, "rgb"), (ColorMode::Grayscale, "l")] {
            let picture = decode(&bytes, mode, ExifOrientation::Ignore).unwrap();
            // The rotation of `rotated` is not applied, nor does Pillow's convert.
            assert_eq!((picture.width, picture.height), (53, 39), "{name}");
            let expected = std::fs::read(golden(&format!("{name}.{extension}"))).unwrap();
            let (largest, mean) = difference(&picture.pixels, &expected);
            println!("{name} {extension}: largest {largest}, mean {mean:.3}");
            // Two decoders differ by a few levels; a wrong conversion by dozens.
            assert!(largest <= 7 && mean <= 0.5, "{name} {extension}: {largest}, {mean}");
        }
    }
}
