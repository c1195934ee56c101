//! Runs held against references.

use super::support::{Command, Workspace, error_of, json_of, output_of, petite};
use std::path::{Path, PathBuf};

fn reference(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference").join(path)
}

/// The history of one of the book's reruns, whose figures stand in summary.csv.
fn boangri() -> String {
    std::fs::read_to_string(reference("reruns/52_baseline__boangri.csv")).unwrap()
}

fn with_run(workspace: &Workspace, run: &str, history: &str) {
    std::fs::create_dir_all(workspace.path(run)).unwrap();
    workspace.write(&format!("{run}/config.json"), b"{}");
    workspace.write(&format!("{run}/history.csv"), history.as_bytes());
}

fn compare(workspace: &Workspace, runs: &[&str], flags: &str) -> Command {
    let mut command = petite(&format!("compare {flags}"));
    for run in runs {
        command.arg("--run").arg(workspace.path(run));
    }
    command
}

fn words(output: &str, figure: &str) -> Vec<String> {
    let line = output.lines().find_map(|line| line.strip_prefix(figure)).unwrap();
    line.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn prints_the_figures_and_draws_the_curves() {
    let workspace = Workspace::empty();
    with_run(&workspace, "run", &boangri());
    let flags = "--reference book-baseline --strict";
    let out = output_of(&mut compare(&workspace, &["run"], flags));
    for (figure, expected) in [
        ("acc, last epoch", "0.9895 0.9895 0.9840 to 0.9895 (6) +0.0000 inside"),
        ("val_acc, last epoch", "0.7510 0.7240 0.7240 to 0.7510 (6) +0.0270 inside"),
        ("val_acc, highest", "0.7540 0.7310 0.7310 to 0.7540 (6) +0.0230 inside"),
        ("val_acc, mean of last ten", "0.7334 0.7126 0.7126 to 0.7334 (6) +0.0208 inside"),
        ("val_loss, lowest", "0.5308 0.5508 0.5308 to 0.5572 (5) -0.0200 inside"),
        ("val_loss lowest at epoch", "10 10 7 to 12 (5) +0 inside"),
    ] {
        assert_eq!(words(&out, figure).join(" "), expected);
    }
    assert!(out.contains("overfits from epoch") && !out.contains("test acc"), "{out}");
    assert!(
        out.contains("Keras 2.0.8") && out.contains("flaw ") && out.contains("J-TKim"),
        "{out}"
    );

    let png = std::fs::read(workspace.path("run/compare-book-baseline.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    let svg = workspace.text("run/compare-book-baseline.svg");
    for text in ["run, training", "book-baseline, training", "comparable runs, validation"] {
        assert!(svg.contains(text));
    }
    // Training of both in both panels, 30 epochs each, and one symbol each in the legend.
    assert_eq!(svg.matches("<circle").count(), 4 * 30 + 2);
}

#[test]
fn several_runs_have_a_mean_and_a_deviation() {
    let workspace = Workspace::empty();
    // The last val_acc of 0.751 becomes 0.700 and 0.752: one below, one above the spread.
    let low = boangri().replace("0.7510\n", "0.7000\n");
    let high = boangri().replace("0.7510\n", "0.7520\n");
    assert!(low != boangri() && high != boangri());
    with_run(&workspace, "out/seed-9", &low);
    with_run(&workspace, "out/seed-10", &high);
    with_run(&workspace, "one", &low);
    let flags = "--reference book-baseline --strict";
    let out = output_of(&mut compare(&workspace, &["out"], flags));
    assert!(out.starts_with("seed-9, seed-10 against book-baseline"), "{out}");
    // Sample standard deviation: 0.052 / √2.
    assert_eq!(words(&out, "val_acc, last epoch")[..3], ["0.7260", "±", "0.0368"]);
    assert_eq!(words(&out, "val_loss lowest at epoch")[..3], ["10.0", "±", "0.0"]);
    assert!(workspace.path("out/compare-book-baseline.png").exists());

    output_of(&mut compare(&workspace, &["one"], "--reference book-baseline"));
    let error = error_of(&mut compare(&workspace, &["one"], flags));
    assert!(error.contains("found val_acc, last epoch: 0.7000 (0.7240 to 0.7510)"), "{error}");
    let error = error_of(&mut compare(&workspace, &["one", "one"], flags));
    assert!(error.contains("each RUN once"), "{error}");
}

#[test]
fn json_has_every_digit() {
    let workspace = Workspace::empty();
    with_run(&workspace, "run", &boangri().replace("0.7510\n", "0.7512345678\n"));
    let evaluation = |weights: &str, acc: f64| {
        let confusion = serde_json::json!({"classes": ["a", "b"], "counts": [[1, 0], [0, 1]]});
        // As before `flip` was there.
        let json = serde_json::json!({
            "split": "test", "weights": weights, "pictures": 2, "loss": 0.5, "acc": acc, "confusion": confusion
        });
        workspace.write("run/test.json", json.to_string().as_bytes());
    };
    evaluation("last", 0.71234567);
    let mut command = compare(&workspace, &["run"], "--json --reference keras3-baseline-1");
    command.arg("--to").arg(workspace.path("curves.png"));
    let json = json_of(&mut command);
    assert_eq!(json["reference"]["name"], "keras3-baseline-1");
    assert_eq!(json["figures"]["val_acc_last"]["runs"]["mean"], 0.7512345678);
    assert_eq!(json["figures"]["val_acc_last"]["verdict"], "outside");
    let test = &json["figures"]["test_acc"];
    assert_eq!(test["runs"]["values"], serde_json::json!([0.71234567]));
    assert_eq!((&test["reference"], &test["verdict"]), (&0.712.into(), &"inside".into()));
    assert!(workspace.path("curves.png").exists() && workspace.path("curves.svg").exists());

    evaluation("best", 0.7);
    let out = output_of(&mut compare(&workspace, &["run"], "--reference book-baseline"));
    assert!(
        out.contains("was measured with the best weights") && !out.contains("test acc   "),
        "{out}"
    );
    workspace.write("run/test.json", b"{");
    let error = error_of(&mut compare(&workspace, &["run"], "--reference book-baseline"));
    assert!(error.contains("test.json"), "{error}");
}

#[test]
fn a_csv_of_keras_3_is_a_reference_without_a_spread() {
    let workspace = Workspace::empty();
    with_run(&workspace, "run", &boangri());
    let mut csv = "epoch,accuracy,loss,val_accuracy,val_loss\n".to_owned();
    for (epoch, line) in boangri().lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        csv += &format!("{epoch},{},{},{},{}\n", cells[2], cells[1], cells[4], cells[3]);
    }
    workspace.write("mine.csv", csv.as_bytes());
    let with_csv = |flags: &str| {
        let mut command = compare(&workspace, &["run"], flags);
        command.arg("--reference").arg(workspace.path("mine.csv"));
        command
    };
    let out = output_of(&mut with_csv(""));
    assert_eq!(words(&out, "val_acc, last epoch").join(" "), "0.7510 0.7510 n/a +0.0000");
    assert_eq!(words(&out, "val_loss lowest at epoch").join(" "), "10 10 n/a +0");
    assert!(out.contains("none: a CSV is a single history"), "{out}");
    assert!(workspace.path("run/compare-mine.svg").exists());
    let error = error_of(&mut with_csv("--strict"));
    assert!(error.contains("with a spread for --strict") && error.contains("book-"), "{error}");
}

#[test]
fn another_number_of_epochs_is_said_and_not_strict() {
    let workspace = Workspace::empty();
    let shorter: String = boangri().lines().take(21).flat_map(|line| [line, "\n"]).collect();
    with_run(&workspace, "run", &shorter);
    let expected = "expected 30 epochs as in book-baseline, found 20 in run";
    let out = output_of(&mut compare(&workspace, &["run"], "--reference book-baseline"));
    assert!(out.contains(expected), "{out}");
    let flags = "--reference book-baseline --strict";
    let error = error_of(&mut compare(&workspace, &["run"], flags));
    assert!(error.contains(expected) && error.contains("found acc, last epoch: "), "{error}");
}

#[test]
fn a_run_that_diverged_is_drawn_and_outside() {
    let workspace = Workspace::empty();
    let header = "epoch,loss,acc,val_loss,val_acc\n".to_owned();
    let rows: String = (1..=30).map(|epoch| format!("{epoch},NaN,0.5,NaN,0.5\n")).collect();
    with_run(&workspace, "run", &(header + &rows));
    let out = output_of(&mut compare(&workspace, &["run"], "--reference book-baseline"));
    assert_eq!(words(&out, "val_loss, lowest")[0], "n/a");
    assert_eq!(words(&out, "val_loss, lowest").last().unwrap(), "outside");
}

#[test]
fn lists_the_references() {
    let out = output_of(&mut petite("compare --list"));
    assert_eq!(out.lines().count(), 7, "{out}");
    for name in ["book-baseline ", "book-augmented ", "book-fine-tune ", "keras3-baseline-2 "] {
        assert!(out.lines().any(|line| line.starts_with(name)), "{out}");
    }
    assert!(out.contains("1,552 or 1,576 draws") && out.contains("not frozen"), "{out}");
    petite("compare --list --strict").assert().code(2);
    petite("compare --run x").assert().code(2);
    petite("compare --reference book-baseline").assert().code(2);
}

#[test]
fn says_what_is_wrong_with_runs() {
    let workspace = Workspace::empty();
    with_run(&workspace, "run", &boangri());
    with_run(&workspace, "gap", &boangri().replace("\n7,", "\n8,"));
    std::fs::create_dir_all(workspace.path("unfinished/seed-1")).unwrap();
    for (run, named) in [
        ("gap", "expected epoch 7, found 8 in "),
        ("nowhere", "found nothing there"),
        ("unfinished", "seed-1"),
    ] {
        let error = error_of(&mut compare(&workspace, &[run], "--reference book-baseline"));
        assert!(error.contains(named), "{error}");
    }
    let mut unwritable = compare(&workspace, &["run"], "--reference book-baseline");
    assert!(error_of(unwritable.arg("--to").arg(workspace.path("no/such/x"))).contains("x.png"));
}
