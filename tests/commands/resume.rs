//! Runs that break off, and go on.

use super::support::{Workspace, entries, error_of, output_of, petite, warning_of};

#[test]
fn a_continued_run_equals_one_in_one_go() {
    let workspace = Workspace::with_data();
    workspace.train("whole", "--epochs 4 --steps-per-epoch 3").assert().success();
    workspace.train("parts", "--epochs 2 --steps-per-epoch 3").assert().success();
    // What a process leaves that is killed between its row and its checkpoint.
    let rows = workspace.text("parts/history.csv");
    workspace
        .write("parts/history.csv", format!("{rows}3,0.1,0.2,0.3,0.4,1,1,0.0001\n").as_bytes());
    let out = output_of(&mut workspace.resume("parts", "--epochs 4"));
    assert!(out.contains("continuing after epoch 2"), "{out}");
    workspace.assert_same_run("whole", "parts");

    let out = output_of(&mut workspace.resume("parts", ""));
    assert!(out.contains("all its 4 epochs"), "{out}");
    workspace.assert_same_run("whole", "parts");
}

#[test]
fn a_killed_run_goes_on_after_its_last_whole_epoch() {
    let workspace = Workspace::with_data();
    workspace.train("whole", "--epochs 6").assert().success();
    for signal in ["INT", "KILL"] {
        let mut training = workspace.train(signal, "--epochs 6").start();
        training.line_with("epoch 2/6");
        training.send(signal);
        let (code, _, error) = training.end();
        if signal == "INT" {
            assert_eq!(code, Some(130));
            assert!(
                error.contains("interrupted: saved after epoch ") && error.contains("--resume"),
                "{error}"
            );
        }
        workspace.resume(signal, "").assert().success();
        workspace.assert_same_run("whole", signal);
        if signal == "INT" {
            assert_eq!(entries(&workspace.path("whole")), entries(&workspace.path(signal)));
        }
    }
}

#[test]
fn a_continued_run_keeps_its_settings() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    let others = "--epochs 2 --seed 2 --batch-size 8 --learning-rate 1e-3 --downsample stride";
    let error = error_of(&mut workspace.resume("run", others));
    let named =
        "found another --downsample, --batch-size, --seed, --learning-rate; try changing only";
    assert!(error.contains(named), "{error}");
    // The checkpoint knows its settings, whatever `config.json` says.
    let file = workspace.path("run/config.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let edited = text.replace("\"seed\": 1", "\"seed\": 2");
    std::fs::write(&file, edited.replace("\"batch_size\": 4", "\"batch_size\": 8")).unwrap();
    let error = error_of(&mut workspace.resume("run", "--epochs 2"));
    let expected = "found another --batch-size, --seed in its config.json; try restoring that file, or --batch-size 4 --seed 1";
    assert!(error.contains(expected), "{error}");
    assert_eq!(workspace.history("run").len(), 1);
    output_of(&mut workspace.resume("run", "--epochs 2 --batch-size 4 --seed 1"));
    let restored = std::fs::read_to_string(&file).unwrap();
    assert_eq!(restored, text.replace("\"epochs\": 1", "\"epochs\": 2"));

    // A cosine is another one with more epochs.
    workspace.train("cosine", "--epochs 1 --schedule cosine").assert().success();
    let error = error_of(&mut workspace.resume("cosine", "--epochs 2"));
    assert!(error.contains("expected --epochs 1 as in "), "{error}");
    assert!(error.contains("found 2: all rates of the cosine --schedule"), "{error}");
    assert!(error.contains("; try --from ") && error.contains("with a new --out"), "{error}");
}

#[test]
fn a_new_schedule_starts_from_the_last_weights_of_the_same_network() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1 --schedule cosine").assert().success();
    let on = |flags: &str| {
        let mut command = petite(&format!("train {flags} --from"));
        command.arg(workspace.path("run")).arg("--out").arg(workspace.path("on"));
        command
    };
    for (flags, expected) in [
        ("--image-size 50", "expected the network and --image-size of"),
        ("--downsample stride", "found another; try leaving out"),
    ] {
        let error = error_of(&mut on(flags));
        assert!(error.contains(expected), "{error}");
        assert!(!workspace.path("on").exists());
    }
    let out = output_of(&mut on("--epochs 2"));
    let from = workspace.path("run").canonicalize().unwrap();
    assert!(out.contains(&format!("from        {}, its last weights", from.display())), "{out}");
    let config = workspace.text("on/config.json");
    assert!(config.contains(&format!("\"from\": {from:?}")), "{config}");
    assert_eq!(workspace.history("on").len(), 2);
    // Hardly trained, the network is still the first run's.
    std::fs::remove_dir_all(workspace.path("on")).unwrap();
    output_of(&mut on("--epochs 1 --learning-rate 1e-30 --schedule constant"));
    let [run, on] = ["run", "on"].map(|run| workspace.history(run)[0].val_loss);
    assert_eq!(run, on);
}

#[test]
fn the_same_command_begins_a_run_and_continues_it() {
    let workspace = Workspace::with_data();
    let flags = "--epochs 2 --recipe baseline --seed 3 --resume auto";
    assert!(!output_of(&mut workspace.train("run", flags)).contains("continuing"));
    let whole = std::fs::read(workspace.path("run/last.ot")).unwrap();
    let out = output_of(&mut workspace.train("run", flags));
    assert!(out.contains("all its 2 epochs"), "{out}");
    let out = output_of(&mut workspace.train("run", &flags.replace("epochs 2", "epochs 3")));
    assert!(out.contains("continuing after epoch 2"), "{out}");
    assert!(whole != std::fs::read(workspace.path("run/last.ot")).unwrap());
    let error = error_of(&mut workspace.train("run", &flags.replace("seed 3", "seed 4")));
    assert!(error.contains("found another --seed; try"), "{error}");
    let error = error_of(&mut workspace.train("run", "--recipe augmented --resume auto"));
    assert!(error.contains("found another --recipe"), "{error}");
    let error = error_of(&mut workspace.train("run", "--resume=true --from elsewhere"));
    assert!(error.contains("expected --resume without --recipe"), "{error}");
    let error = error_of(&mut workspace.train("run", "--resume=false"));
    assert!(error.contains("to be new or empty"), "{error}");
}

#[test]
fn a_lost_checkpoint_is_refused_or_an_older_one_is_named() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 2 --keep 2").assert().success();
    let before = entries(&workspace.path("run"));
    std::fs::remove_file(workspace.path("run/checkpoint.safetensors")).unwrap();
    let warning = warning_of(&mut workspace.resume("run", ""));
    assert!(
        warning.contains("found none") && warning.contains("checkpoint-1.safeten"),
        "{warning}"
    );
    assert_eq!(entries(&workspace.path("run")), before);
    workspace.train("other", "--epochs 2").assert().success();
    std::fs::remove_file(workspace.path("other/checkpoint.safetensors")).unwrap();
    let before = std::fs::read(workspace.path("other/history.csv")).unwrap();
    let error = error_of(&mut workspace.resume("other", ""));
    assert!(error.contains("of a run that has epochs in its history, found none"), "{error}");
    assert!(error.contains("try restoring it, or --from"), "{error}");
    assert_eq!(std::fs::read(workspace.path("other/history.csv")).unwrap(), before);
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    let path = workspace.path("run/checkpoint.safetensors");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 100]).unwrap();
    let error = error_of(&mut workspace.resume("run", "--epochs 2"));
    assert!(error.contains("checkpoint.safetensors"), "{error}");
    assert_eq!(workspace.history("run").len(), 1);
}
