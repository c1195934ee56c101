use super::support::{
    Command, Workspace, entries, error_of, output_of, petite, texts_of, usage_error_of,
};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// A data set and a run of one epoch on it.
fn with_run() -> Workspace {
    let workspace = Workspace::with_data();
    workspace.train("run", "--epochs 1").assert().success();
    workspace
}

/// The JSON objects in lines of output.
fn objects(output: &str) -> Vec<Value> {
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn path_of(object: &Value) -> PathBuf {
    object["path"].as_str().unwrap().into()
}

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
    command.arg("--csv").arg(&csv).arg(workspace.path("data/train"));
    assert_eq!(output_of(&mut command), "");
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
    let workspace = with_run();
    workspace.write("notes.txt", b"notes");
    let csv = workspace.path("told.csv");
    let into = workspace.path("sorted");
    let before = entries(&workspace.path(""));
    for (name, reason) in
        [("notes.txt", "expected a picture, found text"), ("nothing.jpg", "found nothing")]
    {
        let mut command = workspace.on_run("predict --json", "run");
        command.arg("--csv").arg(&csv).arg("--into").arg(&into).arg(workspace.path(name));
        let error = error_of(&mut command);
        assert!(error.starts_with("error: 1 of 1 pictures cannot be used:\n"), "{error}");
        assert!(error.contains(reason) && error.contains(name), "{error}");
        assert_eq!(command.output().unwrap().stdout, b"");
    }
    assert_eq!(entries(&workspace.path("")), before);
    workspace.on_run("predict", "run").assert().code(2);
}

#[test]
fn a_bad_file_does_not_keep_the_others_from_being_predicted() {
    let workspace = with_run();
    workspace.write("data/test/spots/spot.12x.jpg", b"no picture");
    let (csv, into) = (workspace.path("told.csv"), workspace.path("sorted"));
    let paths = [workspace.path("nothing.jpg"), workspace.path("data/test")];
    let mut command = workspace.on_run("predict", "run");
    let (printed, error) = texts_of(command.args(&paths), 1);
    assert!(error.starts_with("error: 2 of 10 pictures cannot be used:\n"), "{error}");
    for reason in
        ["nothing.jpg: expected a picture or a folder", "spot.12x.jpg: expected a picture"]
    {
        assert!(error.contains(reason), "{error}");
    }
    assert_eq!(printed.lines().count(), 8, "{printed}");

    let mut command = workspace.on_run("predict --json", "run");
    command.args(&paths).arg("--csv").arg(&csv).arg("--into").arg(&into);
    let (said, _) = texts_of(&mut command, 1);
    let objects = objects(&said);
    assert_eq!(objects.len(), 10);
    let bad: Vec<&Value> = objects.iter().filter(|object| object["error"].is_string()).collect();
    assert_eq!(path_of(bad[0]), paths[0]);
    assert!(path_of(bad[1]).ends_with("spot.12x.jpg"));
    assert_eq!(bad[1].as_object().unwrap().len(), 2);
    let rows = csv::Reader::from_path(&csv).unwrap().into_records().count();
    let classes = entries(&into).into_iter().filter(|name| !name.starts_with('.'));
    let sorted: usize = classes.map(|class| entries(&into.join(class)).len()).sum();
    assert_eq!((rows, sorted), (8, 8));
}

#[test]
fn takes_patterns_and_paths_from_standard_input() {
    let workspace = with_run();
    let test = workspace.path("data/test");
    let paths = |command: &mut Command| {
        let out = output_of(command);
        objects(&out).iter().map(path_of).collect::<Vec<_>>()
    };
    let all = paths(workspace.on_run("predict --json", "run").arg(&test));
    assert_eq!(all.len(), 8);
    let mut command = workspace.on_run("predict --json", "run");
    assert_eq!(paths(command.arg(workspace.path("data/t?st/*/*.jpg"))), all);
    let mut command = workspace.on_run("predict --json", "run");
    let error = error_of(command.arg(test.join("*.png")));
    assert!(error.contains("expected pictures in ") && error.contains("*.png"), "{error}");

    // In the order of the lines, between the other paths.
    let lines = format!("{}\n\n{}\n", all[3].display(), test.join("stripes").display());
    let mut command = workspace.on_run("predict --json", "run");
    command.arg(&all[0]).arg("-").arg(&all[1]).write_stdin(lines);
    let expected = [&all[..1], &all[3..4], &all[4..], &all[1..2]].concat();
    assert_eq!(paths(&mut command), expected);
    let mut command = workspace.on_run("predict", "run");
    let error = error_of(command.arg("-").write_stdin("\n"));
    assert!(error.contains("expected the paths of pictures, found none"), "{error}");

    // From Windows, with a name that ends in a carriage return; and as find -print0 writes them.
    let odd = workspace.path("data/odd\r");
    std::fs::copy(&all[0], &odd).unwrap();
    let (first, odd_path) = (all[0].display(), odd.display());
    let lines = format!("{first}\r\n\r\n{odd_path}\n{odd_path}\r\n");
    let mut command = workspace.on_run("predict --json", "run");
    let expected = [all[0].clone(), odd.clone(), odd.clone()];
    assert_eq!(paths(command.arg("-").write_stdin(lines)), expected);
    std::fs::rename(&odd, workspace.path("data/two\nlines.jpg")).unwrap();
    let odd = workspace.path("data/two\nlines.jpg");
    let zeros = format!("{first}\0{}\0", odd.display());
    let mut command = workspace.on_run("predict --json -0", "run");
    let expected = [all[0].clone(), odd];
    assert_eq!(paths(command.arg("-").write_stdin(zeros.clone())), expected);
    let error = error_of(workspace.on_run("predict", "run").arg("-").write_stdin(zeros));
    assert!(error.contains("found a zero byte") && error.contains("try --null"), "{error}");
    let error = error_of(workspace.on_run("predict -0", "run").arg(&all[0]));
    assert!(error.contains("expected - for the paths on standard input"), "{error}");
}

#[test]
fn many_pictures_keep_their_order_and_their_probabilities() {
    let workspace = with_run();
    let test = workspace.path("data/test");
    let alone = objects(&output_of(workspace.on_run("predict --json", "run").arg(&test)));
    // Two parts, with bad pictures in both.
    let mut lines: Vec<String> = Vec::new();
    for number in 0..600 {
        lines.push(alone[number % 8]["path"].as_str().unwrap().to_owned());
        if number % 250 == 100 {
            lines.push(format!("nothing-{number}.jpg"));
        }
    }
    // Decoded ahead of the network, unless there is only one core, and in turn with it.
    for threads in [1, std::thread::available_parallelism().unwrap().get()] {
        let mut command = workspace.on_run(&format!("predict --json --threads {threads}"), "run");
        command.arg("-").write_stdin(lines.join("\n"));
        let (said, _) = texts_of(&mut command, 1);
        let found = objects(&said);
        let path = |object: &Value| object["path"].as_str().unwrap().to_owned();
        assert_eq!(found.iter().map(path).collect::<Vec<_>>(), lines);
        for object in found.iter().filter(|object| object["error"].is_null()) {
            let same = alone.iter().find(|other| other["path"] == object["path"]).unwrap();
            let spots = |object: &Value| object["probabilities"]["spots"].as_f64().unwrap();
            assert!((spots(object) - spots(same)).abs() < 1e-5, "{object} {same}");
        }
    }
}

#[test]
fn gives_the_most_probable_classes() {
    let workspace = with_run();
    let picture = workspace.path("data/test/spots/spot.12.jpg");
    let json = |flags: &str| {
        let mut command = workspace.on_run(&format!("predict --json {flags}"), "run");
        output_of(command.arg(&picture))
    };
    let [all] = &objects(&json(""))[..] else { panic!("expected a line") };
    assert_eq!(path_of(all), picture);
    let class = all["class"].as_str().unwrap();
    let other = if class == "spots" { "stripes" } else { "spots" };
    let probability = |class: &str| all["probabilities"][class].as_f64().unwrap();
    assert!(probability(class) >= probability(other));
    assert!((probability(class) + probability(other) - 1.0).abs() < 1e-6);
    // From high to low, which a parsed object does not show.
    let line = json("");
    assert!(line.rfind(&format!("\"{class}\":")) < line.rfind(&format!("\"{other}\":")), "{line}");
    let [first] = &objects(&json("--top 1"))[..] else { panic!("expected a line") };
    assert_eq!(first["probabilities"], serde_json::json!({ class: probability(class) }));
    assert_eq!(json("--top 9"), line);

    let text = |flags: &str| {
        let mut command = workspace.on_run(&format!("predict {flags}"), "run");
        output_of(command.arg(&picture)).split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let percent = |class: &str| format!("{:.2}%", probability(class) * 100.0);
    let path = picture.to_str().unwrap();
    assert_eq!(text(""), [class, &percent(class), path]);
    assert_eq!(text("--top 3"), [class, &percent(class), other, &percent(other), path]);
    usage_error_of(workspace.on_run("predict --top 0", "run").arg(&picture));

    let csv = workspace.path("told.csv");
    let rows = |flags: &str| {
        let mut command = workspace.on_run(&format!("predict {flags}"), "run");
        command.arg("--csv").arg(&csv).arg(&picture).assert().success();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(&csv).unwrap();
        reader.deserialize().collect::<Result<Vec<Vec<String>>, _>>().unwrap()
    };
    let number = |class: &str| probability(class).to_string();
    let head = ["path", "class", "probability"];
    let (first, second) = (number(class), number(other));
    let first = [path, class, &first];
    assert_eq!(rows("--top 1"), [head, first]);
    let more = [head.as_slice(), &["class_2", "probability_2"]].concat();
    let second = [first.as_slice(), &[other, &second]].concat();
    assert_eq!(rows("--top 2"), [more, second]);
}

#[test]
fn sorts_pictures_into_folders() {
    let workspace = with_run();
    let test = workspace.path("data/test");
    // Two pictures of one name, whatever their class.
    let twin = workspace.path("twin/spot.12.jpg");
    std::fs::create_dir(workspace.path("twin")).unwrap();
    std::fs::copy(test.join("spots/spot.12.jpg"), &twin).unwrap();
    let sorted = |into: &str, flags: &str| {
        let mut command = workspace.on_run(&format!("predict --json {flags}"), "run");
        command.arg("--into").arg(workspace.path(into)).arg(&test).arg(&twin);
        objects(&output_of(&mut command))
    };
    std::fs::create_dir(workspace.path("copies")).unwrap();
    let predicted = sorted("copies", "");
    let mut expected = BTreeSet::new();
    for object in &predicted {
        let path = path_of(object);
        let name = match path == twin {
            true => "spot.12-2.jpg",
            false => path.file_name().unwrap().to_str().unwrap(),
        };
        let class = object["class"].as_str().unwrap();
        let copy = workspace.path("copies").join(class).join(name);
        assert_eq!(std::fs::read(&copy).unwrap(), std::fs::read(&path).unwrap());
        assert!(copy.symlink_metadata().unwrap().is_file());
        expected.insert(class.to_owned());
    }
    expected.insert(".made-by-petite".to_owned());
    assert_eq!(entries(&workspace.path("copies")), Vec::from_iter(expected));

    for (into, flags) in [("hard", "--link hard"), ("symbolic", "--link symbolic")] {
        for object in sorted(into, flags) {
            let path = path_of(&object);
            if path == twin {
                continue;
            }
            let class = workspace.path(into).join(object["class"].as_str().unwrap());
            let link = class.join(path.file_name().unwrap());
            assert_eq!(link.metadata().unwrap().ino(), path.metadata().unwrap().ino());
            assert_eq!(link.is_symlink(), into == "symbolic");
        }
    }
    usage_error_of(workspace.on_run("predict --link hard", "run").arg(&test));
}

#[test]
fn refuses_outputs_before_computing() {
    let workspace = with_run();
    let picture = workspace.path("data/test/spots/spot.12.jpg");
    let before = entries(&workspace.path(""));
    let error = |flags: &str, into: &str| {
        let mut command = workspace.on_run(&format!("predict --json {flags}"), "run");
        let error = error_of(command.arg("--into").arg(workspace.path(into)).arg(&picture));
        assert_eq!(command.output().unwrap().stdout, b"");
        assert_eq!(entries(&workspace.path("")), before);
        error
    };
    assert!(error("", "run").contains("found files there; try another --into"));
    assert!(error("--csv /nowhere/told.csv", "sorted").contains("cannot write /nowhere/told.csv"));

    let odd = workspace.path("data/test/spots").join(OsStr::from_bytes(b"\xff.jpg"));
    std::fs::copy(&picture, &odd).unwrap();
    for flags in ["--json", "--csv told.csv"] {
        let flag = flags.split(' ').next().unwrap();
        let mut command = workspace.on_run(&format!("predict {flags}"), "run");
        command.current_dir(workspace.path("")).arg(workspace.path("data/test"));
        let error = error_of(&mut command);
        assert!(error.contains(&format!("expected UTF-8 paths with {flag}, found ")), "{error}");
        assert_eq!(command.output().unwrap().stdout, b"");
    }
    let mut command = workspace.on_run("predict", "run");
    assert_eq!(output_of(command.arg(workspace.path("data/test"))).lines().count(), 9);

    let config = workspace.path("run/config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("\"spots\"", "\"../spots\"")).unwrap();
    assert!(error("", "sorted").contains("found \"../spots\""));
}

#[test]
fn a_forgotten_name_of_a_csv_costs_no_picture() {
    let workspace = with_run();
    let picture = workspace.path("data/test/spots/spot.12.jpg");
    let bytes = std::fs::read(&picture).unwrap();
    let mut command = workspace.on_run("predict", "run");
    command.arg("--csv");
    let error = error_of(command.arg(&picture).arg(workspace.path("data/test/spots/spot.13.jpg")));
    let expected = "expected predictions or nothing at ";
    assert!(
        error.contains(expected) && error.contains("try --force to replace it, or another path"),
        "{error}"
    );
    assert_eq!(std::fs::read(&picture).unwrap(), bytes);

    // The run is the first path, and the table on standard output is that of a file.
    let csv = workspace.path("told.csv");
    let mut file = petite("predict --csv");
    file.arg(&csv).arg(workspace.path("run")).arg(&picture).assert().success();
    let mut printed = petite("predict --csv -");
    let said = output_of(printed.arg(workspace.path("run")).arg(&picture));
    assert_eq!(said, std::fs::read_to_string(&csv).unwrap());
    // Written again.
    file.assert().success();

    let error = error_of(petite("predict --csv - --json").arg(workspace.path("run")).arg(&picture));
    assert!(error.contains("expected one of --csv - and --json"), "{error}");
    let error = error_of(petite("predict").arg(&picture));
    assert!(error.contains("try --run RUN"), "{error}");
    let error = error_of(petite("predict").arg(workspace.path("run")));
    assert!(error.contains("expected PATHs of pictures after "), "{error}");
    workspace.write("broken.jpg", b"");
    let mut none = petite("predict --csv -");
    none.arg(workspace.path("run")).arg(workspace.path("broken.jpg"));
    assert_eq!(none.assert().code(1).get_output().stdout, b"");
}

#[test]
fn many_bad_files_are_counted_and_listed_elsewhere() {
    let workspace = with_run();
    let paths: String = (0..20_000).map(|number| format!("missing/{number}.jpg\n")).collect();
    let mut command = workspace.on_run("predict -", "run");
    command.env("PETITE_CACHE", workspace.path("cache")).write_stdin(paths);
    let error = error_of(&mut command);
    assert!(error.starts_with("error: 20,000 of 20,000 pictures cannot be used:\n"), "{error}");
    assert!(error.contains("\n  and 19,990 more\n") && error.len() < 2000, "{error}");
    let list = workspace.path("cache/bad-pictures.txt");
    assert!(error.contains(&format!("all of them are listed in {}", list.display())), "{error}");
    assert_eq!(std::fs::read_to_string(list).unwrap().lines().count(), 20_000);
}
