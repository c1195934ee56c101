//! Every way of storing pixels in every format, held against Pillow's pixels.

use super::golden::{Case, difference};
use petite::pictures::decode::{check, decode};
use petite::pictures::orientation::ExifOrientation;
use petite::pictures::picture::ColorMode;

#[test]
fn every_format_decodes_as_in_pillow() {
    let cases = Case::all();
    assert_eq!(cases.len(), 86);
    for case in &cases {
        let (file, name) = (case.file(), &case.name);
        check(&file).unwrap_or_else(|error| panic!("{name}: {error:#}"));
        for (mode, expected) in [(ColorMode::Rgb, case.rgb()), (ColorMode::Grayscale, case.gray())]
        {
            let picture = decode(&file, mode, ExifOrientation::Ignore)
                .unwrap_or_else(|error| panic!("{name}: {error:#}"));
            assert_eq!([picture.height, picture.width], case.size, "{name}");
            let (largest, mean) = difference(&picture.pixels, &expected);
            // The JPEG inside a TIFF: two decoders differ by a level. All others agree exactly.
            let bound = if name == "tiff-jpeg" { (1, 0.5) } else { (0, 0.0) };
            assert!((largest, mean) <= bound, "{name} {mode:?}: {largest}, {mean}");
        }
    }
}
