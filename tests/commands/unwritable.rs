//! Runs in which results cannot be stored, such as another user's: the result comes all the same.

use super::support::{Workspace, error_of, output_of, petite, texts_of};

#[test]
fn results_come_without_their_files() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    // Root may write everywhere, but not a file over a folder, nor in a file.
    workspace.write("run/test", b"");
    for name in ["compare-book-baseline.png", "report.html", "curves.svg"] {
        let path = workspace.path("run").join(name);
        let _ = std::fs::remove_file(&path);
        std::fs::create_dir(path).unwrap();
    }
    let (said, warning) = texts_of(&mut workspace.on_run("evaluate", "run"), 0);
    assert!(said.contains("accuracy") || said.contains("acc "), "{said}");
    assert!(warning.contains("cannot create ") && warning.contains("not stored; try"), "{warning}");
    let (json, _) = texts_of(&mut workspace.on_run("evaluate --json", "run"), 0);
    assert!(json.contains("\"confusion\""), "{json}");

    let (said, warning) =
        texts_of(&mut workspace.on_run("compare --reference book-baseline", "run"), 0);
    assert!(said.contains("val_acc, last epoch") && !said.contains("curves"), "{said}");
    assert!(warning.contains("the curves are not drawn; try --to DIR"), "{warning}");

    // A page and curves are all that these have to say, so they refuse at once.
    let error = error_of(petite("report").arg(workspace.path("run")));
    assert!(error.contains("report.html; try --to FILE.html elsewhere"), "{error}");
    let error = error_of(&mut workspace.on_run("plot", "run"));
    assert!(error.contains("curves.svg") && error.contains("; try --to DIR"), "{error}");
    let elsewhere = workspace.path("elsewhere");
    output_of(workspace.on_run("plot", "run").arg("--to").arg(&elsewhere));
    assert!(elsewhere.with_extension("png").is_file() && elsewhere.with_extension("svg").is_file());
}
