//! Pictures with odd names, files that are none, and pictures that are too large.

use super::layouts::class_folders;
use super::support::{Workspace, error_of, output_of, petite, usage_error_of};
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

/// Names with a line break, escape codes, quotes, and bytes that are not UTF-8.
const NAMES: [&[u8]; 4] =
    [b"two\nlines.jpg", b"\x1B[31mred.jpg", b"a,\"b\" c.jpg", b"\xFF\xFE.jpg"];

/// Class folders with pictures of these names, and their paths.
fn oddly_named() -> (Workspace, Vec<PathBuf>) {
    let workspace = class_folders();
    let rename = |(index, name): (usize, &&[u8])| {
        let path = workspace.path("data/spot").join(OsStr::from_bytes(name));
        std::fs::rename(workspace.path(&format!("data/spot/spot.{index}.jpg")), &path).unwrap();
        path
    };
    let paths = NAMES.iter().enumerate().map(rename).collect();
    (workspace, paths)
}

#[test]
fn pictures_of_any_name_are_split_trained_and_evaluated() {
    let (workspace, _) = oddly_named();
    workspace.train("run", "--epochs 1").assert().success();
    let split = csv::Reader::from_path(workspace.path("run/split.csv")).unwrap();
    let paths: Vec<Vec<u8>> =
        split.into_byte_records().map(|row| row.unwrap().get(0).unwrap().to_vec()).collect();
    assert_eq!(paths.len(), 64);
    for name in NAMES {
        assert!(paths.contains(&[b"spot/", name].concat()), "{}", name.escape_ascii());
    }
    let out = output_of(&mut workspace.on_run("evaluate --split all", "run"));
    assert!(out.contains("over 64 pictures"), "{out}");

    // The list is the split.
    let mut command = workspace.train("listed", "--epochs 1");
    command.arg("--labels").arg(workspace.path("run/split.csv")).assert().success();
    assert_eq!(workspace.figures("run"), workspace.figures("listed"));
    let mut command = workspace.train("on-disk", "--epochs 1 --cache disk");
    command.assert().success();
    assert_eq!(workspace.figures("run"), workspace.figures("on-disk"));
}

#[test]
fn predictions_name_every_picture() {
    let (workspace, paths) = oddly_named();
    workspace.train("run", "--epochs 1").assert().success();
    let predict = |flags: &str, paths: &[PathBuf]| {
        let mut command = workspace.on_run(&format!("predict {flags}"), "run");
        command.args(paths);
        command
    };
    let out = output_of(&mut predict("", &paths));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 4, "{out}");
    for (line, shown) in lines.iter().zip([
        r"spot/two\nlines.jpg",
        r"spot/\u{1b}[31mred.jpg",
        "spot/a,\"b\" c.jpg",
        r"spot/\xFF\xFE.jpg",
    ]) {
        assert!(line.ends_with(shown), "{line}");
    }

    // Neither format has a place for bytes that are not UTF-8.
    for flag in ["--json", "--csv"] {
        let mut command = predict("", &paths);
        command.arg(flag);
        if flag == "--csv" {
            command.arg(workspace.path("predicted.csv"));
        }
        let error = error_of(&mut command);
        assert!(error.contains(&format!("expected UTF-8 paths with {flag}, found ")), "{error}");
        assert!(error.contains(r"\xFF\xFE.jpg; try renaming it"), "{error}");
    }
    let out = output_of(&mut predict("--json", &paths[..3]));
    for (line, path) in out.lines().zip(&paths) {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(json["path"], path.to_str().unwrap());
    }
    let mut command = predict("", &paths[..3]);
    command.arg("--csv").arg(workspace.path("predicted.csv")).assert().success();
    let rows = csv::Reader::from_path(workspace.path("predicted.csv")).unwrap();
    let found: Vec<String> = rows.into_records().map(|row| row.unwrap()[0].to_owned()).collect();
    assert!(found.iter().eq(paths[..3].iter().map(|path| path.to_str().unwrap())), "{found:?}");

    predict("", &paths).arg("--into").arg(workspace.path("sorted")).assert().success();
    let mut names: Vec<Vec<u8>> = ["spot", "stripe"]
        .iter()
        .flat_map(|class| {
            std::fs::read_dir(workspace.path("sorted").join(class)).into_iter().flatten()
        })
        .map(|entry| entry.unwrap().file_name().into_vec())
        .collect();
    names.sort();
    let mut expected = NAMES.map(<[u8]>::to_vec);
    expected.sort();
    assert_eq!(names, expected);
}

#[test]
fn each_bad_picture_is_one_line() {
    let (workspace, paths) = oddly_named();
    for path in &paths {
        std::fs::write(path, b"no picture").unwrap();
    }
    let error = error_of(&mut workspace.train("run", "--epochs 1"));
    for shown in [r"two\nlines.jpg", r"\u{1b}[31mred.jpg", r"\xFF\xFE.jpg"] {
        let line = format!("spot/{shown}: expected a picture, found text");
        assert!(error.lines().any(|found| found.ends_with(&line)), "{error}");
    }
    assert!(!error.contains('\x1B'), "{error}");
}

/// Files that cannot be read are named as pictures that cannot be used, and waited for by nobody.
#[test]
fn files_that_are_no_pictures_are_named() {
    let workspace = class_folders();
    workspace.train("run", "--epochs 1").assert().success();
    let folder = workspace.path("odd");
    std::fs::create_dir_all(folder.join("folder.jpg")).unwrap();
    symlink("/dev/zero", folder.join("device.jpg")).unwrap();
    symlink("nowhere.jpg", folder.join("dangling.jpg")).unwrap();
    symlink("loop.jpg", folder.join("loop.jpg")).unwrap();
    std::process::Command::new("mkfifo").arg(folder.join("pipe.jpg")).status().unwrap();
    std::fs::copy(workspace.path("data/spot/spot.1.jpg"), folder.join("locked.jpg")).unwrap();
    let locked = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(folder.join("locked.jpg"), locked).unwrap();
    // Root may read it.
    let is_locked = std::fs::read(folder.join("locked.jpg")).is_err();
    let good = workspace.path("data/spot/spot.9.jpg");
    for (name, reason) in [
        ("device.jpg", "expected a picture, found a pipe or device"),
        ("dangling.jpg", "expected a picture or a folder, found nothing"),
        ("loop.jpg", "expected a picture or a folder, found nothing"),
        ("pipe.jpg", "expected a picture, found a pipe or device"),
        ("locked.jpg", "cannot read the file: Permission denied"),
    ] {
        if name == "locked.jpg" && !is_locked {
            continue;
        }
        let mut command = workspace.on_run("predict", "run");
        let error = error_of(command.arg(&good).arg(folder.join(name)));
        assert!(error.contains(&format!("{name}: {reason}")), "{error}");
    }
}

#[test]
fn the_limit_of_pixels_is_stored_with_the_run() {
    let workspace = Workspace::with_data();
    let error = error_of(&mut workspace.train("run", "--epochs 1 --max-pixels 10000"));
    assert!(error.contains("16 of 16 pictures in "), "{error}");
    assert!(error.contains("expected at most 10000 pixels, found "), "{error}");
    assert!(error.contains("(--max-pixels sets the limit)"), "{error}");
    let error = usage_error_of(&mut petite("train --data nowhere --out run --max-pixels 0"));
    assert!(error.contains("expected 1 to 4294967295, found 0"), "{error}");

    workspace.train("run", "--epochs 1 --max-pixels 1000000").assert().success();
    let config = workspace.text("run/config.json");
    assert!(config.contains("\"max_pixels\": 1000000"), "{config}");
    // It does not change the weights.
    workspace.train("run", "--resume --epochs 2 --max-pixels 2000000").assert().success();
    workspace.train("plain", "--epochs 2").assert().success();
    assert_eq!(workspace.figures("run"), workspace.figures("plain"));
}
