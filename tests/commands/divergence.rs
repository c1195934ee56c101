//! Training whose loss or weights are no longer finite.

use super::support::{Workspace, entries, error_of, weights_in};

#[test]
fn training_stops_at_the_first_loss_that_is_not_finite() {
    let workspace = Workspace::with_data();
    // The rate is so high that it is infinite in f32.
    let flags = "--epochs 3 --learning-rate 1e300 --precision fp32";
    let error = error_of(&mut workspace.train("run", flags));
    assert!(error.contains("expected finite numbers, found "), "{error}");
    assert!(
        error.contains(" in epoch 1 to be infinite or NaN; there are no weights yet"),
        "{error}"
    );
    assert!(error.contains("try a --learning-rate below 1e300\n"), "{error}");
    assert!(!entries(&workspace.path("run")).contains(&"last.ot".to_owned()));
}

#[test]
fn the_last_good_weights_stay() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 2").assert().success();
    let files = ["last.ot", "best.ot"].map(|file| workspace.path("run").join(file));
    let before = files.each_ref().map(|file| weights_in(file));
    // A later rate is the way to let a good run diverge.
    let config = workspace.text("run/config.json");
    workspace.write("run/config.json", config.replace(": 0.0001", ": 1e38").as_bytes());
    // Checkpoints of earlier versions have no settings, which would be compared with these.
    let mut checkpoint = std::fs::read(workspace.path("run/checkpoint.safetensors")).unwrap();
    for (text, other) in [("made_with", "other_key"), ("\"xxh3-64:", "\"without:")] {
        let (text, other) = (text.as_bytes(), other.as_bytes());
        let place = checkpoint.windows(text.len()).position(|bytes| bytes == text).unwrap();
        checkpoint[place..][..text.len()].copy_from_slice(other);
    }
    workspace.write("run/checkpoint.safetensors", &checkpoint);
    let error = error_of(&mut workspace.resume("run", "--epochs 4"));
    assert!(error.contains(" in epoch 3 to be"), "{error}");
    assert!(error.contains("the weights after epoch 2 stay in "), "{error}");
    assert_eq!(before, files.each_ref().map(|file| weights_in(file)));
    assert_eq!(workspace.history("run").len(), 2);
}

#[test]
fn one_of_several_runs_that_diverges_is_an_error_after_the_others() {
    let workspace = Workspace::with_data();
    let error =
        error_of(&mut workspace.train("runs", "--epochs 1 --learning-rate 1e38 --repeats 2"));
    assert!(error.contains("expected finite numbers"), "{error}");
    assert!(workspace.path("runs/seed-2/config.json").exists());
}
