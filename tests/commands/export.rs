use super::limited;
use super::skipped::skipped;
use super::support::{Command, Workspace, entries, error_of, output_of, petite};
use petite::nn::zoo::Model;
use petite::weights;
use std::path::{Path, PathBuf};
use std::process;
use tch::{CModule, Tensor};

/// The formats that need no Python.
const FILES: [&str; 3] = ["model.onnx", "model.pt", "model.safetensors"];

fn export(workspace: &Workspace, run: &str, to: &str) -> Command {
    let mut command = petite("export");
    command.arg(workspace.path(run)).arg("--to").arg(workspace.path(to));
    command
}

/// The decoded pictures of a run's test split, `[N, H, W, C]`, and petite's probabilities.
fn evaluated(workspace: &Workspace, run: &str) -> (Tensor, Tensor) {
    let file = workspace.path("evaluated.safetensors");
    let mut command = workspace.on_run("evaluate --precision fp32 --threads 1 --force", run);
    command.arg("--export").arg(&file).assert().success();
    let (tensors, _) = weights::load(&file).unwrap();
    let find =
        |name: &str| tensors.iter().find(|(found, _)| found == name).unwrap().1.shallow_clone();
    (find("images"), find("probabilities"))
}

#[test]
fn a_run_becomes_a_file_of_each_format() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    for file in FILES {
        let out = output_of(&mut export(&workspace, "run", file));
        assert!(out.contains(file) && out.contains("convnet of") && out.contains("46"), "{out}");
        assert!(out.contains("spots, stripes"), "{out}");
    }
    let (images, expected) = evaluated(&workspace, "run");
    let module = CModule::load(workspace.path("model.pt")).unwrap();
    let found = module.forward_ts(&[images]).unwrap();
    assert_eq!(found.size(), [8, 2]);
    let difference = (found.select(1, 1) - expected).abs().max().double_value(&[]);
    assert!(difference <= 1e-5, "{difference}");

    let (tensors, texts) = weights::load(&workspace.path("model.safetensors")).unwrap();
    assert_eq!((tensors.len(), &texts["classes"][..]), (12, r#"["spots","stripes"]"#));
    assert_eq!((&texts["height"][..], &texts["is_normalization_inside"][..]), ("46", "false"));
    let onnx = std::fs::read(workspace.path("model.onnx")).unwrap();
    for text in [r#"["spots","stripes"]"#, "probabilities", "conv2d_4.weight"] {
        assert!(onnx.windows(text.len()).any(|found| found == text.as_bytes()), "{text}");
    }
}

#[test]
fn weights_and_scores_can_be_chosen() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 2").assert().success();
    // Other weights than the last in any case.
    workspace.train("other", "--epochs 1 --seed 2").assert().success();
    std::fs::copy(workspace.path("other/last.ot"), workspace.path("run/best.ot")).unwrap();
    for file in FILES {
        let best = file.replace("model", "best");
        export(&workspace, "run", file).assert().success();
        export(&workspace, "run", &best).args(["--weights", "best"]).assert().success();
        let read = |name: &str| std::fs::read(workspace.path(name)).unwrap();
        assert_ne!(read(file), read(&best));
    }
    let out = output_of(export(&workspace, "run", "logits.pt").arg("--logits"));
    assert!(out.contains("logits [N, 1]"), "{out}");
    let (images, probabilities) = evaluated(&workspace, "run");
    let module = CModule::load(workspace.path("logits.pt")).unwrap();
    let found = module.forward_ts(&[images]).unwrap().sigmoid().view(-1);
    let difference = (found - probabilities).abs().max().double_value(&[]);
    assert!(difference <= 1e-5, "{difference}");
    // The format may be given, whatever the file is called.
    let mut named = export(&workspace, "run", "network");
    named.args(["--format", "onnx"]).assert().success();
    assert_eq!(
        std::fs::read(workspace.path("network")).unwrap(),
        std::fs::read(workspace.path("model.onnx")).unwrap()
    );
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    workspace.write("there.onnx", b"kept");
    for (run, to, reason) in [
        ("run", "model.h5", "expected a file name ending in .onnx, .pt, .keras or .safetensors"),
        ("run", "there.onnx", "try --force"),
        ("run", "", "expected a file name ending"),
        ("run", "no/folder/model.onnx", "cannot write"),
        ("data", "model.onnx", "config.json"),
        ("nothing", "model.keras", "config.json"),
    ] {
        let error = error_of(&mut export(&workspace, run, to));
        assert!(error.contains(reason), "{run} {to}: {error}");
    }
    assert_eq!(std::fs::read(workspace.path("there.onnx")).unwrap(), b"kept");
    export(&workspace, "run", "there.onnx").arg("--force").assert().success();
    assert!(std::fs::read(workspace.path("there.onnx")).unwrap().len() > 100_000);

    std::fs::remove_file(workspace.path("run/last.ot")).unwrap();
    let error = error_of(&mut export(&workspace, "run", "model.onnx"));
    assert!(error.contains("last.ot"), "{error}");
    assert!(!workspace.path("model.onnx").exists());
}

#[test]
fn keras_needs_a_python_that_has_it() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    let mut command = export(&workspace, "run", "model.keras");
    let error = error_of(command.args(["--python", "/nowhere/python"]));
    assert!(error.contains("cannot run /nowhere/python; try --python PATH"), "{error}");
    // A Python without packages says which it misses; here, any program that fails.
    let mut command = export(&workspace, "run", "model.keras");
    let error = error_of(command.args(["--python", "false"]));
    assert!(error.contains("cannot export to Keras with false: nothing"), "{error}");
    // One that succeeds without doing anything has written nothing.
    let mut command = export(&workspace, "run", "model.keras");
    let error = error_of(command.args(["--python", "true"]));
    assert!(error.contains("expected true to write a Keras model to "), "{error}");
    assert!(error.contains("found that it wrote nothing; try --python PATH"), "{error}");
    assert!(!workspace.path("model.keras").exists());
    // Nor is a file that is there already its work, or another file a model.
    workspace.write("model.keras", b"kept");
    let mut command = export(&workspace, "run", "model.keras");
    let error = error_of(command.args(["--force", "--python", "true"]));
    assert!(error.contains("found that it wrote nothing"), "{error}");
    workspace.write("python", b"#!/bin/sh\nrm \"$4\"; echo no model > \"$4\"\n");
    let python = workspace.path("python");
    std::fs::set_permissions(&python, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = export(&workspace, "run", "model.keras");
    let error = error_of(command.args(["--force", "--python"]).arg(&python));
    assert!(error.contains("found a file that is none"), "{error}");
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    for file in FILES {
        workspace.write(file, b"there before");
        let paths = [workspace.path("run"), PathBuf::from("--to"), workspace.path(file)];
        let limit = "trap '' XFSZ; ulimit -f 200";
        let error = limited::error_within(limit, &["export", "--force"], &paths);
        let expected = format!("cannot write {}", workspace.path(file).display());
        assert!(error.contains(&expected) && error.lines().count() == 1, "{error}");
        assert_eq!(std::fs::read(workspace.path(file)).unwrap(), b"there before");
    }
    let names = entries(&workspace.path(""));
    assert!(!names.iter().any(|name| name.starts_with(".petite-")), "{names:?}");
}

/// Small runs of every kind of network: their names, and the flags that train them.
fn trained(workspace: &Workspace) -> Vec<String> {
    let from_scratch = [("convnet", SMALL_CONVNET), ("mnist", SMALL_MNIST)];
    for (model, size) in from_scratch {
        let flags = format!("--epochs 1 --model {model} --image-size {size}");
        train(workspace, model, &flags).assert().success();
    }
    let bases = [Model::Vgg16, Model::Mobilenet, Model::Squeezenet, Model::Resnet18];
    let mut names: Vec<String> = from_scratch.map(|(model, _)| model.to_owned()).to_vec();
    for model in bases {
        let (name, alpha) = (model.name(), if model == Model::Mobilenet { 0.25 } else { 1.0 });
        let file = workspace.base_weights(&format!("{name}.safetensors"), model, alpha, 1);
        let flags = format!("--epochs 1 --recipe features --model {name} --image-size 40x45");
        let mut command = train(workspace, name, &flags);
        if model == Model::Mobilenet {
            command.args(["--alpha", "0.25"]);
        }
        command.arg("--weights").arg(file).assert().success();
        names.push(name.to_owned());
    }
    let mut command = train(workspace, "fine-tune", "--epochs 1 --recipe fine-tune");
    command.arg("--from").arg(workspace.path("mobilenet")).assert().success();
    names.push("fine-tune".to_owned());
    names
}

const SMALL_CONVNET: &str = "46x50";
const SMALL_MNIST: &str = "28";

fn train(workspace: &Workspace, run: &str, flags: &str) -> Command {
    let mut command = petite(&format!("train --batch-size 4 --threads 1 {flags}"));
    command.arg("--data").arg(workspace.path("data")).arg("--out").arg(workspace.path(run));
    command.env("PETITE_CACHE", workspace.path("cache"));
    command
}

/// Whether `python` can import the modules.
fn has(python: &Path, modules: &str) -> bool {
    let mut command = process::Command::new(python);
    let done = command.args(["-c", &format!("import {modules}")]).output();
    done.is_ok_and(|done| done.status.success())
}

#[test]
fn other_runtimes_give_the_same_probabilities() {
    let test = "export::other_runtimes_give_the_same_probabilities";
    let Some(python) = std::env::var_os("PETITE_PYTHON").map(PathBuf::from) else {
        return skipped(
            test,
            "PETITE_PYTHON does not name a Python with onnxruntime, torch or keras",
        );
    };
    let workspace = Workspace::with_data();
    let mut runs = Vec::new();
    for (format, modules) in [
        ("onnx", "numpy, safetensors, onnx, onnxruntime"),
        ("torchscript", "numpy, safetensors, torch"),
        ("keras", "numpy, safetensors, keras"),
    ] {
        if !has(&python, modules) {
            skipped(&format!("{test}, {format}"), &format!("expected {modules} in PETITE_PYTHON"));
            continue;
        }
        if runs.is_empty() {
            runs = trained(&workspace);
        }
        for run in &runs {
            let mut command = process::Command::new(&python);
            command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/export_check.py"));
            command.arg(workspace.path(run)).args(["--format", format]);
            command.arg("--petite").arg(assert_cmd::cargo::cargo_bin!("petite"));
            let out = String::from_utf8(command.output().unwrap().stdout).unwrap();
            assert!(out.contains("same class              8 of 8"), "{run} as {format}: {out}");
        }
    }
}
