//! Data sets that are not as they should be.

use super::support::{Workspace, entries, error_of, petite, texts_of, warning_of};

#[test]
fn says_what_the_data_folder_lacks() {
    let workspace = Workspace::with_data();
    let fails = |data: &str| {
        let mut command = petite("train --image-size 46");
        command.arg("--data").arg(workspace.path(data)).arg("--out").arg(workspace.path("run"));
        let error = error_of(&mut command);
        assert!(!workspace.path("run").exists(), "{error}");
        error
    };
    assert!(fails("nowhere").contains("expected a data set"));

    std::fs::create_dir_all(workspace.path("empty/train")).unwrap();
    assert!(fails("empty").contains("found none"));

    std::fs::create_dir_all(workspace.path("one/train/cats")).unwrap();
    assert!(fails("one").contains("found none, and no picture of cats"));
    std::fs::copy(
        workspace.path("originals/spot.0.jpg"),
        workspace.path("one/train/cats/spot.0.jpg"),
    )
    .unwrap();
    assert!(fails("one").contains("found only cats"));
    std::fs::create_dir_all(workspace.path("one/train/dogs")).unwrap();
    assert!(fails("one").contains("found only cats, and no picture of dogs"));

    // The originals, not split, as they are and as Kaggle's archive has them.
    assert!(fails("originals").contains("found 32 pictures without labels"));
    std::fs::create_dir_all(workspace.path("kaggle")).unwrap();
    for name in ["train", "test"] {
        std::os::unix::fs::symlink(
            workspace.path("originals"),
            workspace.path("kaggle").join(name),
        )
        .unwrap();
    }
    let error = fails("kaggle");
    assert!(error.contains("found 32 pictures without labels; try"), "{error}");

    std::fs::rename(
        workspace.path("data/validation/spots"),
        workspace.path("data/validation/rings"),
    )
    .unwrap();
    let error = fails("data");
    assert!(error.contains("spots, stripes") && error.contains("rings, stripes"), "{error}");

    std::fs::rename(workspace.path("data/train"), workspace.path("data/training")).unwrap();
    std::os::unix::fs::symlink("training", workspace.path("data/train")).unwrap();
    assert!(fails("data").contains("expected one folder of train pictures"));
    std::fs::remove_dir_all(workspace.path("data/training")).unwrap();
    std::fs::remove_file(workspace.path("data/train")).unwrap();
    assert!(fails("data").contains("expected a folder train beside"));

    workspace.write("notes.txt", b"no archive");
    assert!(fails("notes.txt").contains("expected a folder or an archive"));
}

/// Spoils six pictures in as many ways; returns a part of each file's message.
fn spoil(workspace: &Workspace) -> Vec<(&'static str, &'static str)> {
    let whole = std::fs::read(workspace.path("data/train/spots/spot.0.jpg")).unwrap();
    let png = b"\x89PNG\r\n\x1a\n and so on";
    workspace.write("data/train/spots/spot.1.jpg", b"");
    workspace.write("data/train/spots/spot.2.jpg", &whole[..whole.len() / 2]);
    workspace.write("data/train/spots/spot.3.jpg", png);
    workspace.write("data/train/stripes/stripe.4.jpg", b"no picture at all");
    workspace.write("data/train/stripes/drawing.png", png);
    // A header alone, as a transfer that broke off early leaves it.
    workspace.write("data/validation/stripes/stripe.8.jpg", &whole[..20]);
    vec![
        ("spot.1.jpg", "empty file"),
        ("spot.2.jpg", "truncated"),
        ("spot.3.jpg", "PNG"),
        ("stripe.4.jpg", "expected a picture, found text"),
        ("drawing.png", "PNG"),
        ("stripe.8.jpg", "truncated"),
    ]
}

#[test]
fn names_every_bad_picture_before_the_first_epoch() {
    let workspace = Workspace::with_data();
    let expected = spoil(&workspace);
    let error = error_of(&mut workspace.train("run", "--epochs 1"));
    for (name, reason) in expected {
        let line = error
            .lines()
            .find(|line| line.contains(name))
            .unwrap_or_else(|| panic!("{name}: {error}"));
        assert!(line.contains(reason), "{line}");
    }
    assert!(error.contains("--skip-bad-pictures"), "{error}");
    assert!(!workspace.path("run").exists());
}

#[test]
fn goes_on_without_bad_pictures_when_told_to() {
    let workspace = Workspace::with_data();
    let expected = spoil(&workspace);
    let mut command = workspace.train("run", "--epochs 1 --skip-bad-pictures");
    let (out, listed) = texts_of(&mut command, 0);
    for (name, reason) in expected {
        let line = listed.lines().find(|line| line.contains(name)).unwrap();
        assert!(line.contains(reason), "{line}");
    }
    assert!(out.contains("12 pictures") && out.contains("7 pictures"), "{out}");

    // The good pictures kept their labels: the same set without the bad files learns the same.
    for name in [
        "spots/spot.1.jpg",
        "spots/spot.2.jpg",
        "spots/spot.3.jpg",
        "stripes/stripe.4.jpg",
        "stripes/drawing.png",
    ] {
        std::fs::remove_file(workspace.path("data/train").join(name)).unwrap();
    }
    std::fs::remove_file(workspace.path("data/validation/stripes/stripe.8.jpg")).unwrap();
    workspace.train("clean", "--epochs 1").assert().success();
    assert_eq!(workspace.figures("run"), workspace.figures("clean"));
}

#[test]
fn a_class_of_bad_pictures_alone_stops_even_then() {
    let workspace = Workspace::with_data();
    for name in entries(&workspace.path("data/train/spots")) {
        workspace.write(&format!("data/train/spots/{name}"), b"");
    }
    let mut command = workspace.train("run", "--epochs 1 --skip-bad-pictures");
    let (_, error) = texts_of(&mut command, 1);
    assert!(error.contains("expected a good picture of spots in"), "{error}");
}

#[test]
fn names_in_one_line_what_it_passes_over() {
    let workspace = Workspace::with_data();
    workspace.write("data/train/spots/.hidden.jpg", b"");
    workspace.write("data/train/spots/notes.txt", b"notes");
    workspace.write("data/train/README", b"read me");
    workspace.write("data/validation/stripes/Thumbs.db", b"\xD0\xCF\x11\xE0");
    std::fs::create_dir(workspace.path("data/train/.thumbnails")).unwrap();
    let mut command = workspace.train("run", "--epochs 1");
    let error = warning_of(&mut command);
    let expected = "passed over 2 files that are not pictures (notes.txt, Thumbs.db), \
                    2 hidden (.thumbnails, .hidden.jpg), \
                    1 file outside the class folders (README)\n";
    assert_eq!(error, expected);
}

/// Opening a pipe waits for a writer, and a device may never end.
#[test]
fn opens_regular_files_only() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    let pipe = workspace.path("pipe.jpg");
    std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    let mut command = workspace.on_run("predict", "run");
    command.arg(&pipe).arg("/dev/zero").arg(workspace.path("data/test"));
    let error = error_of(&mut command);
    for name in ["pipe.jpg", "/dev/zero"] {
        assert!(error.contains(&format!("{name}: expected a picture, found a pipe or")), "{error}");
    }
    let mut preview = petite("preview --horizontal-flip");
    preview.arg("--data").arg(workspace.path("data")).arg("--picture").arg(&pipe);
    preview.arg("--to").arg(workspace.path("sheet.png"));
    let error = error_of(&mut preview);
    assert!(error.contains("found a pipe or device"), "{error}");
}
