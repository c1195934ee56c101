//! Runs that break off, and go on.

use super::support::{Workspace, entries, error_of, figures, output_of, petite, weights_in};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

fn resume(workspace: &Workspace, run: &str, flags: &str) -> assert_cmd::Command {
    let mut command = petite(&format!("train --resume {flags}"));
    command.arg("--out").arg(workspace.path(run));
    command
}

fn assert_same_run(workspace: &Workspace, one: &str, other: &str) {
    assert_eq!(figures(&workspace.history(one)), figures(&workspace.history(other)));
    for file in ["last.ot", "best.ot"] {
        let (one, other) = (workspace.path(one).join(file), workspace.path(other).join(file));
        assert_eq!(weights_in(&one), weights_in(&other), "{file}");
    }
}

#[test]
fn a_continued_run_equals_one_in_one_go() {
    let workspace = Workspace::with_data();
    workspace.train("whole", "--epochs 4 --steps-per-epoch 3").assert().success();
    workspace.train("parts", "--epochs 2 --steps-per-epoch 3").assert().success();
    // What a process leaves that is killed between its row and its checkpoint.
    let rows = std::fs::read_to_string(workspace.path("parts/history.csv")).unwrap();
    workspace
        .write("parts/history.csv", format!("{rows}3,0.1,0.2,0.3,0.4,1,1,0.0001\n").as_bytes());
    let out = output_of(&mut resume(&workspace, "parts", "--epochs 4"));
    assert!(out.contains("continuing after epoch 2"), "{out}");
    assert_same_run(&workspace, "whole", "parts");

    let out = output_of(&mut resume(&workspace, "parts", ""));
    assert!(out.contains("all its 4 epochs"), "{out}");
    assert_same_run(&workspace, "whole", "parts");
}

#[test]
fn a_killed_run_goes_on_after_its_last_whole_epoch() {
    let workspace = Workspace::with_data();
    workspace.train("whole", "--epochs 6").assert().success();
    for signal in ["-INT", "-KILL"] {
        let run = format!("killed{signal}");
        let mut child = Command::new(assert_cmd::cargo::cargo_bin!("petite"))
            .args(["train", "--epochs", "6", "--batch-size", "4", "--image-size", "46"])
            .args(["--threads", "1", "--data"])
            .arg(workspace.path("data"))
            .arg("--out")
            .arg(workspace.path(&run))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        lines.find(|line| line.as_ref().unwrap().starts_with("epoch 2/6")).unwrap().unwrap();
        let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let output = child.wait_with_output().unwrap();
        if signal == "-INT" {
            assert_eq!(output.status.code(), Some(130));
            let error = String::from_utf8(output.stderr).unwrap();
            assert!(error.contains("epochs are saved") && error.contains("--resume"), "{error}");
        }
        resume(&workspace, &run, "").assert().success();
        assert_same_run(&workspace, "whole", &run);
        if signal == "-INT" {
            assert_eq!(entries(&workspace.path("whole")), entries(&workspace.path(&run)));
        }
    }
}

#[test]
fn a_continued_run_keeps_its_settings() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    for flags in ["--seed 2", "--batch-size 8", "--learning-rate 1e-3", "--downsample stride"] {
        let error = error_of(&mut resume(&workspace, "run", &format!("--epochs 2 {flags}")));
        let name = flags.split(' ').next().unwrap();
        assert!(error.contains(&format!("found another {name}; try")), "{error}");
    }
    assert_eq!(workspace.history("run").len(), 1);
    assert!(error_of(&mut resume(&workspace, "nowhere", "")).contains("found nothing there"));

    // A cosine is another one with more epochs.
    workspace.train("cosine", "--epochs 1 --schedule cosine").assert().success();
    let error = error_of(&mut resume(&workspace, "cosine", "--epochs 2"));
    assert!(error.contains("expected --epochs 1 as in "), "{error}");
    assert!(error.contains("found 2: every rate of a cosine"), "{error}");
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    let path = workspace.path("run/checkpoint.safetensors");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 100]).unwrap();
    let error = error_of(&mut resume(&workspace, "run", "--epochs 2"));
    assert!(error.contains("checkpoint.safetensors"), "{error}");
    assert_eq!(workspace.history("run").len(), 1);
}
