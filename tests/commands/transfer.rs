//! Heads on pretrained bases, and bases trained further.

use super::support::{
    Command, Workspace, error_of, output_of, petite, texts_of, warning_of, weights_in,
};
use petite::dataset::synthetic::synthesize;
use petite::nn::zoo::Model;
use serde_json::Value;

const STORED: &str = "(features from the cache)";

/// Two epochs of two batches where pictures go through the base, two passes where features do.
const FEATURES: &str = "--recipe features --epochs 2 --learning-rate 1e-2";
const AUGMENTED: &str =
    "--recipe features-augmented --epochs 2 --steps-per-epoch 2 --learning-rate 1e-2";
const FINE_TUNE: &str =
    "--recipe fine-tune --epochs 2 --steps-per-epoch 2 --learning-rate 1e-3 --schedule constant";

fn with_mobilenet() -> Workspace {
    let workspace = Workspace::with_data();
    workspace.base_weights("base.safetensors", Model::Mobilenet, 0.25, 1);
    workspace
}

fn features(workspace: &Workspace, run: &str, flags: &str) -> String {
    let flags = format!("{FEATURES} {flags}");
    output_of(&mut workspace.train_mobilenet(run, &flags, "base.safetensors"))
}

fn fine_tune(workspace: &Workspace, run: &str, from: &str, flags: &str) -> Command {
    let mut command = workspace.train(run, &format!("{FINE_TUNE} {flags}"));
    command.arg("--from").arg(workspace.path(from));
    command
}

fn settings(workspace: &Workspace, run: &str) -> Value {
    let text = std::fs::read(workspace.path(run).join("config.json")).unwrap();
    serde_json::from_slice::<Value>(&text).unwrap()["train"].clone()
}

fn last(workspace: &Workspace, run: &str) -> Vec<(String, Vec<f32>)> {
    weights_in(&workspace.path(run).join("last.ot"))
}

/// `petite evaluate` says of the last weights what training said of the validation pictures.
fn assert_evaluates_as_trained(workspace: &Workspace, run: &str, within: f64) {
    let evaluate = "evaluate --split validation --weights last --json";
    let out = output_of(&mut workspace.on_run(evaluate, run));
    let json: Value = serde_json::from_str(&out).unwrap();
    let row = *workspace.history(run).last().unwrap();
    let loss = json["loss"].as_f64().unwrap();
    assert!((loss - row.val_loss).abs() <= within, "{run}: {loss} {}", row.val_loss);
    assert_eq!(json["acc"].as_f64(), Some(row.val_acc), "{run}");
}

#[test]
fn vgg16_runs_through_the_book_s_three_recipes() {
    let workspace = Workspace::with_data();
    let base = workspace.base_weights("vgg16.safetensors", Model::Vgg16, 1.0, 1);
    let mut command = workspace.train("features", "--recipe features --epochs 1");
    let out = output_of(command.arg("--weights").arg(&base));
    // 512 features of a place, and the head of listing 5.18.
    assert!(out.contains("vgg16, 14,846,273 parameters"), "{out}");
    assert!(out.contains("base        whole, frozen; 131,585 trainable parameters"), "{out}");
    assert_evaluates_as_trained(&workspace, "features", 1e-5);
    let config = settings(&workspace, "features");
    assert_eq!(config["optimizer"]["learning_rate"], 2e-5);
    assert_eq!((&config["dropout"], &config["batch_size"]), (&0.5.into(), &4.into()));
    assert_eq!(config["network"]["on-base"]["preprocess"], "book");

    let flags = "--recipe features-augmented --epochs 1 --steps-per-epoch 1";
    let mut command = workspace.train("augmented", flags);
    let out = output_of(command.arg("--weights").arg(&base));
    assert!(out.contains("augmented   rotation 40"), "{out}");

    let mut command = workspace.train("tuned", "--recipe fine-tune --epochs 1 --steps-per-epoch 1");
    let out = output_of(command.arg("--from").arg(workspace.path("augmented")));
    assert!(
        out.contains("whole, frozen before block5_conv1; 7,211,009 trainable parameters"),
        "{out}"
    );
    assert_evaluates_as_trained(&workspace, "tuned", 0.0);
    let config = settings(&workspace, "tuned");
    assert_eq!(config["optimizer"]["learning_rate"], 1e-5);
    assert_eq!(config["network"]["on-base"]["stored_features"], false);
    for ((name, before), (_, after)) in
        last(&workspace, "augmented").iter().zip(last(&workspace, "tuned"))
    {
        let trained = name.starts_with("block5") || name.starts_with("dense");
        assert_eq!(*before != after, trained, "{name}");
    }
}

#[test]
fn a_base_can_be_cut_and_trained_on() {
    let workspace = with_mobilenet();
    let out = features(
        &workspace,
        "head",
        "--through conv_pw_5 --units 8 --resize pad --exif-orientation ignore",
    );
    assert!(out.contains("base        through conv_pw_5, frozen; "), "{out}");
    assert_evaluates_as_trained(&workspace, "head", 1e-5);
    let names: Vec<String> = last(&workspace, "head").into_iter().map(|(name, _)| name).collect();
    assert!(names.contains(&"conv_pw_5.weight".to_owned()));
    assert!(!names.contains(&"conv_dw_6.weight".to_owned()));
    // The head has learnt something: features differ from picture to picture.
    let history = workspace.history("head");
    assert_ne!(history[0].val_loss, history[1].val_loss);

    let flags = "--unfreeze-from conv_dw_4 --batch-norm batch";
    let out = output_of(&mut fine_tune(&workspace, "tuned", "head", flags));
    assert!(out.contains("through conv_pw_5, frozen before conv_dw_4; "), "{out}");
    assert_evaluates_as_trained(&workspace, "tuned", 0.0);
    let config = workspace.text("tuned/config.json");
    assert!(config.contains(r#""resize": "pad""#), "{config}");
    assert!(config.contains(r#""exif_orientation": "ignore""#), "{config}");
    // It goes on from the head at its lowest val_loss.
    let before = weights_in(&workspace.path("head/best.ot"));
    for ((name, before), (_, after)) in before.iter().zip(last(&workspace, "tuned")) {
        let trained = ["conv_dw_4", "conv_pw_4", "conv_dw_5", "conv_pw_5", "dense"];
        let trained = trained.iter().any(|layer| name.starts_with(layer));
        assert_eq!(*before != after, trained, "{name}");
    }
}

#[test]
fn features_are_kept_until_something_changes() {
    let workspace = with_mobilenet();
    let stored = |run: &str, flags: &str| features(&workspace, run, flags).matches(STORED).count();
    assert_eq!(stored("first", ""), 0);
    assert_eq!(stored("again", ""), 2);
    assert_eq!(workspace.figures("first"), workspace.figures("again"));
    assert_evaluates_as_trained(&workspace, "again", 1e-5);

    // Another preprocessing, a cut, all places instead of their mean; each replaces the last one's.
    for (run, flags) in [
        ("book", "--preprocess book"),
        ("cut", "--through conv_pw_7"),
        ("flat", "--pooling flatten"),
        ("smooth", "--interpolation nearest"),
        ("plain", ""),
    ] {
        assert_eq!(stored(run, flags), 0, "{flags}");
    }
    assert_eq!(workspace.figures("first"), workspace.figures("plain"));
    // The head's settings are not the features'.
    assert_eq!(stored("other-head", "--units 0 --seed 9"), 2);

    let first = workspace.figures("first");
    workspace.base_weights("base.safetensors", Model::Mobilenet, 0.25, 2);
    assert_eq!(stored("other-weights", ""), 0);
    assert_ne!(workspace.figures("other-weights"), first);
    workspace.base_weights("base.safetensors", Model::Mobilenet, 0.25, 1);
    assert_eq!(stored("same-weights", ""), 0);
    assert_eq!(workspace.figures("same-weights"), first);

    // One training picture is another now: validation's features hold.
    std::fs::copy(
        workspace.path("originals/spot.15.jpg"),
        workspace.path("data/train/spots/spot.3.jpg"),
    )
    .unwrap();
    let out = features(&workspace, "other-picture", "");
    let of = |split: &str| out.lines().find(|line| line.starts_with(split)).unwrap();
    assert!(!of("train").contains(STORED) && of("validation").contains(STORED), "{out}");
    assert_ne!(workspace.figures("other-picture"), first);
}

/// A picture in both splits is as much of a flaw where features take the pictures' place.
#[test]
fn copies_among_the_splits_are_warned_of() {
    let workspace = with_mobilenet();
    std::fs::copy(
        workspace.path("data/train/spots/spot.0.jpg"),
        workspace.path("data/validation/spots/copy.jpg"),
    )
    .unwrap();
    let mut command = workspace.train_mobilenet("run", FEATURES, "base.safetensors");
    let error = warning_of(&mut command);
    assert!(error.contains("1 of 9 validation pictures is a train picture"), "{error}");
}

#[test]
fn damaged_features_are_made_anew() {
    let workspace = with_mobilenet();
    features(&workspace, "first", "");
    let first = workspace.figures("first");
    let folder = workspace.path("cache/features");
    type Damage = fn(Vec<u8>) -> Vec<u8>;
    let damages: [(&str, Damage); 4] = [
        ("cut", |bytes| bytes[..bytes.len() / 2].to_vec()),
        ("empty", |_| Vec::new()),
        ("other", |_| b"no features".to_vec()),
        ("bit", |mut bytes| {
            let place = bytes.len() - 300;
            bytes[place] ^= 1;
            bytes
        }),
    ];
    for (run, damage) in damages {
        for file in super::support::entries(&folder) {
            let path = folder.join(file);
            let bytes = damage(std::fs::read(&path).unwrap());
            std::fs::write(&path, bytes).unwrap();
        }
        assert!(!features(&workspace, run, "").contains(STORED), "{run}");
        assert_eq!(workspace.figures(run), first, "{run}");
    }
    assert!(features(&workspace, "whole", "").contains(STORED));

    // A pipe is not waited for.
    for file in super::support::entries(&folder) {
        std::fs::remove_file(folder.join(&file)).unwrap();
        let pipe = std::process::Command::new("mkfifo").arg(folder.join(&file)).status();
        assert!(pipe.unwrap().success());
    }
    assert!(!features(&workspace, "pipes", "").contains(STORED));
    assert_eq!(workspace.figures("pipes"), first);
}

#[test]
fn features_without_bad_pictures_are_not_those_of_all() {
    let workspace = with_mobilenet();
    workspace.write("data/train/spots/spot.3.jpg", b"no picture");
    let flags = format!("{FEATURES} --skip-bad-pictures");
    for (run, count) in [("first", 0), ("again", 2)] {
        let mut command = workspace.train_mobilenet(run, &flags, "base.safetensors");
        let (out, warned) = texts_of(&mut command, 0);
        assert_eq!(out.matches(STORED).count(), count, "{out}");
        assert!(out.contains("15 pictures of spots, stripes"), "{out}");
        assert!(warned.contains("skipping 1 of 16 pictures in "), "{warned}");
        assert!(warned.contains("spot.3.jpg: "), "{warned}");
    }
    assert_eq!(workspace.figures("first"), workspace.figures("again"));
    // What was skipped once is an error again.
    let mut command = workspace.train_mobilenet("whole", FEATURES, "base.safetensors");
    let error = error_of(&mut command);
    assert!(error.contains("spot.3.jpg: ") && error.contains("--skip-bad-pictures"), "{error}");
}

#[test]
fn each_recipe_goes_on_as_if_it_had_never_stopped() {
    let workspace = with_mobilenet();
    let same = |whole: &str, parts: &str| {
        assert_eq!(workspace.figures(whole), workspace.figures(parts));
        assert_eq!(last(&workspace, whole), last(&workspace, parts));
    };
    for (name, flags) in [("features", FEATURES), ("augmented", AUGMENTED)] {
        let train = |run: &str, epochs: &str| {
            let flags = flags.replace("--epochs 2", epochs);
            workspace.train_mobilenet(run, &flags, "base.safetensors").assert().success();
        };
        let (whole, parts) = (name.to_owned(), format!("{name}-parts"));
        train(&whole, "--epochs 3");
        train(&parts, "--epochs 1");
        output_of(&mut workspace.resume(&parts, "--epochs 3"));
        same(&whole, &parts);
    }
    // Batch normalisation that moves is part of what is kept.
    let flags = "--batch-norm batch";
    fine_tune(&workspace, "tuned", "features", flags).assert().success();
    let mut command =
        workspace.train("tuned-parts", &FINE_TUNE.replace("--epochs 2", "--epochs 1"));
    command.arg("--batch-norm").arg("batch");
    command.arg("--from").arg(workspace.path("features")).assert().success();
    output_of(&mut workspace.resume("tuned-parts", "--epochs 2"));
    same("tuned", "tuned-parts");

    // Killed in its first epoch: the base's weights come from the file again, not from the seed.
    for (run, whole) in [("features-parts", "features"), ("tuned-parts", "tuned")] {
        for file in ["checkpoint.safetensors", "history.csv", "last.ot", "best.ot"] {
            std::fs::remove_file(workspace.path(run).join(file)).unwrap();
        }
        output_of(&mut workspace.resume(run, ""));
        same(whole, run);
    }
    // The same settings give the same run, from another file too if it holds the same weights.
    let mut again = petite("train");
    again.arg("--config").arg(workspace.path("tuned/config.json"));
    again.arg("--out").arg(workspace.path("tuned-again")).assert().success();
    same("tuned", "tuned-again");
    std::fs::rename(workspace.path("base.safetensors"), workspace.path("moved.safetensors"))
        .unwrap();
    let again = || {
        let mut again = petite("train");
        again.arg("--config").arg(workspace.path("augmented/config.json"));
        again.arg("--out").arg(workspace.path("augmented-again"));
        again
    };
    assert!(error_of(&mut again()).contains("base.safetensors, found no file"));
    again().arg("--weights").arg(workspace.path("moved.safetensors")).assert().success();
    same("augmented", "augmented-again");
}

/// Held validation pictures pass the frozen layers once, streamed ones in every epoch.
#[test]
fn frozen_layers_give_the_same_whether_they_run_once_or_in_every_epoch() {
    let workspace = with_mobilenet();
    for cache in ["memory", "none"] {
        let head = format!("head-{cache}");
        let flags = format!("{AUGMENTED} --cache {cache}");
        output_of(&mut workspace.train_mobilenet(&head, &flags, "base.safetensors"));
        let flags = format!("--cache {cache} --unfreeze-from conv_dw_12");
        output_of(&mut fine_tune(&workspace, &format!("tuned-{cache}"), &head, &flags));
    }
    for run in ["head", "tuned"] {
        let figures = |cache| workspace.figures(&format!("{run}-{cache}"));
        assert_eq!(figures("memory"), figures("none"));
        assert_eq!(
            last(&workspace, &format!("{run}-memory")),
            last(&workspace, &format!("{run}-none"))
        );
    }
}

#[test]
fn three_classes_have_a_softmax() {
    let workspace = with_mobilenet();
    synthesize(&workspace.path("others"), 16, 2, &petite::Stop::default()).unwrap();
    for (split, numbers) in [("train", 0..8), ("validation", 8..12), ("test", 12..16)] {
        let class = workspace.path("data").join(split).join("zebras");
        std::fs::create_dir(&class).unwrap();
        for number in numbers {
            let name = format!("stripe.{number}.jpg");
            std::fs::copy(workspace.path("others").join(&name), class.join(&name)).unwrap();
        }
    }
    let out = features(&workspace, "head", "");
    assert!(out.contains("24 pictures of spots, stripes, zebras"), "{out}");
    fine_tune(&workspace, "tuned", "head", "").assert().success();
    assert_evaluates_as_trained(&workspace, "head", 1e-5);
    assert_evaluates_as_trained(&workspace, "tuned", 0.0);
    let classifier =
        |(name, values): &(String, Vec<f32>)| (name == "dense_2.bias").then_some(values.len());
    assert_eq!(last(&workspace, "tuned").iter().find_map(classifier), Some(3));
}
