use super::serve_page::python_with_browser;
use super::support::{Command, Workspace, entries, error_of, output_of, petite, usage_error_of};
use std::path::Path;

/// `petite report` on runs of the workspace, to `report.html` in it.
fn report(workspace: &Workspace, runs: &[&str], flags: &str) -> Command {
    let mut command = petite(&format!("report {flags}"));
    command.args(runs.iter().map(|run| workspace.path(run)));
    command.arg("--to").arg(workspace.path("report.html"));
    command
}

/// The page, without the places where lines may break.
fn page(workspace: &Workspace) -> String {
    workspace.text("report.html").replace("<wbr>", "")
}

/// The values of the charts, read back from the page.
fn charts(page: &str) -> Vec<serde_json::Value> {
    let scripts = page.split("<script type=\"application/json\">").skip(1);
    scripts
        .map(|rest| serde_json::from_str(rest.split("</script>").next().unwrap()).unwrap())
        .collect()
}

#[test]
fn one_page_says_everything_about_a_run() {
    let workspace = Workspace::with_data();
    let train = "--epochs 3 --learning-rate 1e-3 --recipe augmented --steps-per-epoch 4";
    workspace.train("run", train).assert().success();
    let before = entries(&workspace.path("run"));
    let out = output_of(&mut report(&workspace, &["run"], "--reference book-augmented"));
    assert_eq!(out.trim(), workspace.path("report.html").to_str().unwrap());
    assert_eq!(entries(&workspace.path("run")), before);
    let page = page(&workspace);

    let evaluation = output_of(&mut workspace.on_run("evaluate --json", "run"));
    let evaluation: serde_json::Value = serde_json::from_str(&evaluation).unwrap();
    let right = (evaluation["acc"].as_f64().unwrap() * 8.0).round();
    let sentence = format!("classifies {right} of 8 test pictures correctly: ");
    assert!(page.contains(&sentence), "{page}");
    for text in [
        "convnet (",
        "after 3 epochs on 16 pictures of spots, stripes",
        "Confusion matrix",
        "Least sure",
        "Augmentation",
        "No test picture is a training picture.",
        "optimizer.learning_rate",
        "petite train --config ",
        "libtorch",
        "book-augmented, validation",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    // The pictures are inside, and nothing is fetched from elsewhere.
    let images = page.matches("<img src=\"data:image/jpeg;base64,").count();
    assert_eq!(page.matches("<img").count(), images);
    assert!((16 + 8..=16 + 8 + 16).contains(&images), "{images}");
    for elsewhere in ["http:", "https:", "url(", "@import", "src=\"/"] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }

    let charts = charts(&page);
    assert_eq!(charts.len(), 2);
    let history = workspace.history("run");
    let values = |chart: usize, series: usize| charts[chart]["series"][series]["values"].clone();
    let expected: Vec<f64> = history.iter().map(|row| row.val_acc).collect();
    assert_eq!(values(0, 1), serde_json::json!(expected));
    let expected: Vec<f64> = history.iter().map(|row| row.loss).collect();
    assert_eq!(values(1, 0), serde_json::json!(expected));
    assert_eq!(values(0, 2).as_array().unwrap().len(), 100);
}

#[test]
fn a_browser_shows_the_values_under_the_pointer() {
    let Some(python) = python_with_browser("report_page") else { return };
    let workspace = Workspace::with_data();
    // Classes with long names: the same pictures do, since nothing is to be learnt.
    for split in ["train", "validation", "test"] {
        let folder = workspace.path("data").join(split);
        for name in
            ["Actinic keratoses and intraepithelial carcinoma", "Tomato___Yellow_Leaf_Curl_Virus"]
        {
            for from in ["spots", "stripes"] {
                let to = folder.join(format!("{name}, {from} of a kind"));
                std::fs::create_dir(&to).unwrap();
                for picture in std::fs::read_dir(folder.join(from)).unwrap() {
                    let picture = picture.unwrap();
                    std::fs::copy(picture.path(), to.join(picture.file_name())).unwrap();
                }
            }
        }
    }
    workspace.train("run", "--epochs 4").assert().success();
    report(&workspace, &["run"], "").assert().success();
    let mut command = std::process::Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/report_page_check.py"));
    command.args(["report.html", "run/history.csv"].map(|name| workspace.path(name)));
    assert_eq!(command.output().unwrap().stdout, b"ok\n");
}

#[test]
fn several_runs_are_side_by_side() {
    let workspace = Workspace::with_data();
    workspace.train("first", "--epochs 1").assert().success();
    workspace.train("runs", "--epochs 2 --repeats 2 --seed 7").assert().success();
    report(&workspace, &["first", "runs"], "--weights best").assert().success();
    let page = page(&workspace);
    for text in
        ["3 runs, evaluated on test pictures", ">seed-7<", ">seed-8<", "points against the first"]
    {
        assert!(page.contains(text), "{text}");
    }
    assert!(page.contains("epoch 1 of 1, which has the lowest val_loss"), "{page}");
    // Two charts of the comparison, two of each run.
    let charts = charts(&page);
    assert_eq!(charts.len(), 2 + 3 * 2);
    assert_eq!(charts[0]["series"].as_array().unwrap().len(), 3);
}

#[test]
fn names_are_text_and_not_markup() {
    let workspace = Workspace::with_data();
    let class = "<b onload=x>&amp;</b> of a kind with a long name".replace('/', "\u{2215}");
    for split in ["train", "validation", "test"] {
        let folder = workspace.path("data").join(split);
        std::fs::rename(folder.join("spots"), folder.join(&class)).unwrap();
    }
    workspace.train("a <i> run", "--epochs 1").assert().success();
    report(&workspace, &["a <i> run"], "--split all").assert().success();
    let page = page(&workspace);
    assert!(!page.contains("<b onload") && !page.contains("<i>"), "{page}");
    assert!(page.contains("&#60;b onload=x&#62;&#38;amp;"), "{page}");
    assert!(page.contains("a &#60;i&#62; run"));
    // A name that is cut in its middle is whole in its title.
    assert!(page.contains("long name\">") && page.contains("…"), "{page}");
}

#[test]
fn a_moved_data_set_is_found_where_it_is() {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    std::fs::rename(workspace.path("data"), workspace.path("moved")).unwrap();
    let error = error_of(&mut report(&workspace, &["run"], ""));
    assert!(error.contains("--data"), "{error}");
    assert!(!workspace.path("report.html").exists());
    let history = "epoch,loss,acc,val_loss,val_acc\n1,0.7,0.5,0.7,0.5\n2,0.6,0.6,0.6,0.6\n";
    workspace.write("run/history.csv", history.as_bytes());
    let mut command = report(&workspace, &["run"], "");
    command.arg("--data").arg(workspace.path("moved")).assert().success();
    let page = page(&workspace);
    assert!(page.contains("The run was still improving when it ended (val_loss 0.7000 to 0.6000"));
    assert!(page.contains("petite train --resume --out ") && page.contains(" --epochs 4</p>"));
    assert!(!page.contains("not shown") && page.contains("No test picture is a training picture."));
}

#[test]
fn says_what_is_wrong() {
    let workspace = Workspace::with_data();
    assert!(usage_error_of(&mut petite("report")).contains("RUN"));
    // The page would be in the folder that is missing: that is not what is wrong.
    let error = error_of(petite("report").arg(workspace.path("none")));
    assert!(error.starts_with("error: expected a run with a config.json at"), "{error}");
    workspace.train("run", "--epochs 1").assert().success();
    let refused = |change: &dyn Fn(&mut petite::Report)| {
        let mut what = petite::Report::new([workspace.path("run")], workspace.path("page.html"));
        change(&mut what);
        format!("{:#}", petite::report(&what, &mut petite::Silent).unwrap_err())
    };
    for (error, said) in [
        (refused(&|what| what.runs = vec!["nowhere".into()]), "found nothing there"),
        (refused(&|what| what.scoring.split = "holdout".to_owned()), "train, validation, test"),
        (refused(&|what| what.reference = Some("nobody".into())), "nobody"),
        (refused(&|what| what.to = "report.pdf".into()), "found report.pdf; try report.html"),
    ] {
        assert!(error.contains(said), "{error}");
    }
    assert!(!workspace.path("page.html").exists());
    // Without --to, it is in the run's folder.
    let out = output_of(petite("report").arg(workspace.path("run")));
    assert!(Path::new(out.trim()).ends_with("run/report.html") && Path::new(out.trim()).is_file());
}
