//! Signals that ask the program to end.

use super::support::{Workspace, send, wait_for};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

/// The program, started by a shell that ignores the signals in `ignored`.
fn petite(ignored: &str) -> Command {
    let mut command = Command::new("sh");
    let line = if ignored.is_empty() { String::new() } else { format!("trap '' {ignored}; ") };
    command.args(["-c", &format!("{line}exec \"$0\" \"$@\"")]);
    command.arg(assert_cmd::cargo::cargo_bin!("petite"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn train(workspace: &Workspace, run: &str, ignored: &str) -> Child {
    let mut command = petite(ignored);
    command.args(["train", "--epochs", "6", "--batch-size", "4", "--image-size", "46"]);
    command.args(["--threads", "1", "--data"]).arg(workspace.path("data"));
    command.arg("--out").arg(workspace.path(run)).spawn().unwrap()
}

/// The signals in a set of `/proc/PID/status`, such as `SigCgt`, as bits from 1 on.
pub fn signals(set: &str, child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(set)).unwrap();
    u64::from_str_radix(line.trim_start_matches(':').trim(), 16).unwrap()
}

/// Waits for the first epoch, sends `signals`, and waits for the end.
fn after_an_epoch(mut child: Child, signals: &[&str]) -> (Output, String) {
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("epoch 1/6") {
        assert_ne!(lines.read_line(&mut said).unwrap(), 0, "{said}");
    }
    signals.iter().for_each(|signal| send(signal, &child));
    lines.read_to_string(&mut said).unwrap();
    (child.wait_with_output().unwrap(), said)
}

#[test]
fn each_signal_has_its_exit_code_and_saves_the_run() {
    let workspace = Workspace::with_data();
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129), ("USR1", 138), ("USR2", 140)]
    {
        let (output, _) = after_an_epoch(train(&workspace, signal, ""), &[signal]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{error}");
        assert!(error.contains("interrupted: saved after epoch "), "{error}");
    }
}

#[test]
fn signals_ignored_at_the_start_stay_ignored() {
    let workspace = Workspace::with_data();
    for signal in ["INT", "HUP", "TERM"] {
        let child = train(&workspace, &format!("without-{signal}"), signal);
        let (output, said) = after_an_epoch(child, &[signal]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{error}");
        assert!(said.contains("epoch 6/6"), "{said}");
    }
    // The others still end it.
    let child = train(&workspace, "nohup", "HUP");
    assert_eq!(after_an_epoch(child, &["HUP", "TERM"]).0.status.code(), Some(143));
}

#[test]
fn the_second_signal_ends_work_that_does_not_stop() {
    let workspace = Workspace::with_data();
    let pipe = workspace.path("settings.json");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (second, code) in [("INT", 130), ("TERM", 143)] {
        let mut command = petite("");
        command.args(["train", "--config"]).arg(&pipe).arg("--out").arg(workspace.path("run"));
        let mut child = command.spawn().unwrap();
        // Returns once the program opens it, which then waits for settings that never come.
        let writer = std::fs::File::options().write(true).open(&pipe).unwrap();
        send("INT", &child);
        wait_for(|| signals("ShdPnd", &child) == 0);
        assert!(child.try_wait().unwrap().is_none());
        send(second, &child);
        assert_eq!(child.wait().unwrap().code(), Some(code));
        drop(writer);
    }
}

#[test]
fn the_first_signal_ends_a_wait_for_standard_input() {
    let mut command = petite("");
    command.args(["predict", "--run", "nowhere", "-"]);
    let mut child = command.spawn().unwrap();
    let input = child.stdin.take();
    // The shell before it has handlers, too.
    let name = format!("/proc/{}/comm", child.id());
    wait_for(|| std::fs::read_to_string(&name).unwrap().trim() == "petite");
    wait_for(|| signals("SigCgt", &child) & 2 != 0);
    send("INT", &child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(input);
}
