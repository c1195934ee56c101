//! scripts/speed/compare_speed.sh: its flags, and its table of petite alone, which needs no packages.

use assert_cmd::{Command, cargo::cargo_bin};
use petite::dataset::{Prepare, synthetic::synthesize};

fn compare_speed() -> Command {
    Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/speed/compare_speed.sh"))
}

#[test]
fn wrong_flags_are_wrong_usage() {
    for (flags, message) in [
        (&["--fast"][..], "unknown argument '--fast'"),
        (&["--rounds"], "--rounds needs a value"),
        (&["--rounds", "0"], "expected --rounds of 1 to 9999, found '0'"),
        (&["--epochs", "1"], "expected --epochs of 2 or more"),
        (&["--only", "petite,cafe"], "expected --only with contenders listed below, found 'cafe'"),
    ] {
        let output = compare_speed().args(flags).assert().code(2).get_output().clone();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(message) && error.contains("usage:"), "{error}");
    }
    compare_speed().arg("--help").assert().success();
}

#[test]
fn every_run_is_in_the_table_and_in_the_results() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    synthesize(&path("originals"), 6, 1, &petite::Stop::default()).unwrap();
    let prepare = Prepare::new(path("originals"), path("data")).counts(4, 2, 0);
    prepare.run(&petite::Stop::default()).unwrap();
    let run = |data: &str| {
        let mut command = compare_speed();
        command.args(["--only", "petite", "--rounds", "2", "--epochs", "2", "--threads", "1"]);
        command.arg("--petite").arg(cargo_bin!("petite")).arg("--data").arg(path(data));
        command.arg("--results").arg(path("results.jsonl")).assert()
    };
    let output = run("data").success().get_output().stdout.clone();
    let output = String::from_utf8(output).unwrap();
    let row = output.lines().find(|line| line.starts_with("| petite |")).unwrap();
    // Against itself, in each of two rounds.
    assert!(row.ends_with("| 1.00 (1.00 to 1.00) |"), "{row}");
    assert_eq!(std::fs::read_to_string(path("results.jsonl")).unwrap().lines().count(), 2);
    run("nowhere").code(1);
}
