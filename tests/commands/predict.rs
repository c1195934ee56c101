use super::support::{Workspace, error_of, output_of};

#[test]
fn tells_the_class_of_each_picture() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 40 --learning-rate 1e-3").assert().success();
    let mut command = workspace.on_run("predict", "run");
    // Learnt by heart, so what it says is known.
    command
        .arg(workspace.path("data/train/stripes"))
        .arg(workspace.path("data/train/spots/spot.0.jpg"));
    let out = output_of(&mut command);
    let told: Vec<&str> = out.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(told, [["stripes"; 8].as_slice(), &["spots"]].concat());

    let csv = workspace.path("told.csv");
    let mut command = workspace.on_run("predict", "run");
    command.arg("--csv").arg(&csv).arg(workspace.path("data/train")).assert().success();
    let mut reader = csv::Reader::from_path(&csv).unwrap();
    assert_eq!(reader.headers().unwrap(), &["path", "class", "spots", "stripes"][..]);
    let rows: Vec<(String, String, f64, f64)> =
        reader.deserialize().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), 16);
    for (path, class, spot, stripe) in rows {
        assert!((spot + stripe - 1.0).abs() < 1e-6);
        assert!(path.contains(&class) && (spot > stripe) == (class == "spots"));
    }
}

#[test]
fn names_what_is_no_picture() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    workspace.write("notes.txt", b"notes");
    let mut command = workspace.on_run("predict", "run");
    assert!(error_of(command.arg(workspace.path("notes.txt"))).contains("expected a JPEG"));
    let mut command = workspace.on_run("predict", "run");
    assert!(error_of(command.arg(workspace.path("nothing.jpg"))).contains("found nothing"));
    workspace.on_run("predict", "run").assert().code(2);
}
