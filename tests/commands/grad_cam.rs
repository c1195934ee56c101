//! `petite predict --grad-cam`

use super::support::{Workspace, entries, error_of, json_of, output_of};
use petite::nn::zoo::Model;
use petite::pictures::decode::decode;
use petite::pictures::orientation::ExifOrientation;
use petite::pictures::picture::{ColorMode, Picture};
use std::path::Path;

fn read(path: &Path) -> Picture {
    decode(&std::fs::read(path).unwrap(), ColorMode::Rgb, ExifOrientation::Apply).unwrap()
}

/// Whether the overlay is colored, and follows the picture below it.
fn is_overlay(overlay: &Picture, original: &Picture) {
    assert_eq!((overlay.width, overlay.height), (original.width, original.height));
    for (shown, below) in overlay.pixels.iter().zip(&original.pixels) {
        let (low, high) = (below / 2, 128 + below / 2);
        assert!((low..=high).contains(shown), "{shown} {below}");
    }
    assert_ne!(overlay.pixels, original.pixels);
}

#[test]
fn writes_a_heat_map_over_each_picture() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    let test = workspace.path("data/test/spots");
    let twin = workspace.path("twin/spot.12.jpg");
    std::fs::create_dir(workspace.path("twin")).unwrap();
    std::fs::copy(test.join("spot.12.jpg"), &twin).unwrap();
    workspace.write("notes.jpg", b"notes");
    let plain = output_of(workspace.on_run("predict --json", "run").arg(&test).arg(&twin));

    let mut command = workspace.on_run("predict --json", "run");
    command.arg("--grad-cam").arg(workspace.path("maps")).arg(&test).arg(&twin);
    // The predictions are the same.
    assert_eq!(output_of(&mut command), plain);
    let names = ["spot.12-2.png", "spot.12.png", "spot.13.png", "spot.14.png", "spot.15.png"];
    assert_eq!(entries(&workspace.path("maps"))[1..], names);
    for number in 12..16 {
        let original = read(&test.join(format!("spot.{number}.jpg")));
        is_overlay(&read(&workspace.path(&format!("maps/spot.{number}.png"))), &original);
    }
    let map = |name: &str| std::fs::read(workspace.path("maps").join(name)).unwrap();
    assert_eq!(map("spot.12.png"), map("spot.12-2.png"));

    // Refused before computing, where something is already.
    let error = error_of(&mut command);
    assert!(error.contains("found files there; try another --grad-cam"), "{error}");
    // A bad picture has none, and is named.
    let mut command = workspace.on_run("predict --flip", "run");
    command.arg("--grad-cam").arg(workspace.path("some")).arg(workspace.path("notes.jpg"));
    let error = error_of(command.arg(&twin));
    assert!(error.starts_with("error: 1 of 2 pictures cannot be used:\n"), "{error}");
    assert_eq!(entries(&workspace.path("some")), [".made-by-petite", "spot.12.png"]);
    // Nothing is written if there is none.
    let mut command = workspace.on_run("predict", "run");
    command.arg("--grad-cam").arg(workspace.path("none")).arg(workspace.path("notes.jpg"));
    error_of(&mut command);
    assert!(!workspace.path("none").exists());
}

#[test]
fn runs_the_base_of_a_head_on_stored_features() {
    let workspace = Workspace::with_data();
    workspace.base_weights("base.safetensors", Model::Mobilenet, 0.25, 1);
    workspace
        .train_mobilenet("head", "--recipe features --epochs 1", "base.safetensors")
        .assert()
        .success();
    let picture = workspace.path("data/test/stripes/stripe.12.jpg");
    let mut command = workspace.on_run("predict --json", "head");
    command.arg("--grad-cam").arg(workspace.path("maps")).arg(&picture);
    let told = json_of(&mut command);
    assert!(told["class"].is_string());
    is_overlay(&read(&workspace.path("maps/stripe.12.png")), &read(&picture));
}
