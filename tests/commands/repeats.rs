//! The same run with several seeds.

use super::support::{Workspace, entries, error_of, output_of};

#[test]
fn trains_seed_after_seed_and_resumes_what_is_missing() {
    let workspace = Workspace::with_data();
    let out =
        output_of(&mut workspace.train("out", "--epochs 2 --seed 5 --repeats 2 --resume auto"));
    assert_eq!(entries(&workspace.path("out")), ["seed-5", "seed-6"]);
    let line = out.lines().find_map(|line| line.strip_prefix("val_acc, mean of last ten")).unwrap();
    assert!(line.contains(" ± ") && out.contains("petite compare --run"), "{out}");

    workspace.train("single", "--epochs 2 --seed 6").assert().success();
    let second = workspace.figures("out/seed-6");
    assert_eq!(workspace.figures("single"), second);
    output_of(&mut workspace.on_run("compare --reference book-baseline", "out"));

    // A third seed, one that has lost its last epoch, and one that is finished.
    workspace.train("short", "--epochs 1 --seed 6").assert().success();
    std::fs::remove_dir_all(workspace.path("out/seed-6")).unwrap();
    std::fs::rename(workspace.path("short"), workspace.path("out/seed-6")).unwrap();
    let error = error_of(&mut workspace.train("out", "--epochs 2 --seed 5 --repeats 3"));
    assert!(error.contains("new or empty") && error.contains("--resume"), "{error}");
    let error = error_of(&mut workspace.resume("out", "--repeats 3 --batch-size 8"));
    assert!(error.contains("found another --batch-size"), "{error}");
    let out =
        output_of(&mut workspace.train("out", "--epochs 2 --seed 5 --repeats 3 --resume auto"));
    assert!(out.contains("all its 2 epochs") && out.contains("continuing after epoch 1"), "{out}");
    assert_eq!(workspace.figures("out/seed-6"), second);
    assert_eq!(workspace.history("out/seed-7").len(), 2);
    let config = workspace.text("out/seed-7/config.json");
    assert!(config.contains("\"seed\": 7") && config.contains("\"batch_size\": 4"), "{config}");
}

#[test]
fn an_interrupted_repetition_says_how_to_continue() {
    let workspace = Workspace::with_data();
    let mut training = workspace.train("out", "--epochs 3 --repeats 2").start();
    training.line_with("epoch 1/3");
    training.send("INT");
    let (code, _, error) = training.end();
    assert_eq!(code, Some(130));
    assert!(error.contains("petite train --resume --repeats 2 --out "), "{error}");
    workspace.resume("out", "--repeats 2").assert().success();
    for run in ["out/seed-1", "out/seed-2"] {
        assert_eq!(workspace.history(run).len(), 3);
    }
}

#[test]
fn refuses_what_cannot_be_repeated() {
    let workspace = Workspace::with_data();
    workspace.train("out", "--repeats 0").assert().code(2);
    let flags = format!("--epochs 1 --repeats 2 --seed {}", u64::MAX);
    let error = error_of(&mut workspace.train("out", &flags));
    assert!(error.contains("a --seed of at most"), "{error}");
    assert!(!workspace.path("out").exists());
    let error = error_of(&mut workspace.resume("out", "--repeats 2"));
    assert!(error.contains("with --resume --repeats, found none"), "{error}");
    std::fs::remove_dir_all(workspace.path("data/train")).unwrap();
    let error = error_of(&mut workspace.train("out", "--repeats 2"));
    assert!(error.contains("train"), "{error}");
    assert!(!workspace.path("out").exists());
}
