//! A disk that is full, as far as the program can tell: files cannot be longer than a limit.

use super::limited;
use super::support::{Workspace, entries};
use petite::weights::{self, Metadata};
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

/// Standard error of the program, which must fail. Writing a file beyond `limit` blocks of 512 bytes
/// fails.
fn error_within(limit: u32, arguments: &[&str], paths: &[PathBuf]) -> String {
    limited::error_within(&format!("trap '' XFSZ; ulimit -f {limit}"), arguments, paths)
}

#[test]
fn converting_fails_and_leaves_what_was_there() {
    let workspace = Workspace::empty();
    let tensors = [("w".to_owned(), Tensor::zeros([50_000], (Kind::Float, Device::Cpu)))];
    weights::save(&workspace.path("w.safetensors"), &tensors, Metadata::new()).unwrap();
    for name in ["out.ot", "out.npz", "out.safetensors"] {
        workspace.write(name, b"there before");
        let paths = ["w.safetensors", name].map(|name| workspace.path(name));
        let error = error_within(200, &["convert", "--force"], &paths);
        let expected = format!("cannot write {}", workspace.path(name).display());
        assert!(error.contains(&expected) && error.lines().count() == 1, "{error}");
        assert_eq!(std::fs::read(workspace.path(name)).unwrap(), b"there before");
    }
    assert_eq!(
        entries(&workspace.path("")),
        ["out.npz", "out.ot", "out.safetensors", "w.safetensors"]
    );
}

fn assert_same_run(workspace: &Workspace, one: &str, other: &str) {
    workspace.assert_same_run(one, other);
    assert_eq!(entries(&workspace.path(one)), entries(&workspace.path(other)));
}

/// Resumes `run` within a limit that its weights exceed.
fn fail_to_resume(workspace: &Workspace, run: &str, epochs: &str) {
    let folder = workspace.path(run);
    let arguments = ["train", "--resume", "--epochs", epochs, "--out"];
    let error = error_within(1000, &arguments, std::slice::from_ref(&folder));
    assert!(error.contains(&format!("cannot write {}", folder.display())), "{error}");
    assert_no_temporary_files(&folder);
}

fn assert_no_temporary_files(run: &Path) {
    let names = entries(run);
    assert!(!names.iter().any(|name| name.starts_with(".petite-")), "{names:?}");
}

#[test]
fn a_run_goes_on_when_there_is_room() {
    let workspace = Workspace::with_data();
    workspace.train("whole", "--epochs 3 --cache memory").assert().success();

    // The weights of the first epoch do not fit.
    let flags = "train --epochs 3 --cache memory --batch-size 4 --image-size 46 --threads 1 --data";
    let arguments: Vec<&str> = flags.split(' ').collect();
    let paths = ["data", "--out", "early"].map(|path| match path {
        "--out" => PathBuf::from(path),
        path => workspace.path(path),
    });
    let error = error_within(1000, &arguments, &paths);
    let early = workspace.path("early");
    assert!(error.contains(&format!("cannot write {}", early.display())), "{error}");
    assert_no_temporary_files(&early);
    workspace.resume("early", "--epochs 3").assert().success();
    assert_same_run(&workspace, "whole", "early");

    // Those of the second do not.
    workspace.train("late", "--epochs 1 --cache memory").assert().success();
    fail_to_resume(&workspace, "late", "3");
    workspace.resume("late", "--epochs 3").assert().success();
    assert_same_run(&workspace, "whole", "late");
}

/// Equal runs have equal files of weights.
#[test]
fn equal_runs_have_equal_weights_byte_for_byte() {
    let workspace = Workspace::with_data();
    for run in ["one", "other"] {
        workspace.train(run, "--epochs 2").assert().success();
    }
    for file in ["last.ot", "best.ot", "checkpoint.safetensors"] {
        let read = |run: &str| std::fs::read(workspace.path(run).join(file)).unwrap();
        assert!(read("one") == read("other"), "{file}");
    }
}
