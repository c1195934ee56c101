//! Mirror images looked at too.

use super::support::{Workspace, json_of, output_of};
use image::{GrayImage, Luma, codecs::jpeg::JpegEncoder};
use std::path::PathBuf;

/// A JPEG of 48×48 in blocks of one grey each: drawn mirrored, it decodes to the mirror image.
fn draw(workspace: &Workspace, name: &str, grey: impl Fn(u32, u32) -> u32) -> PathBuf {
    let picture = GrayImage::from_fn(48, 48, |x, y| Luma([grey(x / 8, y / 8) as u8]));
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 95).encode_image(&picture).unwrap();
    workspace.write(name, &bytes);
    workspace.path(name)
}

/// The probability of the second class of each picture.
fn told(workspace: &Workspace, pictures: &[&PathBuf], flags: &str) -> Vec<f64> {
    let csv = workspace.path("told.csv");
    let mut command = workspace.on_run(&format!("predict {flags}"), "run");
    command.args(pictures).arg("--csv").arg(&csv).assert().success();
    let mut reader = csv::Reader::from_path(&csv).unwrap();
    reader.records().map(|row| row.unwrap()[3].parse().unwrap()).collect()
}

#[test]
fn logits_of_a_picture_and_its_mirror_image_are_averaged() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 8 --learning-rate 1e-3").assert().success();
    let leaning = |x: u32, y: u32| (x * 41 + y * 23 + x * y * 7) % 256;
    let picture = draw(&workspace, "a.jpg", leaning);
    let mirrored = draw(&workspace, "b.jpg", |x, y| leaning(5 - x, y));
    let symmetric = draw(&workspace, "c.jpg", |x, y| x.min(5 - x) * 60 + y * 11);

    let pictures = [&picture, &mirrored, &symmetric];
    let plain = told(&workspace, &pictures, "");
    let both = told(&workspace, &pictures, "--flip");
    let logit = |p: f64| (p / (1.0 - p)).ln();
    assert!((logit(plain[0]) - logit(plain[1])).abs() > 1e-3, "{plain:?}");
    let mean = (logit(plain[0]) + logit(plain[1])) / 2.0;
    assert!((logit(both[0]) - mean).abs() < 1e-4, "{plain:?} {both:?}");
    assert!((both[0] - both[1]).abs() < 1e-6);
    assert!((both[2] - plain[2]).abs() < 1e-6);
}

#[test]
fn evaluate_says_that_it_flipped_and_compare_leaves_it_out() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 4 --learning-rate 1e-3").assert().success();
    let evaluate = |flags: &str| -> serde_json::Value {
        let command = format!("evaluate --json {flags}");
        json_of(&mut workspace.on_run(&command, "run"))
    };
    let (plain, both) = (evaluate(""), evaluate("--flip"));
    assert_eq!((&plain["flip"], &both["flip"]), (&false.into(), &true.into()));
    assert_ne!(plain["loss"], both["loss"]);
    let out = output_of(&mut workspace.on_run("compare --reference book-features", "run"));
    assert!(out.contains("test.json was measured with --flip"), "{out}");
}
