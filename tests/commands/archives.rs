//! Archives that several processes unpack and use.

use super::support::{Command, Workspace, entries};

/// Packs the data set into `pets.tar`, with `mark` in it.
fn pack(workspace: &Workspace, mark: &str) {
    workspace.write("data/mark.txt", mark.as_bytes());
    let mut tar = tar::Builder::new(std::fs::File::create(workspace.path("pets.tar")).unwrap());
    tar.append_dir_all("pets", workspace.path("data")).unwrap();
    tar.finish().unwrap();
}

fn train(workspace: &Workspace, run: &str, epochs: &str) -> Command {
    let flags = format!("--loader-threads 1 --cache none --epochs {epochs}");
    workspace.train_on("pets.tar", run, &flags)
}

#[test]
fn processes_that_unpack_the_same_archive_do_not_interfere() {
    let workspace = Workspace::with_data();
    pack(&workspace, "");
    let started = ["a", "b", "c"].map(|run| train(&workspace, run, "1").start());
    for mut training in started {
        let (code, _, error) = training.end();
        assert_eq!(code, Some(0), "{error}");
    }
    assert_eq!(entries(&workspace.path("cache/archives")).len(), 1);
}

#[test]
fn a_copy_that_a_process_uses_is_kept() {
    let workspace = Workspace::with_data();
    pack(&workspace, "first");
    let mut user = train(&workspace, "user", "100000").start();
    user.line_with(" val_loss ");
    let copies = || entries(&workspace.path("cache/archives"));
    pack(&workspace, "second");
    train(&workspace, "other", "1").assert().success();
    let both = copies();
    assert_eq!(both.len(), 2, "{both:?}");
    // The first still reads its pictures.
    user.line_with(" val_loss ");
    drop(user);
    pack(&workspace, "third");
    train(&workspace, "last", "1").assert().success();
    let left = copies();
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(!both.contains(&left[0]), "{left:?}");
}
