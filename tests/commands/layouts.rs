//! Data sets as people have them.

use super::support::{Workspace, entries, error_of, output_of, petite, texts_of, warning_of};
use petite::dataset::synthetic::synthesize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// `data`: 32 pictures in each of two class folders, not split.
pub fn class_folders() -> Workspace {
    let workspace = Workspace::empty();
    synthesize(&workspace.path("originals"), 32, 1, &petite::Stop::default()).unwrap();
    for name in entries(&workspace.path("originals")) {
        let class = workspace.path("data").join(name.split('.').next().unwrap());
        std::fs::create_dir_all(&class).unwrap();
        std::fs::copy(workspace.path("originals").join(&name), class.join(&name)).unwrap();
    }
    workspace
}

/// The lines of a run's `split.csv`: path → label and split.
pub fn split_of(workspace: &Workspace, run: &str) -> BTreeMap<String, (String, String)> {
    let text = workspace.text(&format!("{run}/split.csv"));
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("path,label,split"));
    lines
        .map(|line| {
            let [path, label, split] = line.split(',').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            (path.to_owned(), (label.to_owned(), split.to_owned()))
        })
        .collect()
}

#[test]
fn splits_a_folder_of_class_folders_and_evaluates_on_the_same_split() {
    let workspace = class_folders();
    let out = output_of(&mut workspace.train("run", "--epochs 1"));
    assert!(out.contains("class folders, split by content into "), "{out}");
    let split = split_of(&workspace, "run");
    assert_eq!(split.len(), 64);
    let count = |label: &str, part: &str| {
        split.values().filter(|found| **found == (label.to_owned(), part.to_owned())).count()
    };
    for label in ["spot", "stripe"] {
        for part in ["train", "validation", "test"] {
            assert!(count(label, part) > 0, "{split:?}");
        }
    }
    let tested = count("spot", "test") + count("stripe", "test");
    // A picture that came later belongs to no part of this run.
    std::fs::copy(workspace.path("originals/spot.1.jpg"), workspace.path("data/spot/later.jpg"))
        .unwrap();
    let out = output_of(&mut workspace.on_run("evaluate", "run"));
    assert!(out.contains(&format!("over {tested} pictures")), "{out}");
    let out = output_of(&mut workspace.on_run("evaluate --split all", "run"));
    assert!(out.contains("over 65 pictures"), "{out}");
    let history = workspace.history("run");
    let out = output_of(&mut workspace.on_run("evaluate --split validation --json", "run"));
    assert!(out.contains(&format!("\"loss\": {}", history[0].val_loss)), "{out}");

    // The data set was moved.
    std::fs::rename(workspace.path("data"), workspace.path("moved")).unwrap();
    let mut evaluate = workspace.on_run("evaluate --json", "run");
    evaluate.arg("--data").arg(workspace.path("moved"));
    assert!(output_of(&mut evaluate).contains(&format!("\"pictures\": {tested}")));

    // The classes of another data set.
    std::fs::rename(workspace.path("moved/spot"), workspace.path("moved/ring")).unwrap();
    let mut evaluate = workspace.on_run("evaluate --split all", "run");
    let error = error_of(evaluate.arg("--data").arg(workspace.path("moved")));
    assert!(error.contains("spot, stripe") && error.contains("ring, stripe"), "{error}");
    assert!(error.contains("(not among them: ring)"), "{error}");

    // Other pictures, some of them under names that the run knows.
    for name in ["spot/new.jpg", "stripe/stripe.1.jpg"] {
        let path = workspace.path("other").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(workspace.path("originals/spot.1.jpg"), path).unwrap();
    }
    let mut evaluate = workspace.on_run("evaluate", "run");
    let mut report = petite("report");
    for command in [&mut evaluate, report.arg(workspace.path("run"))] {
        let error = error_of(command.arg("--data").arg(workspace.path("other")));
        assert!(error.contains("try --split all for all pictures there"), "{error}");
    }
}

/// Added pictures change nothing for the others, and neither do the seed and the size.
#[test]
fn a_picture_stays_in_its_part() {
    let workspace = class_folders();
    workspace.train("first", "--epochs 1 --validation 0.3 --test 0.3").assert().success();
    let first = split_of(&workspace, "first");
    synthesize(&workspace.path("more"), 40, 2, &petite::Stop::default()).unwrap();
    for name in entries(&workspace.path("more")) {
        let class = name.split('.').next().unwrap();
        std::fs::copy(
            workspace.path("more").join(&name),
            workspace.path(&format!("data/{class}/more.{name}")),
        )
        .unwrap();
    }
    let mut second =
        petite("train --epochs 1 --image-size 60 --seed 9 --validation 0.3 --test 0.3");
    second.arg("--data").arg(workspace.path("data")).arg("--out").arg(workspace.path("second"));
    second.assert().success();
    let second = split_of(&workspace, "second");
    assert_eq!(second.len(), 64 + 80);
    for (path, found) in first {
        assert_eq!(second[&path], found, "{path}");
    }
}

#[test]
fn takes_numbers_of_pictures_and_keeps_near_copies_together() {
    let workspace = class_folders();
    // The same bytes, and a picture that was saved again.
    for (from, to) in [("spot.3.jpg", "spot/copy.jpg"), ("stripe.4.jpg", "stripe/again.jpg")] {
        let bytes = std::fs::read(workspace.path("originals").join(from)).unwrap();
        let picture = image::load_from_memory(&bytes).unwrap();
        let path = workspace.path("data").join(to);
        match to {
            "spot/copy.jpg" => std::fs::write(path, bytes).unwrap(),
            _ => picture.save(path).unwrap(),
        }
    }
    let out = output_of(&mut workspace.train("run", "--epochs 1 --validation 5 --test 3"));
    let expected = "into 50 train, 10 validation, 6 test; 2 near copies kept with their originals";
    assert!(out.contains(expected), "{out}");
    let split = split_of(&workspace, "run");
    for label in ["spot", "stripe"] {
        for (part, expected) in [("train", 25), ("validation", 5), ("test", 3)] {
            let wanted = (label.to_owned(), part.to_owned());
            assert_eq!(split.values().filter(|found| **found == wanted).count(), expected);
        }
    }
    assert_eq!(split["spot/spot.3.jpg"], split["spot/copy.jpg"]);
    assert_eq!(split["stripe/stripe.4.jpg"], split["stripe/again.jpg"]);

    let error = error_of(&mut workspace.train("many", "--validation 40"));
    assert!(error.contains("expected 40 validation pictures of spot"), "{error}");
    assert!(error.contains("try a smaller --validation"), "{error}");
    assert!(!workspace.path("many").exists());
    let error = error_of(&mut workspace.train("none", "--validation 0"));
    assert!(error.contains("expected pictures to validate on"), "{error}");
    let error = error_of(&mut workspace.train("all", "--validation 0.6 --test 0.4"));
    assert!(error.contains("leave pictures to train"), "{error}");
}

#[test]
fn other_names_of_the_parts_are_known_and_train_alone_is_split() {
    let workspace = Workspace::with_data();
    workspace.train("usual", "--epochs 1").assert().success();
    assert!(!workspace.path("usual/split.csv").exists());
    for name in ["valid", "val", "Validation"] {
        let from = workspace.path("data/validation");
        std::fs::rename(&from, workspace.path("data").join(name)).unwrap();
        let out = output_of(&mut workspace.train(name, "--epochs 1"));
        assert!(out.contains("folders train, validation, test\n"), "{out}");
        assert_eq!(workspace.figures("usual"), workspace.figures(name));
        std::fs::rename(workspace.path("data").join(name), from).unwrap();
    }
    let error = error_of(&mut workspace.train("asked", "--validation 0.3"));
    assert!(error.contains("expected a data set that is not split with --validation"), "{error}");

    std::fs::remove_dir_all(workspace.path("data/validation")).unwrap();
    let out = output_of(&mut workspace.train("alone", "--epochs 1"));
    assert!(out.contains("folders train, test, split by content into 1"), "{out}");
    let split = split_of(&workspace, "alone");
    assert_eq!(split.values().filter(|(_, part)| part == "test").count(), 8);
    assert_eq!(split.len(), 24);
}

#[test]
fn reads_labels_from_a_list() {
    let workspace = Workspace::empty();
    synthesize(&workspace.path("pictures"), 20, 1, &petite::Stop::default()).unwrap();
    let mut list = "label,path,seen by\n".to_owned();
    for name in entries(&workspace.path("pictures")) {
        list += &format!("{},pictures/{name},me\n", name.split('.').next().unwrap());
    }
    workspace.write("list.csv", list.as_bytes());
    let train = |run: &str, list: &str, flags: &str| {
        let mut command = petite(&format!("train --epochs 1 --image-size 46 --threads 1 {flags}"));
        command.arg("--labels").arg(workspace.path(list)).arg("--out").arg(workspace.path(run));
        command
    };
    let out = output_of(&mut train("run", "list.csv", ""));
    assert!(out.contains("a list of labels, split by content"), "{out}");
    let split = split_of(&workspace, "run");
    assert_eq!(split.len(), 40);
    assert!(split.contains_key("pictures/spot.0.jpg"));
    workspace.on_run("evaluate", "run").assert().success();

    // Another list, whose paths are relative to it.
    std::fs::create_dir(workspace.path("elsewhere")).unwrap();
    std::fs::copy(workspace.path("pictures/spot.1.jpg"), workspace.path("elsewhere/one.jpg"))
        .unwrap();
    workspace
        .write("elsewhere/new.csv", b"path,label,split\none.jpg,spot,train\none.jpg,spot,train\n");
    let mut evaluate = workspace.on_run("evaluate --split all", "run");
    evaluate.arg("--labels").arg(workspace.path("elsewhere/new.csv"));
    assert!(output_of(&mut evaluate).contains("over 1 pictures"));

    // The list that the run wrote is one, too, and gives the same run.
    std::fs::copy(workspace.path("run/split.csv"), workspace.path("again.csv")).unwrap();
    let out = output_of(&mut train("again", "again.csv", ""));
    assert!(out.contains("a list of labels\n"), "{out}");
    assert_eq!(split, split_of(&workspace, "again"));
    assert_eq!(workspace.figures("run"), workspace.figures("again"));

    // Rows without a file are errors, or bad pictures to skip.
    workspace.write("short.csv", list.replace("spot.0.jpg", "spot.0").as_bytes());
    let error = error_of(&mut train("short", "short.csv", ""));
    let expected = "line 2: expected the file pictures/spot.0, found none; try pictures/spot.0.jpg";
    assert!(error.contains(expected) && error.contains("or --skip-bad-pictures"), "{error}");
    assert!(!workspace.path("short").exists());
    let mut doctor = petite("doctor --device cpu");
    doctor.arg("--data").arg(workspace.path("")).arg("--labels").arg(workspace.path("short.csv"));
    let (out, _) = texts_of(&mut doctor, 1);
    assert!(out.contains(expected), "{out}");
    // A missing file is placed by its path, which differs: it must not be a test picture.
    let skipped = warning_of(&mut train("short", "short.csv", "--skip-bad-pictures --test 0"));
    assert!(skipped.contains("skipping 1 of "), "{skipped}");
}

/// Writes the files below `folder` to the zip `to`.
fn zipped(folder: &Path, to: &Path) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(to).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    for class in entries(folder) {
        for name in entries(&folder.join(&class)) {
            zip.start_file(format!("pets/{class}/{name}"), options).unwrap();
            zip.write_all(&std::fs::read(folder.join(&class).join(name)).unwrap()).unwrap();
        }
    }
    // What macOS adds.
    zip.start_file("__MACOSX/pets/spot/._spot.0.jpg", options).unwrap();
    zip.write_all(b"resources").unwrap();
    zip.finish().unwrap();
}

#[test]
fn an_archive_is_as_good_as_its_folder() {
    let workspace = class_folders();
    workspace.train("folder", "--epochs 1").assert().success();
    zipped(&workspace.path("data"), &workspace.path("pets.zip"));
    let mut tar = tar::Builder::new(std::fs::File::create(workspace.path("pets.tar")).unwrap());
    tar.append_dir_all("pets", workspace.path("data")).unwrap();
    tar.finish().unwrap();
    let bytes = std::fs::read(workspace.path("pets.tar")).unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&bytes).unwrap();
    workspace.write("pets.tgz", &gz.finish().unwrap());
    for archive in ["pets.zip", "pets.tar", "pets.tgz"] {
        let run = format!("{archive}.run");
        workspace.train_on(archive, &run, "--epochs 1").assert().success();
        assert_eq!(workspace.figures("folder"), workspace.figures(&run));
        assert_eq!(split_of(&workspace, "folder"), split_of(&workspace, &run));
        let mut evaluate = workspace.on_run("evaluate", &run);
        evaluate.env("PETITE_CACHE", workspace.path("cache")).assert().success();
    }
    assert_eq!(entries(&workspace.path("cache/archives")).len(), 3);

    // An archive with a list of labels at its top.
    let list = std::fs::read(workspace.path("folder/split.csv")).unwrap();
    workspace.write("data/labels.csv", &list);
    let mut tar = tar::Builder::new(std::fs::File::create(workspace.path("list.tar")).unwrap());
    tar.append_dir_all("pets", workspace.path("data")).unwrap();
    tar.finish().unwrap();
    let out = output_of(&mut workspace.train_on("list.tar", "list", "--epochs 1"));
    assert!(out.contains("list.tar: a list of labels\n"), "{out}");
    assert_eq!(workspace.figures("folder"), workspace.figures("list"));

    workspace.write("pets.zip", &bytes[..1000]);
    let error = error_of(&mut workspace.train_on("pets.zip", "broken", "--epochs 1"));
    assert!(error.contains("cannot unpack") && error.contains("pets.zip"), "{error}");

    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "cats/passwd.jpg", "/etc/passwd").unwrap();
    workspace.write("links.tar", &tar.into_inner().unwrap());
    let error = error_of(&mut workspace.train_on("links.tar", "links", "--epochs 1"));
    assert!(error.contains("found cats/passwd.jpg, a link"), "{error}");
}
