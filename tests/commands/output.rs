//! Standard output that is full, or closed, for every command; standard error too.

use super::support::{Workspace, petite, texts_of};
use std::ffi::OsString;
use std::fs::File;
use std::process::{Command, Output, Stdio};

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

/// A pipe that nobody reads.
fn closed() -> Stdio {
    let (_, writer) = std::io::pipe().unwrap();
    writer.into()
}

fn run(workspace: &Workspace, line: &[OsString], stdout: Stdio, stderr: Stdio) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("petite"));
    command.args(line).env("PETITE_CACHE", workspace.path("cache"));
    command.stdout(stdout).stderr(stderr).output().unwrap()
}

/// Every command that prints. `@NAME` stands for a path in the workspace, and `%` for `round`.
fn commands(workspace: &Workspace, round: &str) -> Vec<Vec<OsString>> {
    let small = "--batch-size 4 --image-size 46 --threads 1";
    let train = format!("train --epochs 1 {small} --data @data --cache none --out @train-%");
    let import = "import --image-size 46 @run/last.ot --data @data --out @import-%";
    let lines = [
        "--help",
        "--version",
        "help",
        "train --help",
        "synthesize --each 1 --to @drawn-%",
        "prepare --from @originals --to @prepared-% --train 8 --validation 4 --test 4",
        "summary",
        &train,
        &format!("{train}-repeats --repeats 2"),
        "evaluate --run @run --cache none",
        "evaluate --run @run --cache none --json",
        "predict --run @run @data/test/spots",
        "predict --run @run @data/test/spots --json",
        "compare --list",
        "compare --run @run --reference book-baseline",
        "compare --run @run --reference book-baseline --json",
        "convert @run/last.ot @last-%.npz",
        import,
        "plot --run @run",
        "preview --data @data --to @preview-%.png",
        "doctor --device cpu",
        "watch @run",
        "completions bash",
        "completions zsh",
        "completions fish",
        "man",
        "man train",
        "man --to @man-%",
    ];
    let word = |word: &str| match word.strip_prefix('@') {
        Some(name) => workspace.path(&name.replace('%', round)).into(),
        None => word.into(),
    };
    lines.iter().map(|line| line.split_whitespace().map(word).collect()).collect()
}

#[test]
fn output_that_cannot_be_written_fails_and_a_closed_pipe_does_not() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    for line in commands(&workspace, "full") {
        let mut command = petite("");
        command.args(&line).env("PETITE_CACHE", workspace.path("cache")).without_room();
        let (_, error) = texts_of(&mut command, 1);
        let last = error.lines().last().unwrap_or_default();
        assert!(
            last.starts_with("error: cannot write to standard output: No space left on device"),
            "{line:?}: {error}"
        );
    }
    // The work was done.
    for file in ["train-full/last.ot", "last-full.npz", "preview-full.png", "run/test.json"] {
        assert!(workspace.path(file).exists(), "{file}");
    }
    for line in commands(&workspace, "closed") {
        let output = run(&workspace, &line, closed(), Stdio::piped());
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{line:?}: {error}");
        assert!(!error.contains("cannot write"), "{line:?}: {error}");
    }
}

#[test]
fn a_lost_standard_error_changes_no_exit_code() {
    let workspace = Workspace::with_data();
    workspace.write("data/train/spots/notes.txt", b"passed over");
    workspace.write("data/train/spots/spot.1.jpg", b"bad");
    let words = |line: &str| line.split_whitespace().map(OsString::from).collect::<Vec<_>>();
    let mut train = words("train --epochs 1 --batch-size 4 --image-size 46 --skip-bad-pictures");
    train.extend(["--data".into(), workspace.path("data").into(), "--out".into()]);
    for (name, stderr) in [("full", full as fn() -> Stdio), ("closed", closed)] {
        let code =
            |line: &[OsString]| run(&workspace, line, Stdio::piped(), stderr()).status.code();
        assert_eq!(code(&[]), Some(2));
        assert_eq!(code(&words("train --nonsense")), Some(2));
        assert_eq!(code(&words("evaluate --run nowhere")), Some(1));
        train.push(workspace.path(name).into());
        assert_eq!(code(&train), Some(0));
        train.pop();
    }
}
