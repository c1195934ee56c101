//! What is on disk while a run trains, and what a resumed run makes of it.

use super::support::{Workspace, entries, error_of, output_of, texts_of, weights_in};
use petite::weights;

fn bytes(workspace: &Workspace, file: &str) -> Vec<u8> {
    std::fs::read(workspace.path(file)).unwrap()
}

#[test]
fn equal_runs_have_equal_bytes() {
    let workspace = Workspace::with_data();
    for run in ["one", "other"] {
        workspace.train(run, "--epochs 2").assert().success();
    }
    for file in ["last.ot", "best.ot", "checkpoint.safetensors", "pictures.csv"] {
        let both = ["one", "other"].map(|run| bytes(&workspace, &format!("{run}/{file}")));
        assert!(both[0] == both[1], "{file}");
    }
}

#[test]
fn a_run_killed_within_an_epoch_goes_on_there() {
    let workspace = Workspace::with_data();
    let flags = "--epochs 3 --steps-per-epoch 6 --checkpoint-every 2 --dropout 0.5";
    workspace.train("whole", flags).assert().success();
    for kept in ["checkpoint-1-2", "checkpoint-0-4", "checkpoint-2-4"] {
        workspace.train("parts", &format!("{flags} --keep 100")).assert().success();
        // As if killed after this checkpoint was written, before the next.
        let older = workspace.path("parts").join(format!("{kept}.safetensors"));
        std::fs::rename(older, workspace.path("parts/checkpoint.safetensors")).unwrap();
        let (out, error) = texts_of(&mut workspace.resume("parts", ""), 0);
        let expected = match kept {
            "checkpoint-1-2" => "continuing after epoch 1 and 2 steps of the next",
            "checkpoint-0-4" => "continuing after 4 steps",
            _ => "continuing after epoch 2 and 4 steps of the next",
        };
        assert!(out.contains(expected), "{out}");
        assert!(
            error.contains("found 3 epochs; written again from the checkpoint")
                || kept == "checkpoint-0-4",
            "{error}"
        );
        assert_eq!(workspace.figures("whole"), workspace.figures("parts"));
        for file in ["last.ot", "best.ot", "checkpoint.safetensors"] {
            let both = ["whole", "parts"].map(|run| bytes(&workspace, &format!("{run}/{file}")));
            assert!(both[0] == both[1], "{kept} {file}");
        }
        std::fs::remove_dir_all(workspace.path("parts")).unwrap();
    }
}

#[test]
fn as_many_checkpoints_stay_as_asked_and_replace_a_damaged_one() {
    let workspace = Workspace::with_data();
    workspace.train("whole", "--epochs 5").assert().success();
    workspace.train("run", "--epochs 4 --keep 3").assert().success();
    let kept = |run| {
        let names = entries(&workspace.path(run)).into_iter();
        names.filter(|name| name.starts_with("checkpoint")).collect::<Vec<_>>()
    };
    let expected =
        ["checkpoint-2.safetensors", "checkpoint-3.safetensors", "checkpoint.safetensors"];
    assert_eq!(kept("run"), expected);

    let newest = bytes(&workspace, "run/checkpoint.safetensors");
    workspace.write("run/checkpoint.safetensors", &newest[..newest.len() / 2]);
    let (out, error) = texts_of(&mut workspace.resume("run", "--epochs 5 --keep 1"), 0);
    assert!(out.contains("continuing after epoch 3"), "{out}");
    assert!(
        error.contains("checkpoint.safetensors")
            && error.contains("checkpoint-3.safetensors instead"),
        "{error}"
    );
    assert_eq!(kept("run"), ["checkpoint.safetensors"]);
    assert_eq!(workspace.figures("whole"), workspace.figures("run"));
    assert!(bytes(&workspace, "whole/last.ot") == bytes(&workspace, "run/last.ot"));

    workspace.write("run/checkpoint.safetensors", b"");
    let error = error_of(&mut workspace.resume("run", "--epochs 6"));
    assert!(error.contains("checkpoint.safetensors"), "{error}");
}

#[test]
fn the_checkpoint_restores_a_cut_lost_or_longer_history() {
    let workspace = Workspace::with_data();
    workspace.train("whole", "--epochs 3").assert().success();
    workspace.train("run", "--epochs 2").assert().success();
    let whole = String::from_utf8(bytes(&workspace, "run/history.csv")).unwrap();
    let kept = bytes(&workspace, "run/checkpoint.safetensors");
    for (history, found) in [
        // As a full disk leaves it.
        (&whole[..whole.len() - 30], "found 1 epoch and a cut line"),
        (&whole[..whole.len() - 1], "found 2 epochs and a cut line"),
        // As a power cut leaves it.
        ("", "found 0 epochs and a cut line"),
        (&format!("{whole}3,0.1,0.2,0.3,0.4,1,1,0.0001\n"), "found 3 epochs"),
        (&whole.replace("\n2,", "\n2,9"), "found other values"),
    ] {
        workspace.write("run/history.csv", history.as_bytes());
        workspace.write("run/checkpoint.safetensors", &kept);
        let (_, error) = texts_of(&mut workspace.resume("run", "--epochs 3"), 0);
        assert!(error.contains(found) && error.contains("written again"), "{error}");
        assert_eq!(workspace.figures("whole"), workspace.figures("run"));
    }
    std::fs::remove_file(workspace.path("run/history.csv")).unwrap();
    let (_, error) = texts_of(&mut workspace.resume("run", ""), 0);
    assert!(error.contains("found No such file"), "{error}");
    assert_eq!(workspace.figures("whole"), workspace.figures("run"));
}

/// Checkpoints of earlier versions have no history and no checksum.
#[test]
fn an_old_checkpoint_takes_the_rows_of_its_epochs_from_the_file() {
    let workspace = Workspace::with_data();
    workspace.train("whole", "--epochs 3").assert().success();
    workspace.train("run", "--epochs 2").assert().success();
    let path = workspace.path("run/checkpoint.safetensors");
    let (tensors, mut metadata) = weights::load(&path).unwrap();
    metadata.remove("history").unwrap();
    weights::save(&path, &tensors, metadata).unwrap();
    let rows = String::from_utf8(bytes(&workspace, "run/history.csv")).unwrap();
    workspace.write("run/history.csv", format!("{rows}3,0.1,0.").as_bytes());
    let (_, error) = texts_of(&mut workspace.resume("run", "--epochs 3"), 0);
    assert!(error.contains("written again"), "{error}");
    assert_eq!(workspace.figures("whole"), workspace.figures("run"));

    weights::save(&path, &tensors, [("epoch".to_owned(), "many".to_owned())].into()).unwrap();
    let error = error_of(&mut workspace.resume("run", "--epochs 3"));
    assert!(error.contains("expected a number for epoch in the metadata"), "{error}");
}

#[test]
fn a_complete_run_gets_back_what_is_missing() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 2").assert().success();
    let files = ["last.ot", "curves.png", "curves.svg", "pictures.csv"];
    let before = files.map(|file| bytes(&workspace, &format!("run/{file}")));
    let history = workspace.figures("run");
    for file in ["last.ot", "curves.png", "curves.svg", "history.csv"] {
        std::fs::remove_file(workspace.path(&format!("run/{file}"))).unwrap();
    }
    let out = output_of(&mut workspace.resume("run", ""));
    assert!(out.contains("all its 2 epochs"), "{out}");
    for (file, before) in files.iter().zip(before) {
        assert!(before == bytes(&workspace, &format!("run/{file}")), "{file}");
    }
    assert_eq!(history, workspace.figures("run"));
    // Weights of another epoch, as after a power cut.
    let best = workspace.path("run/best.ot");
    let is_best_last = weights_in(&best) == weights_in(&workspace.path("run/last.ot"));
    std::fs::write(&best, "").unwrap();
    let (_, error) = texts_of(&mut workspace.resume("run", ""), 0);
    assert_eq!(error.contains("expected the weights of epoch 1 in "), !is_best_last, "{error}");
}
