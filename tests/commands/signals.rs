//! Signals that ask the program to end.

use super::support::{Started, Workspace, wait_for};
use std::process::{Command, Stdio};

/// The program, started by a shell that ignores the signals in `ignored`.
fn petite(ignored: &str) -> Command {
    let mut command = Command::new("sh");
    let line = if ignored.is_empty() { String::new() } else { format!("trap '' {ignored}; ") };
    command.args(["-c", &format!("{line}exec \"$0\" \"$@\"")]);
    command.arg(assert_cmd::cargo::cargo_bin!("petite"));
    command.stdin(Stdio::piped());
    command
}

/// A training that is sent `signals` after its first epoch: what it ended with.
fn train(
    workspace: &Workspace,
    run: &str,
    ignored: &str,
    signals: &[&str],
) -> (Option<i32>, String, String) {
    let mut command = petite(ignored);
    command.args(["train", "--epochs", "6", "--batch-size", "4", "--image-size", "46"]);
    command.args(["--threads", "1", "--data"]).arg(workspace.path("data"));
    let mut training = Started::new(command.arg("--out").arg(workspace.path(run)));
    training.line_with("epoch 1/6");
    signals.iter().for_each(|signal| training.send(signal));
    training.end()
}

/// The signals in a set of `/proc/PID/status`, such as `SigCgt`, as bits from 1 on.
pub fn signals(set: &str, started: &Started) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", started.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(set)).unwrap();
    u64::from_str_radix(line.trim_start_matches(':').trim(), 16).unwrap()
}

#[test]
fn each_signal_has_its_exit_code_and_saves_the_run() {
    let workspace = Workspace::with_data();
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129), ("USR1", 138), ("USR2", 140)]
    {
        let (found, _, error) = train(&workspace, signal, "", &[signal]);
        assert_eq!(found, Some(code), "{error}");
        assert!(error.contains("interrupted: saved after epoch "), "{error}");
    }
}

#[test]
fn signals_ignored_at_the_start_stay_ignored() {
    let workspace = Workspace::with_data();
    for signal in ["INT", "HUP", "TERM"] {
        let (code, said, error) = train(&workspace, signal, signal, &[signal]);
        assert_eq!(code, Some(0), "{error}");
        assert!(said.contains("epoch 6/6"), "{said}");
    }
    // The others still end it.
    assert_eq!(train(&workspace, "nohup", "HUP", &["HUP", "TERM"]).0, Some(143));
}

#[test]
fn the_second_signal_ends_work_that_does_not_stop() {
    let workspace = Workspace::with_data();
    let pipe = workspace.path("settings.json");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (second, code) in [("INT", 130), ("TERM", 143)] {
        let mut command = petite("");
        command.args(["train", "--config"]).arg(&pipe).arg("--out").arg(workspace.path("run"));
        let mut started = Started::new(&mut command);
        // Returns once the program opens it, which then waits for settings that never come.
        let writer = std::fs::File::options().write(true).open(&pipe).unwrap();
        started.send("INT");
        wait_for(|| signals("ShdPnd", &started) == 0);
        assert!(started.child.try_wait().unwrap().is_none());
        started.send(second);
        assert_eq!(started.end().0, Some(code));
        drop(writer);
    }
}

#[test]
fn the_first_signal_ends_a_wait_for_standard_input() {
    let mut command = petite("");
    command.args(["predict", "--run", "nowhere", "-"]);
    let mut started = Started::new(&mut command);
    let input = started.child.stdin.take();
    // The shell before it has handlers, too.
    let name = format!("/proc/{}/comm", started.child.id());
    wait_for(|| std::fs::read_to_string(&name).unwrap().trim() == "petite");
    wait_for(|| signals("SigCgt", &started) & 2 != 0);
    started.send("INT");
    assert_eq!(started.end().0, Some(130));
    drop(input);
}
