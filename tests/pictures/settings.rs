//! The settings `background` and `depth`, held against Pillow's and NumPy's pixels.

use super::golden::{Case, bytes, read_json};
use petite::Stop;
use petite::pictures::background::Background;
use petite::pictures::decode::decode_to;
use petite::pictures::depth::Levels;
use petite::pictures::folder::Sample;
use petite::pictures::picture::{ColorMode, Picture};
use petite::pictures::pixels::Target;
use petite::pictures::traits::Traits;
use std::collections::BTreeMap;

#[derive(serde::Deserialize)]
struct Settings {
    background: [u8; 3],
    levels: (u16, u16),
    /// RGB and gray on the background.
    laid: BTreeMap<String, [String; 2]>,
    scaled: BTreeMap<String, String>,
}

const PLAIN: Target = Target::rgb(1, 1);
const GRAY: Target = Target { color_mode: ColorMode::Grayscale, ..PLAIN };

fn decoded(case: &Case, target: Target) -> (Vec<u8>, Traits) {
    let mut picture = Picture::default();
    let traits = decode_to(&case.file(), &target, &mut picture);
    (picture.pixels, traits.unwrap_or_else(|error| panic!("{}: {error:#}", case.name)))
}

#[test]
fn transparent_pictures_are_laid_on_the_background_as_in_pillow_and_others_stay() {
    let golden: Settings = read_json("settings.json");
    let background = Some(Background(golden.background));
    for case in Case::all() {
        let (plain, noticed) = decoded(&case, PLAIN);
        assert_eq!(plain, case.rgb().as_slice(), "{}", case.name);
        let [rgb, gray] = [PLAIN, GRAY].map(|target| Target { background, ..target });
        let (rgb, with_background) = decoded(&case, rgb);
        let (gray, _) = decoded(&case, gray);
        assert!(!with_background.is_transparent, "{}", case.name);
        match golden.laid.get(&case.name) {
            Some([expected, expected_gray]) => {
                assert_eq!(rgb, bytes(expected), "{}", case.name);
                assert_eq!(gray, bytes(expected_gray), "{}", case.name);
                // Of this one, all pixels are nearly opaque.
                assert!(
                    noticed.is_transparent || case.name.starts_with("png-rgb-"),
                    "{}",
                    case.name
                );
            }
            None => {
                assert_eq!(rgb, plain, "{}", case.name);
                assert_eq!(gray, decoded(&case, GRAY).0, "{}", case.name);
                assert!(!noticed.is_transparent, "{}", case.name);
            }
        }
    }
    assert_eq!(golden.laid.len(), 15);
}

#[test]
fn samples_of_16_bits_are_scaled_as_by_numpy_and_others_stay() {
    let golden: Settings = read_json("settings.json");
    let depth = Levels::new(golden.levels.0, golden.levels.1);
    for case in Case::all() {
        let (plain, noticed) = decoded(&case, PLAIN);
        let (scaled, also_noticed) = decoded(&case, Target { depth, ..PLAIN });
        assert_eq!(also_noticed.range, noticed.range, "{}", case.name);
        match golden.scaled.get(&case.name) {
            Some(expected) => {
                let (gray, _) = decoded(&case, Target { depth, ..GRAY });
                assert_eq!(gray, bytes(expected), "{}", case.name);
                assert!(scaled.chunks_exact(3).map(|pixel| pixel[0]).eq(gray), "{}", case.name);
            }
            None => assert_eq!(scaled == plain, noticed.range.is_none(), "{}", case.name),
        }
        assert_eq!(noticed.range.is_some(), case.name.contains("16"), "{}", case.name);
    }
    assert_eq!(golden.scaled.len(), 4);
}

/// A color picture with an opacity: the opacity is neither scaled nor part of the range.
#[test]
fn the_opacity_of_16_bits_is_not_scaled() {
    let folder = tempfile::tempdir().unwrap();
    let texels =
        |range: [u16; 2]| [range[0], range[1], range[1], u16::MAX, range[1], range[0], range[0], 0];
    let save = |name: &str, range| {
        let path = folder.path().join(name);
        let picture =
            image::ImageBuffer::<image::Rgba<u16>, _>::from_raw(2, 1, texels(range).to_vec());
        picture.unwrap().save(&path).unwrap();
        Sample { path, label: 0 }
    };
    let samples = [save("a.png", [1000, 3000]), save("b.png", [2000, 4095])];
    image::RgbImage::new(2, 2).save(folder.path().join("c.png")).unwrap();
    let eight = Sample { path: folder.path().join("c.png"), label: 0 };
    let find = |samples: &[Sample]| Levels::used_by(samples, PLAIN, 2, &Stop::default(), &|| ());
    assert_eq!(find(std::slice::from_ref(&eight)).unwrap(), None);
    let depth = find(&[samples.to_vec(), vec![eight]].concat()).unwrap();
    assert_eq!(depth, Levels::new(1000, 4095));
    let target = Target { depth, background: Some(Background([9, 8, 7])), ..PLAIN };
    let mut picture = Picture::default();
    decode_to(&std::fs::read(&samples[0].path).unwrap(), &target, &mut picture).unwrap();
    // (3000 − 1000) · 255 / 3095 = 164.8
    assert_eq!(picture.pixels, [0, 165, 165, 9, 8, 7]);
}
