//! Hostile files given to the program, within four gigabytes of address space and ten seconds.

use crate::damage::tensors;
use crate::limited::error_within;
use petite::run::folder::{RunFolder, RunRecord, Versions};
use petite::{Config, Recipe, weights};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Standard error of the program, which must fail, naming `file`.
fn error_of(arguments: &[&str], paths: &[&Path], file: &str) -> String {
    let error = error_within("ulimit -v 4194304; ulimit -t 10", arguments, paths);
    assert!(error.contains(file), "{error}");
    error
}

/// A file of weights at the end of a terabyte without contents.
fn sparse(folder: &Path, extension: &str) -> PathBuf {
    let path = folder.join("sparse").with_extension(extension);
    weights::save(&path, &tensors(), Default::default()).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let file = std::fs::File::create(&path).unwrap();
    file.write_all_at(&whole, (1 << 40) - whole.len() as u64).unwrap();
    path
}

#[test]
fn converts_no_hostile_weights() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("out.safetensors");
    for extension in ["ot", "npz", "safetensors"] {
        let path = sparse(folder.path(), extension);
        let name = format!("sparse.{extension}");
        error_of(&["convert"], &[&path, &to], &name);
        if extension == "ot" {
            let pth = folder.path().join("sparse.pth");
            std::fs::rename(&path, &pth).unwrap();
            error_of(&["convert"], &[&pth, &to], "sparse.pth");
        }
        std::fs::write(&path, (1u64 << 60).to_le_bytes()).unwrap();
        error_of(&["convert"], &[&path, &to], &name);
    }
    assert!(!to.exists());
}

#[test]
fn other_kinds_of_files_in_place_of_weights_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for extension in ["ot", "npz", "safetensors", "pth"] {
        let path = folder.path().join("w").with_extension(extension);
        std::fs::write(&path, "version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
            .unwrap();
        let error = weights::load(&path).unwrap_err().to_string();
        assert!(error.ends_with("found a Git LFS pointer; try git lfs pull"), "{error}");
        std::fs::remove_file(&path).unwrap();
        // Opening a pipe would wait.
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert!(weights::load(&path).is_err());
    }
}

#[test]
fn takes_no_hostile_settings() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunFolder::create(&folder.path().join("run")).unwrap();
    let record = RunRecord {
        versions: Versions::current(),
        device: "CPU".to_owned(),
        classes: ["cats", "dogs"].map(str::to_owned).to_vec(),
        train: Config::new(Recipe::Baseline, "data"),
    };
    run.write_record(&record).unwrap();
    let whole = std::fs::read_to_string(run.config()).unwrap();
    let threads = whole.replace("\"threads\": null", "\"threads\": 1099511627776");
    let size = whole.replace("150,", "1152921504606846976,");
    assert!(threads != whole && size != whole);
    // Every command that reads settings, for the first two; the program takes a while to start.
    for (text, reason, commands) in [
        (threads.as_str(), "expected --threads of 1 to 65536", 4),
        (&size, "of 1 to 4096, found 1152921504606846976", 4),
        (&"[".repeat(100_000), "expected the settings of a run", 1),
        (&" ".repeat(17 << 20), "expected at most 16777216 bytes", 1),
        ("\0", "expected the settings of a run", 1),
    ] {
        std::fs::write(run.config(), text).unwrap();
        let new = folder.path().join("new");
        let all = [
            (&["evaluate", "--run"][..], &[run.path()][..]),
            (&["predict", "picture.jpg", "--run"], &[run.path()]),
            (&["train", "--resume", "--out"], &[run.path()]),
            (&["train", "--config"], &[&run.config(), Path::new("--out"), &new]),
        ];
        for (arguments, paths) in &all[..commands] {
            let error = error_of(arguments, paths, "config.json");
            assert!(error.contains(reason), "{error}");
        }
        assert!(!new.exists());
    }
}
