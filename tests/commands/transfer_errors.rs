//! What cannot be trained on a pretrained base: said, and nothing written.

use super::support::{Command, Workspace, entries, error_of, petite, weights_in};
use petite::nn::zoo::Model;
use petite::weights::{self, Named};
use std::io::Write;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

const FEATURES: &str = "--recipe features --epochs 1";

fn with_mobilenet() -> Workspace {
    let workspace = Workspace::with_data();
    workspace.base_weights("base.safetensors", Model::Mobilenet, 0.25, 1);
    workspace
}

/// The message of a run that must not begin.
fn refusal(workspace: &Workspace, command: &mut Command) -> String {
    let error = error_of(command);
    assert!(!workspace.path("run").exists(), "{error}");
    assert!(error.starts_with("error: expected ") && error.contains("found"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

#[test]
fn other_weights_are_refused() {
    let workspace = with_mobilenet();
    let with = |file: &str| {
        let error = refusal(&workspace, &mut workspace.train_mobilenet("run", FEATURES, file));
        assert!(error.contains(file), "{error}");
        error
    };
    workspace.base_weights("squeezenet.safetensors", Model::Squeezenet, 1.0, 1);
    let error = with("squeezenet.safetensors");
    assert!(error.contains("found those of squeezenet; try --model squeezenet, or"), "{error}");

    workspace.base_weights("wider.safetensors", Model::Mobilenet, 0.5, 1);
    let error = with("wider.safetensors");
    assert!(error.contains("found those of mobilenet, --alpha 0.5; try"), "{error}");

    let (mut tensors, _): (Named, _) = weights::load(&workspace.path("base.safetensors")).unwrap();
    for (name, _) in &mut tensors {
        *name = name.replace("conv_pw_9.", "conv_nine.");
    }
    weights::save(&workspace.path("renamed.npz"), &tensors, Default::default()).unwrap();
    let error = with("renamed.npz");
    assert!(error.contains("conv_nine.weight is not part of it"), "{error}");
    assert!(error.contains("conv_pw_9.weight is missing"), "{error}");

    let whole = std::fs::read(workspace.path("base.safetensors")).unwrap();
    workspace.write("short.safetensors", &whole[..whole.len() - 1000]);
    with("short.safetensors");
    workspace.write("weights.txt", &whole);
    assert!(with("weights.txt").contains("try one of these extensions"));
    assert!(with("nowhere.pth").contains("found nothing; try"));

    // A pickle that would run a command.
    let witness = workspace.path("was-run");
    let command = format!("touch {}", witness.display());
    let length = (command.len() as u32).to_le_bytes();
    let pickle =
        [b"\x80\x02cposix\nsystem\n(X".as_slice(), &length, command.as_bytes(), b"tR."].concat();
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut archive = ZipWriter::new(std::fs::File::create(workspace.path("bad.pth")).unwrap());
    archive.start_file("archive/data.pkl", stored).unwrap();
    archive.write_all(&pickle).unwrap();
    archive.finish().unwrap();
    assert!(with("bad.pth").contains("posix.system; nothing was run"));
    assert!(!witness.exists());
    assert!(!entries(&workspace.path("")).contains(&"cache".to_owned()));
}

#[test]
fn missing_weights_are_named_with_how_to_get_them() {
    let workspace = Workspace::with_data();
    let error = refusal(&workspace, &mut workspace.train("run", "--recipe features"));
    assert!(error.contains("the weights of vgg16 in "), "{error}");
    assert!(error.contains("try scripts/fetch_weights.sh vgg16, or --weights FILE"), "{error}");
}

/// tests/library/settings.rs has the others; here they are flags.
#[test]
fn settings_that_do_not_go_together_are_refused() {
    let workspace = with_mobilenet();
    for (flags, named) in [
        ("--recipe features --rotation-range 9", "try --recipe features-augmented"),
        ("--recipe features --downsample stride", "--downsample with a network from scratch only"),
        ("--recipe fine-tune", "a trained head for --recipe fine-tune, found no --from RUN"),
    ] {
        let mut command = workspace.train_mobilenet("run", flags, "base.safetensors");
        let error = refusal(&workspace, &mut command);
        assert!(error.contains(named), "{error}");
    }
}

/// A file of a base's weights is no network that could be evaluated.
#[test]
fn a_base_by_itself_is_not_imported() {
    let workspace = Workspace::empty();
    let mut command = petite("import --model resnet18 --classes a,b w.npz --out");
    let error = refusal(&workspace, command.arg(workspace.path("run")));
    assert!(error.contains("resnet18, a pretrained base; try petite train --recipe features"));
}

#[test]
fn only_a_head_of_the_same_classes_is_trained_on() {
    let workspace = with_mobilenet();
    let from = |run: &str, flags: &str| {
        let mut command = workspace.train("run", &format!("--epochs 1 {flags}"));
        command.arg("--from").arg(workspace.path(run));
        refusal(&workspace, &mut command)
    };
    workspace.train_mobilenet("head", FEATURES, "base.safetensors").assert().success();
    let before = weights_in(&workspace.path("head/best.ot"));
    for (flags, named) in [
        ("--units 5", "dense_1.weight is Float [256, 256] instead of Float [5, 256]"),
        ("--alpha 0.5", "best.ot"),
    ] {
        let error = from("head", &format!("--recipe fine-tune {flags}"));
        assert!(error.contains(named), "{error}");
    }
    for split in ["train", "validation"] {
        let class = workspace.path("data").join(split).join("zebras");
        std::fs::create_dir(&class).unwrap();
        for number in 14..16 {
            let name = format!("spot.{number}.jpg");
            let original = workspace.path("originals").join(&name);
            std::fs::copy(original, class.join(&name)).unwrap();
        }
    }
    let error = from("head", "--recipe fine-tune");
    let expected = "head (spots, stripes), found spots, stripes, zebras; try another --data";
    assert!(error.contains("expected the classes of ") && error.contains(expected), "{error}");
    assert_eq!(weights_in(&workspace.path("head/best.ot")), before);
}
