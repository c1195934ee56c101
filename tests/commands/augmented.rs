//! Training with augmentation, dropout, and the conventions of another Keras.

use super::support::{Workspace, output_of, petite, usage_error_of};

fn config(workspace: &Workspace, run: &str) -> serde_json::Value {
    let text = workspace.text(&format!("{run}/config.json"));
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["train"].clone()
}

#[test]
fn the_recipe_is_the_book_s_and_flags_override_it() {
    let workspace = Workspace::with_data();
    let flags = "--recipe augmented --epochs 2 --steps-per-epoch 3 --zoom-range 0.5,1.1 \
                 --horizontal-flip=false --fill-mode reflect --brightness-range 0.5,1.5 \
                 --channel-shift-range 20";
    workspace.train("run", flags).assert().success();
    let found = config(&workspace, "run");
    assert_eq!(found["dropout"], 0.5);
    let augmentation = &found["augmentation"];
    for (name, value) in [
        ("rotation_range", 40.0.into()),
        ("width_shift_range", 0.2.into()),
        ("height_shift_range", 0.2.into()),
        ("shear_range", 0.2.into()),
        ("zoom_range", serde_json::json!([0.5, 1.1])),
        ("horizontal_flip", false.into()),
        ("fill_mode", "reflect".into()),
        ("brightness_range", serde_json::json!([0.5, 1.5])),
        ("channel_shift_range", 20.0.into()),
    ] {
        let value: serde_json::Value = value;
        assert_eq!(augmentation[name], value, "{name}");
    }
    let mut command =
        petite("train --recipe augmented --image-size 46 --epochs 1 --steps-per-epoch 1");
    command.arg("--data").arg(workspace.path("data")).arg("--out").arg(workspace.path("book"));
    command.assert().success();
    let found = config(&workspace, "book");
    assert_eq!(found["augmentation"]["zoom_range"], serde_json::json!([0.8, 1.2]));
    assert_eq!(found["batch_size"], 32);
    assert_eq!(workspace.history("book")[0].epoch, 1);
}

/// Transforms and masks depend on the seed and the step alone, not on a break in between.
#[test]
fn a_resumed_augmented_run_is_the_unbroken_one() {
    let workspace = Workspace::with_data();
    let flags = "--recipe augmented --steps-per-epoch 5";
    workspace.train("whole", &format!("{flags} --epochs 4")).assert().success();
    workspace.train("broken", &format!("{flags} --epochs 2")).assert().success();
    workspace.resume("broken", "--epochs 4").assert().success();
    workspace.assert_same_run("whole", "broken");
    workspace.train("other", &format!("{flags} --epochs 4 --seed 2")).assert().success();
    assert_ne!(workspace.figures("whole"), workspace.figures("other"));
}

/// Dropout and augmentation are for training: evaluating twice gives the same, and what training
/// saw last.
#[test]
fn validation_is_without_dropout_and_augmentation() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--recipe augmented --steps-per-epoch 4 --epochs 1").assert().success();
    let row = workspace.history("run")[0];
    let json = output_of(&mut workspace.on_run("evaluate --split validation --json", "run"));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["loss"].as_f64().unwrap(), row.val_loss);
    assert_eq!(json["acc"].as_f64().unwrap(), row.val_acc);
}

#[test]
fn each_version_of_keras_trains_its_own_way() {
    let workspace = Workspace::with_data();
    let run = |name: &str, flags: &str| {
        workspace.train(name, &format!("--epochs 2 {flags}")).assert().success();
        workspace.figures(name)
    };
    let book = run("book", "");
    assert_eq!(book, run("2.0.8", "--keras 2.0.8"));
    let keras3 = run("3", "--keras 3");
    assert_ne!(book, keras3);
    assert_eq!(keras3, run("by-hand", "--epsilon 1e-7 --epsilon-place inside-root"));
    // A flag goes before the version's own value.
    assert_eq!(
        run("8", "--keras 3 --epsilon 1e-8 --epsilon-place outside-root"),
        run("9", "--epsilon 1e-8")
    );
    let optimizer = config(&workspace, "3")["optimizer"].clone();
    assert_eq!(optimizer["epsilon"], 1e-7);
    assert_eq!(optimizer["epsilon_place"], "inside-root");
    assert_eq!(config(&workspace, "3")["keras"], "3");
}

/// Sixteen pictures in batches of four are four batches a pass: Keras 2 goes on for as many as
/// asked, Keras 3 ends the epoch.
#[test]
fn an_epoch_is_longer_than_a_pass_but_not_in_keras_3() {
    let workspace = Workspace::with_data();
    let order = |name: &str, flags: &str| {
        workspace.train(name, &format!("--epochs 2 {flags}")).assert().success();
        workspace.figures(name)
    };
    let keras3 = "--epsilon 1e-7 --epsilon-place inside-root";
    let endless = order("endless", &format!("--steps-per-epoch 6 {keras3}"));
    let pass = order("pass", "--keras 3 --steps-per-epoch 6");
    let out = output_of(&mut workspace.train("said", "--epochs 1 --keras 3 --steps-per-epoch 6"));
    assert!(out.contains("4 steps, not 6: in Keras 3"), "{out}");
    assert_ne!(endless, pass);
    assert_eq!(pass, order("four", "--keras 3"));
}

#[test]
fn refuses_ranges_that_make_no_sense() {
    let workspace = Workspace::with_data();
    for (flags, named) in [
        ("--rotation-range=-1", "expected 0 to 360"),
        ("--rotation-range nan", "--rotation-range"),
        ("--width-shift-range 1e9", "--width-shift-range"),
        ("--shear-range 91", "--shear-range"),
        ("--zoom-range 1", "--zoom-range"),
        ("--zoom-range 1.2,0.8", "--zoom-range"),
        ("--zoom-range 0,1", "--zoom-range"),
        ("--brightness-range=-1,1", "--brightness-range"),
        ("--channel-shift-range 256", "--channel-shift-range"),
        ("--fill-mode constant --cval 300", "--cval"),
    ] {
        let error = usage_error_of(&mut workspace.train("run", flags));
        assert!(error.contains("expected") && error.contains(named), "{flags}: {error}");
    }
    for flags in [
        "--dropout 1",
        "--dropout=-0.1",
        "--keras 2.1",
        "--fill-mode mirror",
        "--zoom-range wide",
        "--brightness-range 1",
        "--horizontal-flip=maybe",
    ] {
        workspace.train("run", flags).assert().code(2);
    }
    assert!(!workspace.path("run").exists());
}
