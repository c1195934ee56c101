use super::support::{Workspace, error_of};
use std::fmt::Write;

/// A history as a run leaves it.
fn history(rows: usize) -> String {
    let mut csv =
        "epoch,loss,acc,val_loss,val_acc,seconds,images_per_second,learning_rate\n".to_owned();
    for epoch in 1..=rows {
        let x = epoch as f64 / 30.0;
        writeln!(
            csv,
            "{epoch},{},{},{},{},1,1,0.0001",
            0.7 - 0.6 * x,
            0.5 + 0.5 * x,
            0.6 + x * x,
            0.5 + 0.2 * x
        )
        .unwrap();
    }
    csv
}

fn run_with(history: &str) -> Workspace {
    let workspace = Workspace::empty();
    std::fs::create_dir(workspace.path("run")).unwrap();
    workspace.write("run/config.json", b"{}");
    workspace.write("run/history.csv", history.as_bytes());
    workspace
}

#[test]
fn draws_both_curves_as_png_and_svg() {
    let workspace = run_with(&history(30));
    workspace.on_run("plot", "run").assert().success();
    let png = std::fs::read(workspace.path("run/curves.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    let size = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    assert_eq!((size(16), size(20)), (1280, 480));

    let svg = workspace.text("run/curves.svg");
    for text in ["Training and validation accuracy", "Training and validation loss", ">epoch<"] {
        assert!(svg.contains(text));
    }
    // Dots for training: 30 a chart, and one in the legend.
    assert_eq!(svg.matches("<circle").count(), 61);
    assert!(svg.trim_end().ends_with("</svg>"));
}

#[test]
fn draws_a_run_that_diverged_and_one_of_one_epoch() {
    let whole = history(3);
    let diverged =
        whole.replace(",1,1,0.0001\n3,", ",1,1,0.0001\n3,NaN,0.5,inf,0.5,1,1,0.0001\n4,");
    assert_ne!(whole, diverged);
    for (history, circles) in [(diverged, 1 + 4 + 3), (history(1), 1 + 2)] {
        let workspace = run_with(&history);
        workspace.on_run("plot", "run").assert().success();
        let svg = workspace.text("run/curves.svg");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert_eq!(svg.matches("<circle").count(), circles, "{svg}");
    }
}

#[test]
fn draws_nothing_of_a_history_that_is_cut_off_or_missing() {
    let whole = history(3);
    let workspace = run_with(&whole[..whole.len() - 30]);
    let error = error_of(&mut workspace.on_run("plot", "run"));
    assert!(error.contains("history.csv line 4"), "{error}");
    assert!(!workspace.path("run/curves.png").exists());
    std::fs::remove_file(workspace.path("run/history.csv")).unwrap();
    assert!(error_of(&mut workspace.on_run("plot", "run")).contains("cannot read"));
}
