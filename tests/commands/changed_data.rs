//! Data sets that change between a stop and `--resume`.

use super::support::{Workspace, error_of, output_of, warning_of};
use std::path::Path;

fn first_picture(folder: &Path) -> std::path::PathBuf {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths.remove(0)
}

#[test]
fn what_changed_is_named() {
    let workspace = Workspace::with_data();
    for cache in ["memory", "disk", "none"] {
        let _ = std::fs::remove_dir_all(workspace.path("run"));
        workspace.train("run", &format!("--epochs 1 --cache {cache}")).assert().success();
        let first = first_picture(&workspace.path("data/train/spots"));
        let other = first_picture(&workspace.path("data/train/stripes"));
        let (picture, times) = (std::fs::read(&first).unwrap(), first.metadata().unwrap());

        std::fs::copy(&other, &first).unwrap();
        let error = error_of(&mut workspace.resume("run", "--epochs 2"));
        assert!(error.contains("found 1 changed; try restoring them, or a new --out"), "{error}");
        assert!(
            error.contains(&format!(
                "train: spots/{} changed",
                first.file_name().unwrap().display()
            )),
            "{error}"
        );
        std::fs::write(&first, &picture).unwrap();
        let set = std::fs::File::options().write(true).open(&first).unwrap();
        set.set_modified(times.modified().unwrap()).unwrap();

        let added = workspace.path("data/validation/spots/zzz.jpg");
        std::fs::copy(&other, &added).unwrap();
        let error = error_of(&mut workspace.resume("run", "--epochs 2"));
        assert!(
            error.contains("found 1 added;") && error.contains("validation: spots/zzz.jpg added"),
            "{error}"
        );
        std::fs::remove_file(&added).unwrap();

        std::fs::rename(&first, workspace.path("away.jpg")).unwrap();
        let error = error_of(&mut workspace.resume("run", "--epochs 2"));
        assert!(error.contains("found 1 removed;"), "{error}");
        // A copy with another time is the same picture.
        std::fs::copy(workspace.path("away.jpg"), &first).unwrap();
        output_of(&mut workspace.resume("run", "--epochs 2"));
        assert_eq!(workspace.history("run").len(), 2, "{cache}");
    }
}

#[test]
fn a_run_that_petite_split_names_changes_too_and_ignores_pictures_it_does_not_use() {
    let workspace = Workspace::with_data();
    std::fs::rename(workspace.path("data/train"), workspace.path("own")).unwrap();
    workspace.train_on("own", "run", "--epochs 1 --validation 2 --test 1").assert().success();
    let first = first_picture(&workspace.path("own/spots"));
    let added = workspace.path("own/spots/new.jpg");
    std::fs::copy(&first, &added).unwrap();
    let warning = warning_of(&mut workspace.resume("run", "--epochs 2"));
    assert!(warning.contains("found 1 added, which the run does not use"), "{warning}");
    assert!(warning.contains("spots/new.jpg added"), "{warning}");
    std::fs::remove_file(added).unwrap();
    let list = workspace.text("run/split.csv");
    let trained =
        list.lines().find(|line| line.ends_with(",train") && line.contains("stripes")).unwrap();
    std::fs::copy(&first, workspace.path("own").join(trained.split(',').next().unwrap())).unwrap();
    let error = error_of(&mut workspace.resume("run", "--epochs 3"));
    assert!(error.contains("found 1 changed;"), "{error}");
}

/// Test pictures are not trained on: other ones are a warning, also where they are evaluated.
#[test]
fn replaced_test_pictures_are_named() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    let first = first_picture(&workspace.path("data/test/spots"));
    std::fs::copy(first_picture(&workspace.path("data/test/stripes")), &first).unwrap();
    let name = first.file_name().unwrap().to_str().unwrap().to_owned();
    for _ in 0..2 {
        // A resumed run does not take the new ones for its own.
        let warning = warning_of(&mut workspace.on_run("evaluate", "run"));
        assert!(warning.contains("warning: expected the test pictures in "), "{warning}");
        assert!(warning.contains("found 1 changed; try restoring them"), "{warning}");
        assert!(warning.contains(&format!("test: spots/{name} changed")), "{warning}");
        let warning = warning_of(&mut workspace.resume("run", "--epochs 2"));
        assert!(warning.contains(&format!("test: spots/{name} changed")), "{warning}");
    }
}

#[test]
fn labels_changed_in_the_list_are_refused() {
    let workspace = Workspace::with_data();
    let mut list = "path,label\n".to_owned();
    for class in ["spots", "stripes"] {
        let entries = std::fs::read_dir(workspace.path("data/train").join(class)).unwrap();
        for name in entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
            list += &format!("train/{class}/{name},{class}\n");
        }
    }
    workspace.write("data/list.csv", list.as_bytes());
    let labels = format!("--labels {}", workspace.path("data/list.csv").display());
    workspace.train("run", &format!("--epochs 1 {labels}")).assert().success();
    let line = list.lines().nth(1).unwrap();
    let other = line.replace(",spots", ",stripes");
    workspace.write("data/list.csv", list.replace(line, &other).as_bytes());
    let error = error_of(&mut workspace.resume("run", "--epochs 2"));
    assert!(error.contains("found 1 labeled anew; try restoring them, or a new --out"), "{error}");
    assert!(error.contains(line.split(',').next().unwrap()), "{error}");
    workspace.write("data/list.csv", list.as_bytes());
    output_of(&mut workspace.resume("run", "--epochs 2"));
}

#[test]
fn a_moved_data_set_goes_on_elsewhere() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    workspace.train("whole", "--epochs 2").assert().success();
    std::fs::rename(workspace.path("data"), workspace.path("moved")).unwrap();
    for command in
        [&mut workspace.resume("run", "--epochs 2"), &mut workspace.on_run("evaluate", "run")]
    {
        let error = error_of(command);
        assert!(error.contains("; try --data with where it is now"), "{error}");
    }
    output_of(workspace.resume("run", "--epochs 2").arg("--data").arg(workspace.path("moved")));
    let [run, whole] = ["run", "whole"].map(|run| workspace.figures(run));
    assert_eq!(run, whole);
    assert!(warning_of(&mut workspace.on_run("evaluate", "run")).is_empty());
}

/// The checkpoint knows the pictures without it.
#[test]
fn a_lost_list_of_pictures_is_written_again() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    let file = workspace.path("run/pictures.csv");
    let whole = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let warning = warning_of(&mut workspace.on_run("evaluate", "run"));
    assert!(warning.contains("found none, so it is not known whether they have"), "{warning}");
    let added = workspace.path("data/validation/spots/zzz.jpg");
    std::fs::copy(first_picture(&workspace.path("data/test/spots")), &added).unwrap();
    let error = error_of(&mut workspace.resume("run", "--epochs 2"));
    assert!(error.contains("was trained on them, found others"), "{error}");
    std::fs::remove_file(&added).unwrap();
    assert!(warning_of(&mut workspace.resume("run", "--epochs 2")).contains("it is written again"));
    assert_eq!(std::fs::read(&file).unwrap(), whole);
}

/// Precision, device and versions may change, but it is said.
#[test]
fn another_precision_or_version_is_named() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1 --precision fp32").assert().success();
    let file = workspace.path("run/config.json");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, config.replace("\"libtorch\": \"2.11.0\"", "\"libtorch\": \"2.10.0\""))
        .unwrap();
    let error = warning_of(&mut workspace.resume("run", "--epochs 2"));
    assert!(
        error.contains("the run continues with libtorch 2.11.0 instead of 2.10.0, so"),
        "{error}"
    );
    assert_eq!(warning_of(&mut workspace.resume("run", "--epochs 3")), "");
}

/// Validation pictures that petite took from those to train on, beside a folder of test pictures.
#[test]
fn a_split_of_the_training_pictures_is_not_a_change() {
    let workspace = Workspace::with_data();
    std::fs::remove_dir_all(workspace.path("data/validation")).unwrap();
    // Also where each part is a folder in a folder.
    std::fs::create_dir(workspace.path("nested")).unwrap();
    for part in ["train", "test"] {
        let to = workspace.path("nested").join(part);
        std::fs::create_dir(&to).unwrap();
        let from = workspace.path("data").join(part);
        let copied = std::process::Command::new("cp").arg("-r").arg(from).arg(to).status();
        assert!(copied.unwrap().success());
    }
    for data in ["data", "nested"] {
        workspace.train_on(data, "whole", "--epochs 2").assert().success();
        workspace.train_on(data, "run", "--epochs 1").assert().success();
        for split in ["validation", "test"] {
            let mut command = workspace.on_run(&format!("evaluate --split {split}"), "run");
            assert_eq!(warning_of(&mut command), "", "{data}");
        }
        assert_eq!(warning_of(&mut workspace.resume("run", "--epochs 2")), "", "{data}");
        assert_eq!(workspace.figures("run"), workspace.figures("whole"));
        let picture = first_picture(&workspace.path("data/test/spots"));
        if data == "data" {
            std::fs::copy(first_picture(&workspace.path("data/test/stripes")), picture).unwrap();
            let said = warning_of(&mut workspace.on_run("evaluate --split test", "run"));
            assert!(said.contains("found 1 changed"), "{said}");
        }
        for run in ["run", "whole"] {
            std::fs::remove_dir_all(workspace.path(run)).unwrap();
        }
    }
}
