//! Links, nested folders, and classes that are empty, small or many.

use super::layouts::{class_folders, split_of};
use super::support::{
    Command, Workspace, entries, error_of, output_of, petite, texts_of, warning_of,
};
use petite::dataset::data_set::DataSet;
use std::os::unix::fs::symlink;

#[test]
fn links_and_loops_are_counted_once() {
    let workspace = class_folders();
    workspace.train("plain", "--epochs 1").assert().success();
    let data = workspace.path("data");
    symlink("..", data.join("spot/up")).unwrap();
    symlink(".", data.join("spot/self")).unwrap();
    symlink("../stripe", data.join("spot/stripes")).unwrap();
    symlink("spot.0.jpg", data.join("spot/linked.jpg")).unwrap();
    std::fs::hard_link(data.join("spot/spot.1.jpg"), data.join("spot/hard.jpg")).unwrap();
    std::process::Command::new("mkfifo").arg(data.join("stripe/pipe.jpg")).status().unwrap();
    let mut command = workspace.train("linked", "--epochs 1");
    let error = warning_of(&mut command);
    // Of links to the same file, the first by name is used.
    assert!(error.contains("5 links to what was already read"), "{error}");
    assert!(error.contains("1 pipe or device (pipe.jpg)"), "{error}");
    assert_eq!(workspace.figures("plain"), workspace.figures("linked"));

    symlink("../spot/spot.2.jpg", data.join("stripe/both.jpg")).unwrap();
    let error = error_of(&mut workspace.train("both", "--epochs 1"));
    assert!(error.contains("expected every picture in one class"), "{error}");
    assert!(error.contains("spot.2.jpg") && error.contains("both.jpg"), "{error}");
}

#[test]
fn nested_folders_belong_to_their_class() {
    let workspace = class_folders();
    workspace.train("flat", "--epochs 1").assert().success();
    let inside = workspace.path("data/spot/2019/may");
    std::fs::create_dir_all(&inside).unwrap();
    for number in [0, 5, 7] {
        let name = format!("spot.{number}.jpg");
        std::fs::rename(workspace.path("data/spot").join(&name), inside.join(&name)).unwrap();
    }
    workspace.train("nested", "--epochs 1").assert().success();
    let split = split_of(&workspace, "nested");
    assert_eq!(split["spot/2019/may/spot.5.jpg"], split_of(&workspace, "flat")["spot/spot.5.jpg"]);
    assert_eq!(split.len(), 64);
}

#[test]
fn trains_where_classes_are_empty_or_missing_elsewhere() {
    let workspace = Workspace::with_data();
    std::fs::create_dir(workspace.path("data/train/rings")).unwrap();
    std::fs::create_dir(workspace.path("data/validation/rings")).unwrap();
    let (out, error) = texts_of(&mut workspace.train("empty", "--epochs 1"), 0);
    assert!(error.contains("warning: no pictures of rings; leaving this class out"), "{error}");
    assert!(out.contains("16 pictures of spots, stripes\n"), "{out}");

    // One training picture, none to validate or test.
    let picture = workspace.path("data/train/spots/spot.0.jpg");
    std::fs::copy(&picture, workspace.path("data/train/rings/ring.jpg")).unwrap();
    let error = warning_of(&mut workspace.train("three", "--epochs 1"));
    assert!(error.contains("warning: no validation pictures of rings"), "{error}");
    let out = output_of(&mut workspace.on_run("evaluate", "three"));
    assert!(out.contains("over 8 pictures"), "{out}");

    // A class of the validation pictures without training pictures.
    std::fs::copy(&picture, workspace.path("data/validation/rings/ring.jpg")).unwrap();
    std::fs::remove_file(workspace.path("data/train/rings/ring.jpg")).unwrap();
    let error = error_of(&mut workspace.train("none", "--epochs 1"));
    assert!(error.contains("spots, stripes") && error.contains("rings, spots, stripes"), "{error}");
}

/// Files are pictures by their content, whatever their names.
#[test]
fn names_do_not_matter_but_for_what_cannot_be_decoded() {
    let workspace = Workspace::with_data();
    workspace.train("usual", "--epochs 1").assert().success();
    let spots = workspace.path("data/train/spots");
    for (number, name) in
        [(0, "spot.0.jfif"), (1, "spot.1.jpe"), (2, "spot.2.JPG"), (3, "spot.3"), (4, "spot.4.png")]
    {
        std::fs::rename(spots.join(format!("spot.{number}.jpg")), spots.join(name)).unwrap();
    }
    // The same pixels as a PNG.
    let picture = image::open(spots.join("spot.5.jpg")).unwrap();
    picture.save(spots.join("spot.5.png")).unwrap();
    std::fs::remove_file(spots.join("spot.5.jpg")).unwrap();
    workspace.train("renamed", "--epochs 1").assert().success();
    assert_eq!(workspace.figures("usual"), workspace.figures("renamed"));

    for (name, bytes, expected) in [
        ("phone.HEIC", &b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], "found HEIC; try converting it"),
        ("scan.pdf", b"%PDF-1.7", "found PDF; try converting it, for example with: pdftoppm"),
        ("camera.CR2", b"II*\0\x10\0\0\0CR\x02\0", "found a camera RAW file; try converting it"),
    ] {
        workspace.write(&format!("data/train/spots/{name}"), bytes);
        let error = error_of(&mut workspace.train("bad", "--epochs 1"));
        let line = error.lines().find(|line| line.contains(name)).unwrap();
        assert!(line.contains(expected), "{line}");
        std::fs::remove_file(spots.join(name)).unwrap();
    }
}

/// A class is called as its folder is, and nothing else becomes of its name: neither two labels, nor a
/// column, a formula, or a command to the terminal.
#[test]
fn any_name_of_a_folder_is_a_class() {
    let workspace = class_folders();
    let names = ["a|b ", "=1+1\t\x1B[31m", "path", "predicted"];
    for (index, name) in names.into_iter().enumerate() {
        let (from, to) = (["spot", "stripe"][index % 2], workspace.path("data").join(name));
        std::fs::create_dir(&to).unwrap();
        for number in (index / 2 * 16..).take(16) {
            let file = format!("{from}.{number}.jpg");
            std::fs::rename(workspace.path("data").join(from).join(&file), to.join(&file)).unwrap();
        }
    }
    for name in ["spot", "stripe"] {
        std::fs::remove_dir(workspace.path("data").join(name)).unwrap();
    }
    let no_escapes = |command: &mut Command| {
        let (out, warned) = texts_of(command, 0);
        let text = out + &warned;
        assert!(!text.contains(['\x1B', '\t']), "{text:?}");
        text
    };
    let text = no_escapes(&mut workspace.train("run", "--epochs 1"));
    assert!(text.contains(r"=1+1\t\u{1b}[31m, a|b , path, predicted"), "{text}");
    no_escapes(&mut workspace.resume("run", "--epochs 2"));
    let text = no_escapes(&mut workspace.on_run("evaluate", "run"));
    assert!(text.contains(r"=1+1\t\u{1b}[31m "), "{text}");
    let mut report = petite("report");
    no_escapes(report.arg(workspace.path("run")).arg("--to").arg(workspace.path("report.html")));

    let header = |path: &str| {
        let mut table = csv::Reader::from_path(workspace.path(path)).unwrap();
        table.headers().unwrap().iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let probabilities = ["'=1+1\t\x1B[31m", "a|b "];
    let found = header("run/test/predictions.csv");
    assert_eq!(found[..6], [&["path", "class", "predicted", "loss"][..], &probabilities].concat());
    assert_eq!(found[6..], ["probability of path", "probability of predicted"]);
    let mut predict = workspace.on_run("predict --csv out.csv", "run");
    no_escapes(predict.current_dir(workspace.path("")).arg(workspace.path("data")));
    let found = header("out.csv");
    assert_eq!(found[..4], [&["path", "class"][..], &probabilities].concat());
    assert_eq!(found[4..], ["probability of path", "predicted"]);
    no_escapes(workspace.on_run("predict", "run").arg(workspace.path("data")));

    // The run's list says itself that its names are exact.
    std::fs::copy(workspace.path("run/split.csv"), workspace.path("list.csv")).unwrap();
    let mut again = petite("train --epochs 1 --image-size 46 --threads 1");
    again.arg("--data").arg(workspace.path("data")).arg("--labels").arg(workspace.path("list.csv"));
    let text = no_escapes(again.arg("--out").arg(workspace.path("again")));
    assert!(text.contains(r"=1+1\t\u{1b}[31m, a|b , path, predicted"), "{text}");
}

/// A resumed run trains on the pictures that it began with.
#[test]
fn a_run_keeps_its_split() {
    let workspace = class_folders();
    workspace.train("whole", "--epochs 2").assert().success();
    workspace.train("parts", "--epochs 1").assert().success();
    let spot = workspace.path("data/spot/spot.0.jpg");
    std::fs::copy(&spot, workspace.path("data/stripe/new.jpg")).unwrap();
    let out = output_of(&mut workspace.resume("parts", "--epochs 2"));
    assert!(out.contains("split as in the run's split.csv\n"), "{out}");
    assert_eq!(workspace.figures("whole"), workspace.figures("parts"));
    assert_eq!(split_of(&workspace, "whole"), split_of(&workspace, "parts"));
}

#[test]
fn a_run_keeps_its_classes() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    for part in ["train", "validation", "test"] {
        let folder = workspace.path("data").join(part);
        std::fs::rename(folder.join("spots"), folder.join("zebras")).unwrap();
    }
    let error = error_of(&mut workspace.resume("run", "--epochs 2"));
    assert!(error.contains("spots, stripes") && error.contains("stripes, zebras"), "{error}");
    assert_eq!(workspace.history("run").len(), 1);
    let error = error_of(&mut workspace.on_run("evaluate", "run"));
    assert!(error.contains("spots, stripes") && error.contains("stripes, zebras"), "{error}");
    assert!(!workspace.path("run/test.json").exists());
}

#[test]
fn a_test_folder_without_labels_is_no_hindrance_to_training() {
    let workspace = Workspace::with_data();
    workspace.train("usual", "--epochs 1").assert().success();
    let test = workspace.path("data/test");
    std::fs::rename(test.join("spots/spot.12.jpg"), workspace.path("1.jpg")).unwrap();
    std::fs::remove_dir_all(test.join("spots")).unwrap();
    std::fs::rename(test.join("stripes"), test.join("rings")).unwrap();
    for run in ["others", "none"] {
        let error = warning_of(&mut workspace.train(run, "--epochs 1"));
        let expected = "passed over 1 test folder without folders of the training classes (test)\n";
        assert_eq!(error, expected);
        assert_eq!(workspace.figures("usual"), workspace.figures(run));
        if run == "others" {
            let error = error_of(&mut workspace.on_run("evaluate", run));
            assert!(error.contains("spots, stripes") && error.contains("found rings"), "{error}");
            std::fs::remove_dir_all(test.join("rings")).unwrap();
            std::fs::rename(workspace.path("1.jpg"), test.join("1.jpg")).unwrap();
        }
    }
    let error = error_of(&mut workspace.on_run("evaluate", "none"));
    assert!(error.contains("expected test pictures"), "{error}");
}

#[test]
fn a_class_may_be_called_train() {
    let workspace = class_folders();
    std::fs::rename(workspace.path("data/spot"), workspace.path("data/train")).unwrap();
    let out = output_of(&mut workspace.train("run", "--epochs 1"));
    assert!(out.contains("class folders, split by content"), "{out}");
    assert!(out.contains("pictures of stripe, train\n"), "{out}");
}

/// Runs and pictures that petite drew or sorted are no class and no pictures of one.
#[test]
fn what_petite_wrote_is_passed_over_and_warned_of() {
    let workspace = class_folders();
    workspace.train("outside", "--epochs 1").assert().success();
    let warning_of =
        |command: &mut Command| warning_of(command.env("PETITE_CACHE", workspace.path("cache")));
    let error = warning_of(&mut workspace.train("data/run", "--epochs 1"));
    assert!(error.contains("warning: expected --out outside of the pictures in "), "{error}");
    assert!(error.contains("passed over 1 folder that petite wrote (run)"), "{error}");
    assert_eq!(workspace.figures("outside"), workspace.figures("data/run"));

    let mut predict = workspace.on_run("predict", "outside");
    predict.arg("--into").arg(workspace.path("data/spot/sorted"));
    predict.arg("--grad-cam").arg(workspace.path("data/maps"));
    let error = warning_of(predict.arg(workspace.path("data/spot/spot.1.jpg")));
    for flag in ["--into", "--grad-cam"] {
        assert!(error.contains(&format!("warning: expected {flag} outside of")), "{error}");
    }
    let data = DataSet::read(&workspace.path("data"), None, false).unwrap();
    assert_eq!((data.classes.len(), data.all().samples.len()), (2, 64));
    assert_eq!(data.passed_over.to_string(), "3 folders that petite wrote (maps, run, sorted)");
    // What was sorted is a data set itself.
    assert!(DataSet::read(&workspace.path("data/spot/sorted"), None, false).is_err_and(|error| {
        error.to_string().contains("found only sp") || error.to_string().contains("found only st")
    }));
}

#[test]
fn few_pictures_are_mostly_for_training() {
    let workspace = class_folders();
    for class in ["spot", "stripe"] {
        for number in 3..32 {
            let name = format!("data/{class}/{class}.{number}.jpg");
            std::fs::remove_file(workspace.path(&name)).unwrap();
        }
    }
    let (out, error) = texts_of(&mut workspace.train("run", "--epochs 1"), 0);
    assert!(out.contains("into 4 train, 2 validation, 0 test\n"), "{out}");
    let expected = "found none to test on of spot, stripe; try numbers of pictures of each class as --validation and --test, or more pictures\n";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_thousand_classes_are_named_in_short() {
    let workspace = Workspace::with_data();
    let picture = workspace.path("data/train/spots/spot.0.jpg");
    let data = workspace.path("many");
    for class in 0..1000 {
        let folder = data.join(format!("train/class {class:03}"));
        std::fs::create_dir_all(&folder).unwrap();
        symlink(&picture, folder.join("picture.jpg")).unwrap_or_default();
    }
    let error = error_of(&mut workspace.train_on("many", "linked", "--epochs 1"));
    assert!(error.contains("expected every picture in one class"), "{error}");
    for class in 0..1000 {
        let file = data.join(format!("train/class {class:03}/picture.jpg"));
        std::fs::remove_file(&file).unwrap();
        std::fs::copy(&picture, &file).unwrap();
    }
    let validation = data.join("validation/class 007");
    std::fs::create_dir_all(&validation).unwrap();
    std::fs::copy(workspace.path("data/test/spots/spot.12.jpg"), validation.join("a.jpg")).unwrap();
    let mut command = workspace.train_on("many", "run", "--epochs 1 --label-smoothing 0.1");
    let (out, error) = texts_of(&mut command, 0);
    let listed = "1,000 pictures of 1,000 classes: class 000, class 001, class 002, …\n";
    assert!(out.contains(listed), "{out}");
    let missing = "no validation pictures of 999 classes: class 000, class 001, class 002, …";
    assert!(error.contains(missing) && error.len() < 2000, "{error}");
    let mut evaluate = workspace.on_run("evaluate --split validation", "run");
    let out = output_of(&mut evaluate);
    assert!(out.contains("over 1 pictures") && out.len() < 2000, "{out}");
    let json = std::fs::read(workspace.path("run/validation.json")).unwrap();
    assert!(json.len() < 100_000, "{}", json.len());
    assert!(entries(&workspace.path("run")).contains(&"best.ot".to_owned()));
}
