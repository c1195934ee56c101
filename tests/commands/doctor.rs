//! `petite doctor`: the machine, and pictures that are in two splits.

use super::support::{Workspace, error_of, output_of, petite, texts_of, warning_of};
use std::fs;

#[test]
fn names_pictures_that_are_in_two_splits() {
    let workspace = Workspace::with_data();
    let data = workspace.path("data");
    let doctor = || {
        let mut command = petite("doctor --device cpu");
        command.arg("--data").arg(&data);
        command
    };
    assert!(output_of(&mut doctor()).contains("no picture of train is in validation"));

    let original = data.join("train/spots/spot.3.jpg");
    fs::copy(&original, data.join("validation/spots/copy.jpg")).unwrap();
    let (said, error) = texts_of(&mut doctor(), 1);
    assert!(error.contains("expected every picture in one split"), "{error}");
    assert!(said.contains("1 of 9 validation pictures is a train picture (1 the same)"), "{said}");
    assert!(said.contains("copy.jpg is"), "{said}");

    // Training goes on, and says so.
    let warned = warning_of(&mut workspace.train("run", "--epochs 1"));
    assert!(warned.contains("warning: 1 of 9 validation pictures is a train picture"), "{warned}");
}

#[test]
fn counts_the_copies_in_a_data_set_that_is_not_split() {
    let workspace = Workspace::with_data();
    let original = workspace.path("data/train/spots/spot.3.jpg");
    fs::copy(&original, workspace.path("data/train/spots/copy.jpg")).unwrap();
    let mut command = petite("doctor --device cpu");
    let said = output_of(command.arg("--data").arg(workspace.path("data/train")));
    assert!(said.contains("not split; 1 of 17 pictures are near copies"), "{said}");

    let mut command = petite("doctor --device cpu");
    let error = error_of(command.arg("--data").arg(workspace.path("nowhere")));
    assert!(error.contains("expected a data set at"), "{error}");
}

#[test]
fn says_what_the_machine_offers() {
    let workspace = Workspace::empty();
    let mut command = petite("doctor --device cpu");
    let said = output_of(command.env("PETITE_CACHE", workspace.path("cache")));
    for line in ["petite    ", "libtorch  ", "threads   ", "cpu       ", "cache     ", "folder    "]
    {
        assert!(said.lines().any(|said| said.starts_with(line)), "{line}: {said}");
    }
    let speed = said.lines().find(|line| line.starts_with("speed     ")).unwrap();
    assert!(speed.contains(" pictures/s, training the book's convnet"), "{speed}");
    assert!(speed.contains("% of the "), "{speed}");
}

#[test]
fn fails_where_training_could_not_run() {
    let workspace = Workspace::empty();
    workspace.write("file", b"");
    let mut command = petite("doctor --device cpu");
    let error = error_of(command.env("PETITE_CACHE", workspace.path("file/cache")));
    assert!(error.contains("expected a machine that can train, found that it cannot"), "{error}");
    assert!(error.contains("cannot write in ") && error.contains("PETITE_CACHE"), "{error}");
    error_of(&mut petite("doctor --device cuda:77"));
}

#[test]
fn names_pictures_that_are_in_two_classes() {
    let workspace = Workspace::with_data();
    let data = workspace.path("data");
    let original = data.join("train/spots/spot.3.jpg");
    fs::copy(&original, data.join("train/stripes/copy.jpg")).unwrap();
    // The same picture in another file.
    let picture = image::open(data.join("train/stripes/stripe.2.jpg")).unwrap();
    picture.save(data.join("validation/spots/near.png")).unwrap();
    let expected = "2 pairs of equal or nearly equal pictures";
    let near = "train/stripes/stripe.2.jpg (stripes) and validation/spots/near.png (spots)";
    let equal = "train/spots/spot.3.jpg (spots) and train/stripes/copy.jpg (stripes)";

    let (said, _) = texts_of(petite("doctor --device cpu").arg("--data").arg(&data), 1);
    assert!(said.contains(expected) && said.contains(near) && said.contains(equal), "{said}");

    let warned = warning_of(&mut workspace.train("run", "--epochs 1"));
    let listed = format!("found {expected} in two: {equal}, {near}; try petite suspects");
    assert!(warned.contains(&listed), "{warned}");

    // Not decoded ahead, only the equal file is known.
    let warned = warning_of(&mut workspace.train("streamed", "--epochs 1 --cache none"));
    let listed = format!("found 1 pair of equal or nearly equal pictures in two: {equal}; try");
    assert!(warned.contains(&listed), "{warned}");

    // A data set that petite splits.
    let warned = warning_of(&mut workspace.train_on("data/train", "split", "--epochs 1"));
    assert!(warned.contains("in two: spots/spot.3.jpg (spots) and stripes/copy.jpg"), "{warned}");
}
