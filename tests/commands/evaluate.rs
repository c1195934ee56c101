use super::support::{
    Workspace, entries, error_of, json_of, output_of, petite, texts_of, weights_in,
};
use petite::weights;
use serde_json::Value;
use tch::Tensor;

#[test]
fn gives_exactly_the_numbers_of_the_end_of_training() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 4 --learning-rate 1e-3").assert().success();
    let history = workspace.history("run");
    let last = history.last().unwrap();
    let json = json_of(&mut workspace.on_run("evaluate --split validation --json", "run"));
    assert_eq!(json["loss"].as_f64(), Some(last.val_loss));
    assert_eq!(json["acc"].as_f64(), Some(last.val_acc));

    let best = history.iter().min_by(|a, b| a.val_loss.total_cmp(&b.val_loss)).unwrap();
    let evaluate = "evaluate --split validation --weights best --json";
    let json = json_of(&mut workspace.on_run(evaluate, "run"));
    assert_eq!(json["loss"].as_f64(), Some(best.val_loss));
}

#[test]
fn counts_which_class_is_taken_for_which() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    let out = output_of(&mut workspace.on_run("evaluate", "run"));
    assert!(out.starts_with("test: loss ") && out.contains("over 8 pictures"), "{out}");
    let json: Value =
        serde_json::from_slice(&std::fs::read(workspace.path("run/test.json")).unwrap()).unwrap();
    assert_eq!(json["pictures"], 8);
    let counts = |row: usize, column: usize| {
        json["confusion"]["counts"][row][column].as_u64().unwrap() as f64
    };
    assert_eq!(counts(0, 0) + counts(0, 1), 4.0);
    assert_eq!(json["acc"].as_f64(), Some((counts(0, 0) + counts(1, 1)) / 8.0));
}

#[test]
fn lists_the_worst_of_many_classes() {
    let workspace = Workspace::with_data();
    let data = workspace.path("many");
    let longest = "แมว".repeat(14);
    for label in 0..11 {
        let class = if label == 0 { longest.clone() } else { format!("class {label}") };
        for (split, first) in [("train", 0), ("validation", 8), ("test", 12)] {
            let folder = data.join(split).join(&class);
            std::fs::create_dir_all(&folder).unwrap();
            for number in first..first + 2 {
                let name = format!("spot.{number}.jpg");
                let original = workspace.path("originals").join(&name);
                std::fs::copy(original, folder.join(name)).unwrap();
            }
        }
    }
    let mut train = petite("train --epochs 1 --label-smoothing 0.1 --image-size 46 --threads 1");
    train.env("PETITE_CACHE", workspace.path("cache"));
    let out = output_of(train.arg("--data").arg(&data).arg("--out").arg(workspace.path("run")));
    assert!(out.contains("pictures of 11 classes: class 1, class 10, class 2, …"), "{out}");
    let (out, told) = texts_of(&mut workspace.on_run("evaluate", "run"), 0);
    // Thai needs more than a font.
    assert!(told.contains("number 1 of 11 classes") && told.contains("class 11 is แมว"), "{told}");
    // The classes do not differ, so one of them is predicted for each picture.
    for line in ["11 classes", "lowest recall", "most common confusions"] {
        assert!(out.lines().any(|found| found.starts_with(line)), "{out}");
    }
    assert!(!out.contains("true") && !out.contains(&longest), "{out}");
    assert!(out.lines().filter(|line| line.contains(".0%")).count() == 10, "{out}");
    assert!(
        out.contains("mean of classes") && !out.contains("ROC AUC  pictures\nclass 1"),
        "{out}"
    );
    let json = json_of(&mut workspace.on_run("evaluate --json", "run"));
    let counts = json["confusion"]["counts"].as_array().unwrap();
    assert!(counts.len() == 11 && counts.iter().all(|row| row.as_array().unwrap().len() == 11));
}

#[test]
fn measures_every_class_and_keeps_every_probability() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 2 --learning-rate 1e-3").assert().success();
    let json = json_of(&mut workspace.on_run("evaluate --json", "run"));
    let metrics = &json["metrics"];
    let acc = json["acc"].as_f64().unwrap();
    let bound = |index: usize| metrics["acc_interval"][index].as_f64().unwrap();
    assert!(bound(0) < acc && acc < bound(1) || acc == 1.0, "{json}");
    assert_eq!(metrics["classes"][1]["class"], "stripes");
    assert_eq!(metrics["weighted_mean"]["recall"].as_f64(), Some(acc));
    let out = output_of(&mut workspace.on_run("evaluate", "run"));
    for line in
        ["ROC AUC ", "class ", "spots ", "stripes ", "mean of classes ", "mean of pictures "]
    {
        assert!(out.lines().any(|found| found.starts_with(line)), "{line}: {out}");
    }

    let folder = workspace.path("run/test");
    assert_eq!(entries(&folder), ["confusion_matrix.png", "predictions.csv", "roc.png"]);
    for drawing in ["confusion_matrix.png", "roc.png"] {
        assert!(image::open(folder.join(drawing)).unwrap().width() >= 300);
    }
    let mut rows = csv::Reader::from_path(folder.join("predictions.csv")).unwrap();
    assert_eq!(
        rows.headers().unwrap(),
        vec!["path", "class", "predicted", "loss", "spots", "stripes"]
    );
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert!(rows.len() == 8 && rows.iter().all(|row| std::path::Path::new(&row[0]).is_file()));
    let number = |row: &csv::StringRecord, column: usize| row[column].parse::<f64>().unwrap();
    let mean = rows.iter().map(|row| number(row, 3)).sum::<f64>() / 8.0;
    assert!((mean - json["loss"].as_f64().unwrap()).abs() < 1e-6);
    assert_eq!(rows.iter().filter(|row| row[1] == row[2]).count() as f64 / 8.0, acc);
    for row in &rows {
        let own = number(row, if &row[1] == "spots" { 4 } else { 5 });
        assert!((number(row, 4) + number(row, 5) - 1.0).abs() < 1e-6);
        assert!((number(row, 3) + own.ln()).abs() < 1e-4, "{row:?}");
    }
}

#[test]
fn compares_two_runs_picture_by_picture() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    workspace.train("other", "--epochs 4 --learning-rate 1e-3 --seed 2").assert().success();
    let against = |run: &str, other: &str| {
        let mut command = workspace.on_run("evaluate --json", run);
        json_of(command.arg("--against").arg(workspace.path(other)))["against"].clone()
    };
    let alone = json_of(&mut workspace.on_run("evaluate --json", "other"));
    assert!(alone.get("against").is_none());
    let found = against("run", "other");
    assert_eq!((&found["loss"], &found["acc"]), (&alone["loss"], &alone["acc"]));
    let count = |of: &Value, key: &str| of["paired"][key].as_u64().unwrap();
    let keys = ["both", "only_first", "only_second", "neither"];
    assert_eq!(keys.iter().map(|key| count(&found, key)).sum::<u64>(), 8);
    let back = against("other", "run");
    assert_eq!(count(&found, "only_first"), count(&back, "only_second"));
    assert_eq!(found["paired"]["p_value"], back["paired"]["p_value"]);
    let same = against("run", "run");
    assert_eq!((count(&same, "only_first"), count(&same, "only_second")), (0, 0));
    assert_eq!(same["paired"]["p_value"], 1.0);

    let mut command = workspace.on_run("evaluate", "run");
    let out = output_of(command.arg("--against").arg(workspace.path("other")));
    assert!(out.contains("against ") && out.contains("McNemar, p = "), "{out}");
    let mut command = workspace.on_run("evaluate", "run");
    let error = error_of(command.arg("--against").arg(workspace.path("nowhere")));
    assert!(error.contains("nowhere, found nothing there"), "{error}");
}

#[test]
fn refuses_weights_that_are_damaged_or_of_another_network() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    let mut wider = petite("train --epochs 1 --image-size 64");
    wider.arg("--data").arg(workspace.path("data")).arg("--out").arg(workspace.path("wider"));
    wider.assert().success();

    let weights = workspace.path("run/last.ot");
    let good = std::fs::read(&weights).unwrap();
    std::fs::copy(workspace.path("wider/last.ot"), &weights).unwrap();
    let error = error_of(&mut workspace.on_run("evaluate", "run"));
    assert!(
        error.contains("dense_1.weight is Float [512, 512] instead of Float [512, 128]"),
        "{error}"
    );

    for damaged in [&good[..good.len() / 2], b"", b"no weights"] {
        std::fs::write(&weights, damaged).unwrap();
        let error = error_of(&mut workspace.on_run("evaluate", "run"));
        assert!(error.contains("last.ot") && error.lines().count() == 1, "{error}");
    }
    std::fs::remove_file(&weights).unwrap();
    assert!(error_of(&mut workspace.on_run("evaluate", "run")).contains("found no file"));
    assert!(!entries(&workspace.path("run")).contains(&"test.json".to_owned()));
}

#[test]
fn says_what_is_wrong_with_the_run_or_the_split() {
    let workspace = Workspace::with_data();
    assert!(error_of(&mut workspace.on_run("evaluate", "nowhere")).contains("found nothing there"));
    assert!(error_of(&mut workspace.on_run("evaluate", "data")).contains("config.json"));
    workspace.train("run", "--epochs 1").assert().success();
    let error = error_of(&mut workspace.on_run("evaluate --split holdout", "run"));
    assert!(error.contains("data, found train, validation, test; try --split all"), "{error}");
    assert!(error_of(&mut workspace.on_run("evaluate --split ../x", "run")).contains("--split"));
}

#[test]
fn takes_another_data_set() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    std::fs::rename(workspace.path("data"), workspace.path("moved")).unwrap();
    assert!(error_of(&mut workspace.on_run("evaluate", "run")).contains("--data"));
    let mut command = workspace.on_run("evaluate", "run");
    command.arg("--data").arg(workspace.path("moved")).assert().success();
    // Nothing of this touched the weights.
    assert_eq!(
        weights_in(&workspace.path("run/last.ot")),
        weights_in(&workspace.path("run/best.ot"))
    );
}

#[test]
fn exports_what_the_network_saw_and_said() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 2 --learning-rate 1e-3").assert().success();
    let export = |name: &str| {
        let mut command = workspace.on_run("evaluate --json", "run");
        json_of(command.arg("--export").arg(workspace.path(name)))
    };
    let json = export("seen.safetensors");
    let (tensors, metadata) = weights::load(&workspace.path("seen.safetensors")).unwrap();
    let named = |name: &str| &tensors.iter().find(|(known, _)| known == name).unwrap().1;
    let (images, labels) = (named("images"), named("labels"));
    assert_eq!((images.kind(), images.size()), (tch::Kind::Uint8, vec![8, 46, 46, 3]));
    assert_eq!(Vec::<i64>::try_from(labels).unwrap(), [0, 0, 0, 0, 1, 1, 1, 1]);
    let right = named("probabilities").gt(0.5).eq_tensor(labels).to_kind(tch::Kind::Double);
    assert_eq!(Some(right.mean(tch::Kind::Double).double_value(&[])), json["acc"].as_f64());
    let paths: Vec<String> = serde_json::from_str(&metadata["paths"]).unwrap();
    assert!(paths.len() == 8 && paths[7].contains("test/stripes"));
    assert_eq!(metadata["classes"], r#"["spots","stripes"]"#);

    // The same numbers that predict gives, picture by picture.
    let csv = workspace.path("told.csv");
    let mut command = workspace.on_run("predict", "run");
    command.args(&paths).arg("--csv").arg(&csv).assert().success();
    let told: Vec<f32> = csv::Reader::from_path(&csv)
        .unwrap()
        .records()
        .map(|row| row.unwrap()[3].parse().unwrap())
        .collect();
    assert!(named("probabilities").allclose(&Tensor::from_slice(&told), 0.0, 1e-7, false));

    assert_eq!(export("seen.npz"), json);
    let mut command = workspace.on_run("evaluate --export seen.txt", "run");
    assert!(error_of(&mut command).contains(".ot, .safetensors or .npz"));
}
