//! The commands that petite prints run as they are, whatever the names of the paths.

use super::support::{SMALL, Workspace, output_of, petite};
use petite::nn::zoo::Model;
use petite::report::drawing::PNG_MARK;
use std::path::Path;
use std::process::Command;

/// What follows `mark` in a line that petite printed.
fn after<'a>(said: &'a str, mark: &str) -> &'a str {
    let line = said.lines().find_map(|line| line.split_once(mark));
    line.unwrap_or_else(|| panic!("no {mark} in {said}")).1
}

/// Runs a command line in a shell whose PATH has petite.
fn run(workspace: &Workspace, line: &str) -> String {
    let program = assert_cmd::cargo::cargo_bin!("petite");
    let folder = Path::new(program).parent().unwrap().display().to_string();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.args(["-c", line]).env("PATH", path).current_dir(workspace.path(""));
    let done = command.env("PETITE_CACHE", workspace.path("cache")).output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{line}: {said}{}", String::from_utf8_lossy(&done.stderr));
    said
}

#[test]
fn commands_for_odd_paths_run() {
    let workspace = Workspace::with_data();
    let rename =
        |from: &str, to: &str| std::fs::rename(workspace.path(from), workspace.path(to)).unwrap();
    rename("data", "it's data");
    let out = output_of(&mut workspace.train_on("it's data", "a \"run\"", "--epochs 1"));
    assert!(out.lines().filter(|line| line.starts_with("epoch ")).all(|line| line.len() <= 80));
    let evaluated = run(&workspace, after(&out, "next        "));
    assert!(evaluated.starts_with("test: "), "{evaluated}");

    // Without test pictures, those of validation are evaluated.
    std::fs::rename(workspace.path("it's data/test"), workspace.path("test")).unwrap();
    let out =
        output_of(&mut workspace.train_on("it's data", "runs $HOME", "--epochs 1 --repeats 1"));
    assert!(run(&workspace, after(&out, "next                      ")).contains("book-baseline"));
    let out = output_of(&mut workspace.train_on("it's data", "no test", "--epochs 1"));
    run(&workspace, after(&out, "next        "));

    // A run imported from weights, with a data set.
    let mut import = petite(&format!("import --image-size {SMALL}"));
    import.arg(workspace.path("no test/last.ot")).arg("--out").arg(workspace.path("new run"));
    let out = output_of(import.arg("--data").arg(workspace.path("it's data")));
    run(&workspace, after(&out, "next        "));

    // What a report says computes it again.
    let mut report = petite("report --split validation");
    report.arg(workspace.path("no test")).arg("--to").arg(workspace.path("it's.html"));
    output_of(&mut report);
    let page = workspace.text("it's.html");
    let (_, commands) = page.split_once("<pre>petite").unwrap();
    let (commands, _) = commands.split_once("</pre>").unwrap();
    let commands = commands
        .replace("<wbr>", "")
        .replace("&#39;", "'")
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
    for line in format!("petite{commands}").lines() {
        run(&workspace, line);
    }
    assert!(workspace.path("AGAIN/last.ot").exists());
}

#[test]
fn suspects_train_the_same_base() {
    let workspace = Workspace::with_data();
    let weights = workspace.base_weights("it's base.safetensors", Model::Mobilenet, 0.25, 1);
    let mut suspects = petite("suspects --alpha 0.25 --image-size 64 --threads 1");
    suspects.arg("--weights").arg(weights).arg("--data").arg(workspace.path("data"));
    suspects.arg("--to").arg(workspace.path("my suspects"));
    let out = output_of(suspects.env("PETITE_CACHE", workspace.path("cache")));
    assert!(
        out.contains("\nfeatures    16 pictures in ") || out.starts_with("features    "),
        "{out}"
    );
    let next = after(&out, "next        ");
    for part in ["--model mobilenet", "--alpha 0.25", "--image-size 64", "--weights '"] {
        assert!(next.contains(part), "{next}");
    }
    let trained = run(&workspace, &format!("{next} --epochs 1"));
    assert!(trained.contains("mobilenet, "), "{trained}");
    assert!(trained.contains("\nfeatures    16 train pictures in "), "{trained}");
    assert!(workspace.path("my suspects-run/last.ot").exists());
}

/// A contact sheet is known from other PNGs, and other programs read it.
#[test]
fn drawings_replace_only_drawings() {
    let workspace = Workspace::with_data();
    let sheet = workspace.path("sheet.png");
    let mut preview = petite("preview --count 1");
    preview.arg("--data").arg(workspace.path("data")).arg("--to").arg(&sheet);
    preview.assert().success();
    let bytes = std::fs::read(&sheet).unwrap();
    assert!(bytes.windows(PNG_MARK.len()).any(|found| found == PNG_MARK));
    image::open(&sheet).unwrap();
    preview.assert().success();
    image::RgbImage::new(9, 9).save(&sheet).unwrap();
    let error = super::support::error_of(&mut preview);
    assert!(error.contains("expected a drawing of petite's or nothing at "), "{error}");
    preview.arg("--force").assert().success();
}
