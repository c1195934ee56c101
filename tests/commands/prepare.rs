use super::layouts::class_folders;
use super::skipped::skipped;
use super::support::{Command, Workspace, entries, error_of, output_of, petite, warning_of};
use petite::Stop;
use petite::dataset::{Link, Prepare};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// Files `cat.N.jpg` and `dog.N.jpg` whose contents are their names.
fn originals(folder: &Path, each: usize) {
    std::fs::create_dir_all(folder).unwrap();
    for class in ["cat", "dog"] {
        for number in 0..each {
            let name = format!("{class}.{number}.jpg");
            std::fs::write(folder.join(&name), &name).unwrap();
        }
    }
}

fn prepare(workspace: &Workspace, flags: &str) -> Command {
    let mut command = petite(&format!("prepare {flags}"));
    command.arg("--from").arg(workspace.path("from")).arg("--to").arg(workspace.path("to"));
    command
}

#[test]
fn splits_as_listing_5_4_does() {
    let workspace = Workspace::empty();
    originals(&workspace.path("from"), 2000);
    let counts = output_of(&mut prepare(&workspace, ""));
    let counts: Vec<Vec<&str>> = counts.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(
        counts,
        [
            ["train", "cats", "1000"],
            ["train", "dogs", "1000"],
            ["validation", "cats", "500"],
            ["validation", "dogs", "500"],
            ["test", "cats", "500"],
            ["test", "dogs", "500"],
        ]
    );
    for (split, first, last) in
        [("train", 0, 999), ("validation", 1000, 1499), ("test", 1500, 1999)]
    {
        for class in ["cat", "dog"] {
            let folder = workspace.path("to").join(split).join(format!("{class}s"));
            let mut expected: Vec<String> =
                (first..=last).map(|n| format!("{class}.{n}.jpg")).collect();
            expected.sort();
            assert_eq!(entries(&folder), expected);
            let name = format!("{class}.{last}.jpg");
            assert_eq!(std::fs::read_to_string(folder.join(&name)).unwrap(), name);
        }
    }
    assert_eq!(entries(&workspace.path("to")), ["test", "train", "validation"]);
}

#[test]
fn warns_of_pictures_that_only_have_kaggles_names() {
    let workspace = Workspace::empty();
    originals(&workspace.path("from"), 3);
    let warnings = |to: &str, from: &str| {
        let mut command = petite("prepare --train 1 --validation 1 --test 1 --link symbolic");
        command.arg("--from").arg(from).arg("--to").arg(workspace.path(to));
        warning_of(&mut command)
    };
    let told = warnings("all", &workspace.path("from").display().to_string());
    assert!(told.contains("found 6 of 6 with another content, first "), "{told}");
    assert!(told.contains("cat.0.jpg; try scripts/fetch_dataset.sh"), "{told}");
    for number in 0..3 {
        for (class, other) in [("cat", "bird"), ("dog", "cow")] {
            let name = workspace.path("from").join(format!("{class}.{number}.jpg"));
            std::fs::rename(&name, name.with_file_name(format!("{other}.{number}.jpg"))).unwrap();
        }
    }
    assert_eq!(warnings("others", &workspace.path("from").display().to_string()), "");

    let Some(pictures) = std::env::var_os("PETITE_PICTURES") else {
        return skipped("Kaggle's pictures pass without a warning", "PETITE_PICTURES");
    };
    let pictures = Path::new(&pictures).canonicalize().unwrap();
    let told = warnings("kaggles", &pictures.display().to_string());
    assert_eq!(told, "passed over 3,994 pictures with higher numbers\n");
    std::fs::create_dir(workspace.path("altered")).unwrap();
    for class in ["cat", "dog"] {
        for (number, of) in [(0, 0), (1, 1), (2, if class == "dog" { 1 } else { 2 })] {
            let to = workspace.path("altered").join(format!("{class}.{number}.jpg"));
            std::fs::copy(pictures.join(format!("{class}.{of}.jpg")), to).unwrap();
        }
    }
    let told = warnings("one", &workspace.path("altered").display().to_string());
    assert!(told.contains("found 1 of 6 with another content, first "), "{told}");
    assert!(told.contains("dog.2.jpg; try"), "{told}");
}

#[test]
fn a_number_is_one_picture_and_what_is_not_used_is_named() {
    let workspace = Workspace::empty();
    originals(&workspace.path("from"), 4);
    workspace.write("from/bird.jpg", b"bird");
    workspace.write("from/notes.txt", b"notes");
    workspace.write("from/.hidden", b"");
    let mut command = petite("prepare --train 1 --validation 1 --test 1");
    command.arg("--from").arg(workspace.path("from")).arg("--to").arg(workspace.path("to"));
    let told = warning_of(&mut command);
    let expected =
        "passed over 2 pictures with higher numbers, 2 with other names (first bird.jpg)";
    assert!(told.contains(expected), "{told}");

    // As Kaggle's archive has them.
    let mut tar = tar::Builder::new(std::fs::File::create(workspace.path("train.tar")).unwrap());
    tar.append_dir_all("train", workspace.path("from")).unwrap();
    tar.finish().unwrap();
    let mut command = petite("prepare --train 2 --validation 1 --test 1");
    command.arg("--from").arg(workspace.path("train.tar")).arg("--to").arg(workspace.path("tar"));
    command.env("PETITE_CACHE", workspace.path("cache")).assert().success();
    assert_eq!(entries(&workspace.path("tar/train/cats")), ["cat.0.jpg", "cat.1.jpg"]);

    for (first, second) in [("cat.1.jpg", "cat.1.jpeg"), ("dog.2.jpg", "dog.02.JPG")] {
        workspace.write(&format!("from/{second}"), b"another");
        let (from, to) = (workspace.path("from"), workspace.path("again"));
        let prepare = Prepare::new(&from, &to).counts(1, 1, 1);
        let error = prepare.run(&Stop::default()).unwrap_err().to_string();
        assert!(error.contains("expected one picture of each number, found "), "{error}");
        assert!(error.contains(first) && error.contains(second) && !to.exists(), "{error}");
        std::fs::remove_file(workspace.path("from").join(second)).unwrap();
    }
}

/// The same pictures, none lost and none twice, in an order that the seed alone decides.
#[test]
fn deals_out_at_random() {
    let workspace = Workspace::empty();
    originals(&workspace.path("from"), 40);
    let dealt = |to: &str, shuffle: Option<u64>| {
        let prepare = Prepare::new(workspace.path("from"), workspace.path(to)).counts(20, 8, 4);
        Prepare { shuffle, ..prepare }.run(&Stop::default()).unwrap();
        ["train", "validation", "test"].map(|split| {
            ["cats", "dogs"].map(|class| entries(&workspace.path(to).join(split).join(class)))
        })
    };
    let by_number = dealt("number", None);
    let first = dealt("first", Some(1));
    assert_eq!(first, dealt("again", Some(1)));
    assert_ne!(first, dealt("other", Some(2)));
    assert_ne!(first, by_number);
    let all = |dealt: &[[Vec<String>; 2]; 3]| {
        let mut all: Vec<String> = dealt.iter().flatten().flatten().cloned().collect();
        all.sort();
        all
    };
    assert_eq!(all(&first), all(&by_number));
    // Cats and dogs are dealt differently.
    let numbers = |names: &[String]| -> Vec<String> {
        names.iter().map(|name| name.split('.').nth(1).unwrap().to_owned()).collect()
    };
    assert_ne!(numbers(&first[0][0]), numbers(&first[0][1]));
}

#[test]
fn pictures_are_linked_or_nothing_is_made() {
    let workspace = Workspace::empty();
    let (from, to) = (workspace.path("from"), workspace.path("to"));
    let run = |sizes: [usize; 3], link: Link| {
        let [train, validation, test] = sizes;
        let prepare = Prepare::new(&from, &to).counts(train, validation, test);
        Prepare { link, ..prepare }.run(&Stop::default())
    };
    let error = |sizes| run(sizes, Link::Copy).unwrap_err().to_string();
    std::fs::create_dir(&from).unwrap();
    assert!(error([1, 1, 1]).contains("found none"));
    workspace.write("from/cat.0.jpg", b"");
    assert!(error([1, 1, 1]).contains("found only cat"));
    let nothing = error_of(&mut petite("prepare --from nowhere --to to"));
    assert!(nothing.contains("found nothing") && nothing.contains("fetch_dataset"), "{nothing}");

    originals(&from, 20);
    let number = |number: usize| from.join(format!("dog.{number}.jpg"));
    std::fs::rename(number(7), number(20)).unwrap();
    let missing = error([10, 5, 8]);
    assert!(missing.contains("dog.7.jpg") && missing.contains("cat.20.jpg"), "{missing}");
    assert!(missing.contains("6 missing") && !to.exists(), "{missing}");

    std::fs::create_dir(&to).unwrap();
    workspace.write("to/mine.txt", b"mine");
    assert!(error([1, 1, 1]).contains("new or empty"));
    assert_eq!(entries(&to), ["mine.txt"]);
    std::fs::remove_file(to.join("mine.txt")).unwrap();

    run([3, 2, 1], Link::Hard).unwrap();
    let linked = to.join("validation/dogs/dog.3.jpg").metadata().unwrap();
    assert_eq!(linked.ino(), number(3).metadata().unwrap().ino());
    std::fs::remove_dir_all(&to).unwrap();
    run([3, 2, 1], Link::Symbolic).unwrap();
    let target = std::fs::read_link(to.join("test/dogs/dog.5.jpg")).unwrap();
    assert_eq!(target, number(5).canonicalize().unwrap());
    assert_eq!(entries(&workspace.path("")), ["from", "to"]);
}

#[test]
fn an_interrupted_split_leaves_nothing_half_made() {
    let workspace = Workspace::empty();
    originals(&workspace.path("from"), 2000);
    for wait in [5, 30, 80] {
        let mut preparing = prepare(&workspace, "").start();
        std::thread::sleep(Duration::from_millis(wait));
        preparing.send("INT");
        let (code, _, error) = preparing.end();
        // It may have been done before the signal came: then everything is there.
        let done = workspace.path("to/test/dogs/dog.1999.jpg").is_file();
        assert_eq!(done, code == Some(0), "{error}");
        let left = entries(&workspace.path(""));
        assert_eq!(left, if done { vec!["from", "to"] } else { vec!["from"] });
        let _ = std::fs::remove_dir_all(workspace.path("to"));
    }
}

#[test]
fn splits_any_class_folders_by_content() {
    let workspace = class_folders();
    std::fs::rename(workspace.path("data"), workspace.path("from")).unwrap();
    std::fs::create_dir(workspace.path("from/spot/old")).unwrap();
    let again = workspace.path("from/spot/old/spot.1.jpg");
    std::fs::rename(workspace.path("from/spot/spot.0.jpg"), again).unwrap();
    let counts = output_of(&mut prepare(&workspace, "--validation 0.3 --test 4"));
    let count = |split: &str, class: &str| -> usize {
        let line = counts.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let mut of = line.filter(|line| line[..2] == [split, class]);
        of.next().unwrap()[2].parse().unwrap()
    };
    for class in ["spot", "stripe"] {
        let parts = ["train", "validation", "test"].map(|split| {
            let found = entries(&workspace.path("to").join(split).join(class)).len();
            assert_eq!(found, count(split, class));
            found
        });
        assert_eq!(parts.iter().sum::<usize>(), 32);
        assert!(parts[1] > 4 && parts[2] == 4, "{parts:?}");
    }
    // What it made is a data set; train would split the same way.
    workspace.train_on("to", "prepared", "--epochs 1").assert().success();
    let flags = "--epochs 1 --validation 0.3 --test 4";
    workspace.train_on("from", "split", flags).assert().success();
    let list = workspace.text("split/split.csv");
    for line in list.lines().skip(1).filter(|line| line.starts_with("stripe/")) {
        let [path, class, split] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let name = path.rsplit('/').next().unwrap();
        assert!(workspace.path("to").join(split).join(class).join(name).exists(), "{line}");
    }

    let error = error_of(&mut prepare(&workspace, "--shuffle 3"));
    assert!(error.contains("expected names like Kaggle's with --shuffle"), "{error}");
    std::fs::remove_dir_all(workspace.path("to")).unwrap();
    let error = error_of(&mut prepare(&workspace, "--validation 40"));
    assert!(error.contains("expected 40 validation pictures of spot"), "{error}");
}
