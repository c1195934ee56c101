//! Where decoded pictures are kept changes nothing but time and memory.

use super::support::{Workspace, entries, error_of, output_of, texts_of, warning_of};
use petite::nn::zoo::Model;
use petite::pictures::decode::{check, decode};
use petite::pictures::orientation::ExifOrientation;
use petite::pictures::picture::ColorMode;
use std::path::{Path, PathBuf};
use std::process::Command;

const POLICIES: [&str; 3] = ["memory", "disk", "none"];

/// Trains with `flags` into the new run `name`: its standard output.
fn train(workspace: &Workspace, name: &str, flags: &str) -> String {
    output_of(&mut workspace.train(name, flags))
}

/// The one file of pixels of the split `train`.
fn pixel_file(workspace: &Workspace) -> PathBuf {
    let folder = workspace.path("cache/pictures");
    let names = entries(&folder);
    let of_train: Vec<&String> = names.iter().filter(|name| name.starts_with("train-")).collect();
    assert_eq!(of_train.len(), 1, "{names:?}");
    folder.join(of_train[0])
}

#[test]
fn every_policy_trains_the_same_weights_on_any_number_of_threads() {
    let workspace = Workspace::with_data();
    // Seven steps of four: passes end inside epochs.
    let flags = "--epochs 2 --steps-per-epoch 7 --validation-steps 3 --rotation-range 40";
    train(&workspace, "reference", &format!("{flags} --cache memory"));
    for policy in POLICIES {
        for threads in [1, 3] {
            let name = format!("{policy}-{threads}");
            let flags = format!("{flags} --cache {policy} --loader-threads {threads}");
            train(&workspace, &name, &flags);
            workspace.assert_same_run("reference", &name);
        }
    }
    let config = workspace.text("none-3/config.json");
    assert!(config.contains("\"cache\": \"none\""), "{config}");
    // A run of whole passes, each shuffled anew.
    train(&workspace, "keras-3", "--epochs 2 --keras 3 --cache memory");
    train(&workspace, "keras-3-none", "--epochs 2 --keras 3 --cache none");
    workspace.assert_same_run("keras-3", "keras-3-none");
}

#[test]
fn a_run_goes_on_with_another_policy() {
    let workspace = Workspace::with_data();
    train(&workspace, "whole", "--epochs 3 --steps-per-epoch 3");
    train(&workspace, "parts", "--epochs 1 --steps-per-epoch 3 --cache memory");
    for (epochs, policy) in [(2, "none"), (3, "disk")] {
        workspace
            .resume("parts", &format!("--epochs {epochs} --cache {policy}"))
            .assert()
            .success();
    }
    workspace.assert_same_run("whole", "parts");
}

#[test]
fn the_second_run_decodes_nothing() {
    let workspace = Workspace::with_data();
    let first = train(&workspace, "first", "--epochs 1 --cache disk");
    assert!(first.contains("16 pictures of spots, stripes (16 decoded into the cache)"), "{first}");

    let second = train(&workspace, "second", "--epochs 1 --cache disk");
    assert!(second.contains("16 pictures of spots, stripes (from the cache)"), "{second}");
    assert!(second.contains("8 pictures (from the cache)"), "{second}");
    workspace.assert_same_run("first", "second");
}

/// Replaces a picture by zeros, but keeps its size and its time of modification.
fn replace(path: &Path) {
    let found = path.metadata().unwrap();
    std::fs::write(path, vec![0; found.len() as usize]).unwrap();
    let file = std::fs::File::options().append(true).open(path).unwrap();
    file.set_modified(found.modified().unwrap()).unwrap();
}

#[test]
fn a_picture_replaced_with_its_size_and_time_kept_is_noticed() {
    let workspace = Workspace::with_data();
    let path = workspace.path("data/train/spots/spot.3.jpg");
    let whole = std::fs::read(&path).unwrap();
    workspace.base_weights("base.safetensors", Model::Mobilenet, 0.25, 1);
    let features = |run: &str| {
        workspace.train_mobilenet(run, "--recipe features --epochs 1", "base.safetensors")
    };
    train(&workspace, "disk", "--epochs 1 --cache disk");
    output_of(&mut features("features"));
    replace(&path);
    for mut command in
        [workspace.train("disk-again", "--epochs 1 --cache disk"), features("features-again")]
    {
        let error = error_of(&mut command);
        assert!(error.contains("spot.3.jpg"), "{error}");
    }
    std::fs::write(&path, whole).unwrap();
    let out = train(&workspace, "restored", "--epochs 1 --cache disk");
    assert!(out.contains("stripes (1 decoded into the cache)"), "{out}");
    workspace.assert_same_run("disk", "restored");
}

#[test]
fn changed_added_and_removed_pictures_are_noticed() {
    let workspace = Workspace::with_data();
    train(&workspace, "before", "--epochs 1 --cache disk");
    let spots = workspace.path("data/train/spots");
    std::fs::copy(spots.join("spot.0.jpg"), spots.join("spot.1.jpg")).unwrap();
    std::fs::copy(spots.join("spot.2.jpg"), spots.join("added.jpg")).unwrap();
    std::fs::remove_file(spots.join("spot.3.jpg")).unwrap();

    let out = train(&workspace, "disk", "--epochs 1 --cache disk");
    assert!(out.contains("16 pictures of spots, stripes (2 decoded into the cache)"), "{out}");
    train(&workspace, "memory", "--epochs 1 --cache memory");
    workspace.assert_same_run("memory", "disk");
    let out = train(&workspace, "again", "--epochs 1 --cache disk");
    assert!(out.contains("stripes (from the cache)"), "{out}");
    // Another size is another file; the old one stays of use.
    train(
        &workspace,
        "larger",
        "--epochs 1 --cache disk --steps-per-epoch 1 --interpolation bilinear",
    );
    assert_eq!(entries(&workspace.path("cache/pictures")).len(), 4);
}

#[test]
fn damaged_and_foreign_files_are_made_anew() {
    let workspace = Workspace::with_data();
    train(&workspace, "reference", "--epochs 1 --cache disk");
    let path = pixel_file(&workspace);
    let whole = std::fs::read(&path).unwrap();
    let mut one_picture = whole.clone();
    one_picture[46 * 46 * 3 * 2 + 17] ^= 1;
    let mut index = whole.clone();
    let middle = 16 * 46 * 46 * 3 + 300;
    index[middle] ^= 1;
    let cases: [(&str, &[u8], &str); 6] = [
        ("one-picture", &one_picture, "(1 decoded"),
        ("index", &index, "(16 decoded"),
        ("truncated", &whole[..whole.len() / 2], "(16 decoded"),
        ("without-its-start", &whole[100..], "(16 decoded"),
        ("empty", b"", "(16 decoded"),
        ("foreign", b"something else, longer than the forty bytes of an end", "(16 decoded"),
    ];
    for (name, bytes, expected) in cases {
        std::fs::write(&path, bytes).unwrap();
        let out = train(&workspace, name, "--epochs 1 --cache disk");
        assert!(out.contains(&format!("stripes {expected} into the cache)")), "{name}: {out}");
        workspace.assert_same_run("reference", name);
        assert!(std::fs::read(&path).unwrap() == whole, "{name}");
    }
}

#[test]
fn goes_on_without_a_cache_that_cannot_be_written() {
    let workspace = Workspace::with_data();
    train(&workspace, "reference", "--epochs 1");
    workspace.write("cache", b"a file where the cache should be");
    let mut command = workspace.train("run", "--epochs 1 --cache disk");
    let error = warning_of(&mut command);
    assert!(error.contains("warning: cannot cache the train pictures on disk"), "{error}");
    assert!(error.contains("try another PETITE_CACHE"), "{error}");
    workspace.assert_same_run("reference", "run");

    // A disk that is full after 150 KB, as far as the program can tell: less than the pixels of all
    // pictures, more than any other file.
    let limited =
        "trap '' XFSZ; ulimit -f 300; exec \"$0\" evaluate --split all --cache disk --run \"$1\"";
    let output = Command::new("sh")
        .args(["-c", limited])
        .arg(assert_cmd::cargo::cargo_bin!("petite"))
        .arg(workspace.path("reference"))
        .env("PETITE_CACHE", workspace.path("small"))
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{error}");
    assert!(error.contains("warning: cannot cache the all pictures on disk"), "{error}");
    assert!(entries(&workspace.path("small/pictures")).is_empty());
}

#[test]
fn bad_pictures_are_told_alike() {
    let workspace = Workspace::with_data();
    let whole = std::fs::read(workspace.path("data/train/spots/spot.0.jpg")).unwrap();
    workspace.write("data/train/spots/spot.1.jpg", b"");
    workspace.write("data/train/stripes/stripe.2.jpg", &whole[..whole.len() / 2]);
    let told = POLICIES.map(|policy| {
        error_of(&mut workspace.train("run", &format!("--epochs 1 --cache {policy}")))
    });
    assert!(told[0].contains("spot.1.jpg") && told[0].contains("stripe.2.jpg"), "{}", told[0]);
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0], told[2]);

    for policy in POLICIES.into_iter().chain(["disk"]) {
        let flags = format!("--epochs 1 --skip-bad-pictures --cache {policy}");
        let name = if workspace.path(policy).exists() { "disk-again" } else { policy };
        let (out, listed) = texts_of(&mut workspace.train(name, &flags), 0);
        assert!(listed.contains("spot.1.jpg") && listed.contains("stripe.2.jpg"), "{listed}");
        workspace.assert_same_run("memory", name);
        if name == "disk-again" {
            assert!(out.contains("14 pictures of spots, stripes (from the cache)"), "{out}");
        }
    }
    // A bad file that was put right.
    workspace.write("data/train/spots/spot.1.jpg", &whole);
    let out = train(&workspace, "better", "--epochs 1 --skip-bad-pictures --cache disk");
    assert!(out.contains("15 pictures of spots, stripes (2 decoded into the cache)"), "{out}");
}

/// A JPEG with sound headers and an end whose data cannot be decoded.
fn undecodable(whole: &[u8]) -> Vec<u8> {
    (0..whole.len())
        .flat_map(|at| [0x00, 0x10, 0xFF].map(|value| (at, value)))
        .map(|(at, value)| {
            let mut damaged = whole.to_vec();
            damaged[at] = value;
            damaged
        })
        .find(|bytes| {
            check(bytes).is_ok() && decode(bytes, ColorMode::Rgb, ExifOrientation::Apply).is_err()
        })
        .expect("no byte spoils the data alone")
}

#[test]
fn a_streamed_picture_that_cannot_be_decoded_is_named_when_it_is_met() {
    let workspace = Workspace::with_data();
    let path = "data/train/spots/spot.1.jpg";
    let whole = std::fs::read(workspace.path(path)).unwrap();
    workspace.write(path, &undecodable(&whole));
    let error = error_of(&mut workspace.train("run", "--epochs 1 --cache none"));
    assert!(error.contains("cannot be used") && error.contains("spot.1.jpg"), "{error}");
    assert!(error.contains("--skip-bad-pictures"), "{error}");
    for policy in ["memory", "none"] {
        train(&workspace, policy, &format!("--epochs 1 --skip-bad-pictures --cache {policy}"));
    }
    workspace.assert_same_run("memory", "none");
}

#[test]
fn ctrl_c_stops_a_streaming_run_that_then_goes_on() {
    let workspace = Workspace::with_data();
    train(&workspace, "whole", "--epochs 6");
    let mut training = workspace.train("run", "--epochs 6 --cache none").start();
    training.line_with("epoch 2/6");
    training.send("INT");
    let (code, _, error) = training.end();
    assert_eq!(code, Some(130));
    assert!(
        error.contains("interrupted: saved after epoch ") && !error.contains("cannot be used"),
        "{error}"
    );
    workspace.resume("run", "").assert().success();
    workspace.assert_same_run("whole", "run");
}

#[test]
fn evaluates_and_exports_the_same_with_every_policy() {
    let workspace = Workspace::with_data();
    train(&workspace, "run", "--epochs 1 --cache none");
    let results = POLICIES.map(|policy| {
        let mut command = workspace.on_run(&format!("evaluate --json --cache {policy}"), "run");
        let file = workspace.path(&format!("{policy}.npz"));
        command.env("PETITE_CACHE", workspace.path("cache")).arg("--export").arg(&file);
        (output_of(&mut command), std::fs::read(file).unwrap())
    });
    assert!(results[0] == results[1] && results[0] == results[2]);
    assert_eq!(entries(&workspace.path("cache/pictures")).len(), 1);
}
