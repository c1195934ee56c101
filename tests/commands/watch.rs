//! `petite watch` without a terminal: lines. What it draws on one is tested beside its code.

use super::support::{Workspace, error_of, output_of, petite, usage_error_of};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

fn watch(workspace: &Workspace, run: &str, stdout: Stdio) -> Child {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("petite"));
    command.arg("watch").arg(workspace.path(run)).stdout(stdout).spawn().unwrap()
}

#[test]
fn prints_the_epochs_of_runs_that_have_ended() {
    let workspace = Workspace::with_data();
    let mut train = workspace.train("runs", "--epochs 2 --repeats 2");
    let said = output_of(&mut train);
    let epochs: Vec<&str> = said.lines().filter(|line| line.starts_with("epoch ")).collect();
    let one = output_of(petite("watch").arg(workspace.path("runs/seed-1")));
    assert_eq!(one.lines().collect::<Vec<_>>(), epochs[..2]);

    let both = output_of(petite("watch").arg(workspace.path("runs")));
    let lines: Vec<&str> = both.lines().collect();
    assert_eq!(lines.len(), 4);
    for (line, epoch) in lines.iter().zip(&epochs) {
        assert!(line.contains("runs/seed-") && line.ends_with(epoch), "{line}, not {epoch}");
    }

    // A run that ended early, as an early stop or an interruption does.
    let config = workspace.path("runs/seed-1/config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("\"epochs\": 2", "\"epochs\": 9")).unwrap();
    let ended = output_of(petite("watch").arg(workspace.path("runs/seed-1")));
    assert_eq!(ended, one.replace("/2", "/9"));
}

#[test]
fn follows_a_run_and_ends_with_it() {
    let workspace = Workspace::with_data();
    let mut train = {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("petite"));
        command.args(["train", "--epochs", "30", "--batch-size", "4", "--image-size", "46"]);
        command.args(["--threads", "1", "--data"]).arg(workspace.path("data"));
        command.arg("--out").arg(workspace.path("run")).stdout(Stdio::piped());
        command.spawn().unwrap()
    };
    let mut said = BufReader::new(train.stdout.take().unwrap());
    let mut first = String::new();
    while !first.starts_with("epoch  1/30") {
        first.clear();
        assert_ne!(said.read_line(&mut first).unwrap(), 0);
    }
    let mut closed = watch(&workspace, "run", Stdio::piped());
    let mut lines = BufReader::new(closed.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, first);
    drop(lines);

    let whole = watch(&workspace, "run", Stdio::piped());
    let rest: Vec<String> = said.lines().map(Result::unwrap).collect();
    assert!(train.wait().unwrap().success());
    let output = String::from_utf8(whole.wait_with_output().unwrap().stdout).unwrap();
    let epochs = rest.iter().filter(|line| line.starts_with("epoch "));
    let epochs = [first.trim_end()].into_iter().chain(epochs.map(String::as_str));
    assert_eq!(output.lines().collect::<Vec<_>>(), epochs.collect::<Vec<_>>());
    // Without a reader, it ended at the next line.
    assert!(closed.wait().unwrap().success());
}

#[test]
fn errors_name_the_folder() {
    let workspace = Workspace::empty();
    let error = error_of(petite("watch").arg(workspace.path("nothing")));
    assert!(error.contains("expected a run with a config.json at"), "{error}");
    assert!(error.contains("nothing there"), "{error}");
    assert!(usage_error_of(&mut petite("watch")).contains("<RUN"));
}
