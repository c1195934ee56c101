//! scripts/fetch_dataset.sh on made folders and zips of a few bytes; the downloads are in their own
//! module.

#[path = "fetch_dataset/downloads.rs"]
mod downloads;
#[path = "fetch_dataset/place.rs"]
mod place;
#[path = "support/skipped.rs"]
mod skipped;

use place::{Answer, KAGGLE, MICROSOFT, Place, TRAIN};
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn a_folder_named_as_kaggles_becomes_one_link() {
    for inside in ["pictures", "pictures/train"] {
        let place = Place::new();
        place.files(inside, &KAGGLE);
        fs::create_dir(place.path("to")).unwrap();
        let to = place.path("to").display().to_string();
        place.fetch("pictures").brought(&format!("linked 2 cats and 2 dogs: {to}"));
        assert_eq!(fs::read_link(place.path("to")).unwrap(), place.path(inside));
        place.fetch("pictures").brought(&format!("already there: 2 cats and 2 dogs: {to}"));
    }
}

#[test]
fn a_folder_named_as_microsofts_becomes_a_folder_of_links() {
    for parent in ["pictures", "pictures/PetImages"] {
        let place = Place::new();
        place.files(parent, &["Cat/0.jpg", "Cat/1.jpg", "Cat/Thumbs.db", "Dog/0.jpg", "Dog/1.jpg"]);
        place.fetch("pictures").brought("fetched 2 cats and 2 dogs: ");
        assert_eq!(place.names("to"), KAGGLE);
        let link = fs::read_link(place.path("to/dog.1.jpg")).unwrap();
        assert_eq!(link, place.path(parent).join("Dog/1.jpg"));
    }
}

#[test]
fn each_kind_of_zip_is_unpacked() {
    let place = Place::new();
    place.zip("train.zip", &[&TRAIN[..], &["train/", "train/._cat.0.jpg"]].concat());
    place.zip("outer.zip", &["sampleSubmission.csv", "test1.zip", "train.zip=train.zip"]);
    place.zip("plain.zip", &[&TRAIN[..], &["test1/1.jpg", "sampleSubmission.csv"]].concat());
    place.zip("microsoft.zip", &[&MICROSOFT[..], &["readme[1].txt"]].concat());
    for (zip, dog) in [
        ("train.zip", "train/dog.1.jpg"),
        ("outer.zip", "train/dog.1.jpg"),
        ("plain.zip", "train/dog.1.jpg"),
        ("microsoft.zip", "PetImages/Dog/1.jpg"),
    ] {
        place.fetch(zip).brought("fetched 2 cats and 2 dogs: ");
        assert_eq!(place.names("to"), KAGGLE, "{zip}");
        assert_eq!(fs::read_to_string(place.path("to/dog.1.jpg")).unwrap(), dog);
        fs::remove_dir_all(place.path("to")).unwrap();
    }
}

#[test]
fn names_in_a_zip_never_lead_outside() {
    let place = Place::new();
    let outside = place.path("dog.8.jpg").display().to_string();
    let hostile = ["../cat.9.jpg", "../../PetImages/Cat/9.jpg", "..\\cat.9.jpg", &outside];
    place.zip("hostile.zip", &[&TRAIN[..], &hostile, &["train/../cat.7.jpg"]].concat());
    place.fetch("hostile.zip").brought("fetched 2 cats and 2 dogs: ");
    assert_eq!(place.names("to"), KAGGLE);
    assert_eq!(place.names(""), ["bin", "cache", "home", "hostile.zip", "to"]);
}

#[test]
fn a_source_without_pictures_is_refused() {
    let place = Place::new();
    place.fetch("nowhere").refused(&["expected a folder or a zip at nowhere, found nothing; try"]);
    place.file("page.html", "<html>");
    place.fetch("page.html").refused(&["expected a zip at page.html, found another kind of file"]);
    place.zip("test1.zip", &["test1/1.jpg"]);
    place.fetch("test1.zip").refused(&["in test1.zip, found no such pictures; try Kaggle's"]);
    place.file("unzipped/notes.txt", "");
    place.fetch("unzipped").refused(&["PetImages/Cat/0.jpg in ", "found no such pictures; try"]);
    place.file("unzipped/train.zip", "");
    place.fetch("unzipped").refused(&["found train.zip; try scripts/fetch_dataset.sh /"]);
    place.zip("whole.zip", &TRAIN);
    let mut bytes = fs::read(place.path("whole.zip")).unwrap();
    bytes[50] ^= 1;
    fs::write(place.path("damaged.zip"), &bytes).unwrap();
    place.fetch("damaged.zip").refused(&["expected an intact zip at damaged.zip, found damage"]);
    place.nothing_left();
}

#[test]
fn missing_pictures_are_counted_and_ten_are_named() {
    let place = Place::new();
    place.files("pictures", &["cat.0.jpg", "cat.3.jpg", "dog.0.jpg"]);
    place.run(&["pictures", "--to", "to", "--each", "12"]).refused(&[
        "expected 12 cats and 12 dogs, numbered from 0, in pictures, found 21 missing: cat.1.jpg, cat.2.jpg, cat.4.jpg,",
        "cat.11.jpg and 11 more; try a complete copy, or a smaller --each",
    ]);
    place.zip("cats.zip", &TRAIN[..3]);
    place.fetch("cats.zip").refused(&["found 1 missing: dog.1.jpg; try"]);
    place.nothing_left();
    place.run(&["pictures", "--to", "to", "--each", "1"]).brought("linked 2 cats and 1 dogs: ");
}

#[test]
fn altered_copies_are_refused() {
    let place = Place::new();
    place.expect(&KAGGLE);
    place.files("pictures", &KAGGLE);
    place.fetch("pictures").brought("linked 2 cats and 2 dogs: ");
    place.file("pictures/dog.1.jpg", "a copy");
    let wrong = "found 1 of 4 with another SHA-256: dog.1.jpg; try a fresh copy from Kaggle, or --unchecked";
    place.fetch("pictures").refused(&[
        &format!("expected Kaggle's pictures in {}", place.path("to").display()),
        wrong,
    ]);
    fs::remove_file(place.path("to")).unwrap();
    place.fetch("pictures").refused(&["expected Kaggle's pictures in pictures, ", wrong]);
    place.nothing_left();
    // The pictures of its members are their paths: none of them is right.
    place.zip("train.zip", &TRAIN);
    place
        .fetch("train.zip")
        .refused(&["in train.zip, found 4 of 4 with another SHA-256: cat.0.jpg,"]);
    place.nothing_left();
    // What was not asked for does not count.
    place.run(&["pictures", "--to", "to", "--each", "1"]).brought("linked 2 cats and 2 dogs: ");
    fs::remove_file(place.path("to")).unwrap();
    let unchecked = ["pictures", "--to", "to", "--each", "2", "--unchecked"];
    place.run(&unchecked).brought("linked 2 cats and 2 dogs: ");
}

#[test]
fn microsofts_pictures_are_known_to_be_other_files() {
    let place = Place::new();
    place.expect(&KAGGLE);
    let note =
        "note: Microsoft's pictures are other files than Kaggle's: their contents were not checked";
    place.files("pictures", &MICROSOFT);
    place.zip("microsoft.zip", &MICROSOFT);
    for source in ["pictures", "microsoft.zip"] {
        for _ in 0..2 {
            let answer = place.fetch(source);
            assert!(answer.brought("").stderr.contains(note), "{}", answer.stderr);
        }
        fs::remove_dir_all(place.path("to")).unwrap();
    }
    // One of Kaggle's among them: they are not all Microsoft's.
    place.file("pictures/PetImages/Cat/0.jpg", "cat.0.jpg");
    place
        .fetch("pictures")
        .refused(&["found 3 of 4 with another SHA-256: cat.1.jpg, dog.0.jpg, dog.1.jpg;"]);
}

#[test]
fn empty_pictures_are_reported_and_accepted() {
    let place = Place::new();
    place.files("pictures", &KAGGLE);
    place.file("pictures/dog.7.jpg", "");
    let answer = place.fetch("pictures");
    assert!(answer.brought("linked 2 cats and 3 dogs: ").stderr.contains("empty files: 1"));
    assert!(!answer.stderr.contains("--skip-bad-pictures"));
    place.file("pictures/cat.1.jpg", "");
    let answer = place.fetch("pictures");
    let hint = "first 2: cat.1.jpg; petite train --skip-bad-pictures";
    assert!(answer.brought("already there: ").stderr.contains(hint), "{}", answer.stderr);
}

#[test]
fn a_destination_in_use_is_left_alone() {
    let place = Place::new();
    place.files("pictures", &KAGGLE);
    place.files("to", &["cat.0.jpg", "notes.txt"]);
    place
        .fetch("pictures")
        .refused(&["/to to be new or empty, found a folder with 1 cats and 0 dogs"]);
    assert_eq!(place.names("to"), ["cat.0.jpg", "notes.txt"]);
    fs::rename(place.path("to"), place.path("old")).unwrap();
    place.file("to", "text");
    place.fetch("pictures").refused(&["/to to be new or empty, found a file; try"]);
    fs::rename(place.path("to"), place.path("text")).unwrap();
    symlink("old", place.path("to")).unwrap();
    place.fetch("pictures").refused(&["/to to be new or empty, found a link to old; try"]);
    assert!(place.path("to").is_symlink());
}

#[test]
fn wrong_usage_exits_2() {
    let place = Place::new();
    for (arguments, message) in [
        (&[][..], "found no source"),
        (&["--from", "x"], "unknown argument '--from'"),
        (&["--kaggle", "--microsoft"], "expected one source, found --kaggle and --microsoft"),
        (&["x", "--to"], "--to needs a folder"),
        (&["x", "--each", "0"], "expected --each from 1 to 12500, found '0'"),
        (&["x", "--each", "12501"], "expected --each from 1 to 12500"),
    ] {
        let Answer { code, stderr, .. } = place.run(arguments);
        assert_eq!(code, Some(2));
        assert!(
            stderr.contains(message) && stderr.contains("usage: scripts/fetch_data"),
            "{stderr}"
        );
    }
    assert!(place.run(&["--help"]).stdout.starts_with("usage: "));
}

#[test]
fn a_full_disk_is_noticed_before_unpacking() {
    let place = Place::new();
    place.zip("train.zip", &TRAIN);
    place.stub("df", r"printf 'Filesystem\n/dev/x 100 99 1 99%% /\n'");
    place.fetch("train.zip").refused(&["expected 1 MiB free at ", "found 0; try another --to"]);
    place.nothing_left();
}
