//! Archives that several processes unpack and use.

use super::support::{SMALL, Workspace, entries};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Packs the data set into `pets.tar`, with `mark` in it.
fn pack(workspace: &Workspace, mark: &str) {
    workspace.write("data/mark.txt", mark.as_bytes());
    let mut tar = tar::Builder::new(std::fs::File::create(workspace.path("pets.tar")).unwrap());
    tar.append_dir_all("pets", workspace.path("data")).unwrap();
    tar.finish().unwrap();
}

fn command(workspace: &Workspace, run: &str, epochs: &str) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("petite"));
    command.args(["train", "--batch-size", "4", "--image-size", SMALL, "--threads", "1"]);
    command.args(["--loader-threads", "1", "--cache", "none", "--epochs", epochs, "--data"]);
    command.arg(workspace.path("pets.tar")).arg("--out").arg(workspace.path(run));
    command.env("PETITE_CACHE", workspace.path("cache")).stdout(Stdio::piped());
    command
}

#[test]
fn processes_that_unpack_the_same_archive_do_not_interfere() {
    let workspace = Workspace::with_data();
    pack(&workspace, "");
    let start = |run: &str| command(&workspace, run, "1").stderr(Stdio::piped()).spawn().unwrap();
    for child in ["a", "b", "c"].map(start) {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(entries(&workspace.path("cache/archives")).len(), 1);
}

#[test]
fn a_copy_that_a_process_uses_is_kept() {
    let workspace = Workspace::with_data();
    pack(&workspace, "first");
    let mut user = command(&workspace, "user", "100000").spawn().unwrap();
    let mut lines = BufReader::new(user.stdout.take().unwrap()).lines();
    lines.find(|line| line.as_ref().unwrap().contains(" val_loss ")).unwrap().unwrap();
    let copies = || entries(&workspace.path("cache/archives"));
    let train = |run: &str| {
        let outcome = command(&workspace, run, "1").stderr(Stdio::inherit()).output().unwrap();
        assert!(outcome.status.success());
    };
    pack(&workspace, "second");
    train("other");
    let both = copies();
    assert_eq!(both.len(), 2, "{both:?}");
    // The first still reads its pictures.
    lines.find(|line| line.as_ref().unwrap().contains(" val_loss ")).unwrap().unwrap();
    user.kill().unwrap();
    user.wait().unwrap();
    pack(&workspace, "third");
    train("last");
    let left = copies();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(!both.contains(&left[0]), "{left:?}");
}
