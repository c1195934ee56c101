//! Run folders that another process uses, or a killed one has left.

use super::support::{Workspace, entries, error_of, output_of};

#[test]
fn a_second_process_is_refused_until_the_first_is_dead() {
    let workspace = Workspace::with_data();
    for repeats in ["", "--repeats 2"] {
        let mut first = workspace.train("run", &format!("--epochs 100000 {repeats}")).start();
        first.line_with(" val_loss ");
        let held = format!("found another petite (process {}) training in it", first.child.id());
        let resume = || workspace.resume("run", &format!("{repeats} --epochs 1"));
        let error = error_of(&mut resume());
        assert!(error.contains(&held) && error.contains("--out"), "{error}");
        if repeats.is_empty() {
            // Reading is allowed.
            output_of(&mut workspace.on_run("evaluate --split test", "run"));
        }
        drop(first);
        output_of(&mut resume());
        let left = entries(&workspace.path("run"));
        assert!(!left.iter().any(|name| name.starts_with('.')), "{left:?}");
        std::fs::remove_dir_all(workspace.path("run")).unwrap();
    }
}

/// A lock that another process of the same machine holds before `config.json` is there.
#[test]
fn a_new_run_is_refused_in_a_folder_that_another_prepares() {
    let workspace = Workspace::with_data();
    std::fs::create_dir(workspace.path("run")).unwrap();
    let lock = petite::files::folder_lock::FolderLock::take(&workspace.path("run")).unwrap();
    let error = error_of(&mut workspace.train("run", "--epochs 1"));
    assert!(error.contains("found another petite"), "{error}");
    drop(lock);
    workspace.train("run", "--epochs 1").assert().success();
}

#[test]
fn what_a_process_left_that_was_killed_at_once_does_not_count() {
    let workspace = Workspace::with_data();
    for (folder, flags) in
        [("run", ""), ("run/seed-1", "--repeats 2"), ("run/seed-2", "--repeats 2")]
    {
        let left = workspace.path(folder);
        std::fs::create_dir_all(&left).unwrap();
        std::fs::write(left.join(".petite-AbCdEf.json"), "{\"versi").unwrap();
        std::fs::write(left.join(".lock"), "123").unwrap();
        workspace.train("run", &format!("--epochs 1 {flags}")).assert().success();
        assert!(left.join("last.ot").exists());
        assert!(!entries(&left).iter().any(|name| name.starts_with('.')), "{:?}", entries(&left));
        std::fs::remove_dir_all(workspace.path("run")).unwrap();
    }
    // The user's own files do.
    std::fs::create_dir_all(workspace.path("run/seed-1")).unwrap();
    workspace.write("run/seed-1/notes.txt", b"mine");
    let error = error_of(&mut workspace.train("run", "--repeats 2"));
    assert!(error.contains("to be new or empty"), "{error}");
    assert_eq!(entries(&workspace.path("run")), ["seed-1"]);
}
