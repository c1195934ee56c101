//! What is said of lists.

use petite::dataset::data_set::DataSet;
use petite::error::BadRows;
use petite::{Error, ErrorKind};
use std::path::Path;

/// A folder with files, and what reading it with a list says.
struct Set(tempfile::TempDir);

impl Set {
    fn new() -> Self {
        let set = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(set.0.path().join("data/pets")).unwrap();
        for name in ["1.jpg", "2.jpg", "12.jpg", "pets/a b.JPG", "pets/caf\u{e9}.png"] {
            set.write(&format!("data/{name}"), b"");
        }
        set
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.path().join(name), bytes).unwrap();
    }

    fn read(&self, list: &[u8]) -> Result<DataSet, Error> {
        self.write("list.csv", list);
        self.read_at(&self.0.path().join("list.csv"))
    }

    fn read_at(&self, list: &Path) -> Result<DataSet, Error> {
        Ok(DataSet::read(&self.0.path().join("data"), Some(list), false)?)
    }

    /// The message of a list that must be refused.
    fn refusal(&self, list: &[u8]) -> String {
        let text = self.read(list).unwrap_err().to_string();
        assert!(
            text.len() < 2500 && !text.contains(|c: char| c.is_control() && c != '\n'),
            "{text:?}"
        );
        text
    }
}

#[test]
fn every_refusal_names_the_line_and_the_way_out() {
    let set = Set::new();
    for (text, expected) in [
        (
            "path;label\na;b\n",
            "found path;label; try naming each once in the first line, with commas",
        ),
        ("path,label,Label\n", "found path,label,Label; try naming each once"),
        ("path,label\n", "expected labels"),
        ("path,label\n\n1.jpg,\n", "line 3: expected a label, found none"),
        ("path,label\r\n\r\n,a\r\n", "line 3: expected a path, found none"),
        ("path,label\r1.jpg,a,b\r", "line 2: expected 2 columns, found 3; try quotes"),
        ("path,label\n1.jpg,a|b\n", "line 2: expected one label, found a|b; a picture has one"),
        ("path,label,split\n1.jpg,a,dev\n", "line 2: expected the split train, validation or test"),
        ("path,label\n1.jpg,a\n1.jpg,b\n", "for 1.jpg, found a in line 2 of "),
        ("path,label\n1.jpg,a\n2.jpg,a\n./1.jpg,b\n", "and b in line 4; try removing one"),
        ("path,label\nx/../1.jpg,a\npets/../1.jpg,b\n", "line 2: expected the file x/../1.jpg"),
        ("path,label\npets/../1.jpg,a\n1.jpg,b\n", "in line 3 for 1.jpg, the same file"),
        ("path,label,split\n1.jpg,a,train\n1.jpg,a,val\n", "found a, train in line 2 of "),
        ("path,label,split\n1.jpg,a,train\n2.jpg,b,\n", "found none in line 3; try completing"),
        ("path,label,split\n1.jpg,a,val\n2.jpg,b,val\n", "found none; try rows of the split train"),
        ("path,label\n1.jpg,a\n2.jpg,a\n", "found only a; try rows of another label"),
        (
            "path,label\n1.jpg,a\n2.jpg,\"b\n12.jpg,b\n",
            r"of one line, found b\n12.jpg,b\n; try looking for a missing quote",
        ),
        (
            "path,label\n1.jpg,a\n12,b\n",
            "line 3: expected the file 12, found none; try 12.jpg, which exists",
        ),
        (
            "path,label\n1.jpg,a\n2.jpg ,b\n",
            "line 3: expected the file 2.jpg , found none; try 2.jpg, which",
        ),
        ("path,label\n1.jpg,a\npets\\a b.JPG,b\n", "try pets/a b.JPG, which exists"),
        ("path,label\n1.jpg,a\npets/A B.jpg,b\n", "try pets/a b.JPG, which exists"),
        ("path,label\n1.jpg,a\n/home/me/pets/a b.jpg,b\n", "try pets/a b.JPG, which exists"),
        ("path,label\n1.jpg,a\npets,b\n", "1 of 2 rows of "),
        ("path,label\nx.jpg,a\ny.jpg,b\n", "found none of them; try paths that are relative to it"),
        (
            "path,label\ndata/1.jpg,a\ndata/2.jpg,b\n",
            ", where they are\n  line 2: expected the file data/1.jpg",
        ),
        ("path,label\n\x1B[31m1.jpg,\x1B\n", r"expected the file \u{1b}[31m1.jpg"),
    ] {
        let error = set.refusal(text.as_bytes());
        assert!(error.contains(expected), "{text:?}: {error}");
        assert!(error.contains("list.csv") || error.contains("try rows of"), "{error}");
        assert!(!error.contains("class folder") && !error.contains("folder per class"), "{error}");
    }
}

#[test]
fn what_is_no_list_is_refused_in_a_line() {
    let set = Set::new();
    let utf_16: Vec<u8> =
        "path,label\n1.jpg,é\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xFF\xFE", &utf_16[..]].concat();
    for (bytes, expected) in [
        (&utf_16[..], "expected text in UTF-8, found UTF-16; try saving it as CSV UTF-8"),
        (&marked, "found UTF-16"),
        (b"PK\x03\x04\x14\0\x06\0 a spreadsheet", "found other data; try saving it as CSV UTF-8"),
        (&vec![0; 1 << 20], "found UTF-16"),
        (&vec![b'x'; 1 << 20], "expected the columns path,label"),
        (&b"path,label\n1.jpg,\xE9\n"[..], "line 2: expected a label in UTF-8"),
    ] {
        let error = set.refusal(bytes);
        assert!(error.contains(expected), "{error}");
        assert!(error.len() < 600, "{error}");
    }
    let pipe = set.0.path().join("pipe.csv");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (path, expected) in [
        (pipe.as_path(), "found a pipe or device"),
        (Path::new("/dev/zero"), "found a pipe or device"),
        (set.0.path(), "found a folder"),
        (
            Path::new("nowhere.csv"),
            "cannot read the list nowhere.csv: No such file or directory (os error 2); try another file",
        ),
    ] {
        let error = set.read_at(path).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.kind(), ErrorKind::DataSet);
    }
}

#[test]
fn many_rows_without_files_are_counted() {
    let set = Set::new();
    let rows: String = (0..20_000).map(|n| format!("none/{n}.jpg,b\n")).collect();
    let error = set.read(format!("path,label\n1.jpg,a\n{rows}").as_bytes()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("20000 of 20001 rows of ") && text.len() < 2000, "{text}");
    assert!(text.contains("and 19990 more, which petite doctor --data "), "{text}");
    assert_eq!(error.kind(), ErrorKind::BadPictures);
    assert_eq!(error.downcast_ref::<BadRows>().unwrap().rows.len(), 20_000);
    let error = set.refusal(format!("path,label\n{rows}").as_bytes());
    assert!(error.lines().count() == 2, "{error}");
}

#[test]
fn what_is_odd_is_said_once() {
    let set = Set::new();
    // A file under several names is one, and so is a class in two Unicode forms.
    std::os::unix::fs::symlink("1.jpg", set.0.path().join("data/link.jpg")).unwrap();
    let list = "path,label\n1.jpg,caf\u{e9}\n./1.jpg,caf\u{e9}\nlink.jpg,cafe\u{301}\n\
                2.jpg,b\npets/cafe\u{301}.png,cafe\u{301} \n";
    let data = set.read(list.as_bytes()).unwrap();
    assert_eq!(data.classes, ["b", "caf\u{e9}"]);
    assert_eq!(data.folders[0].samples.len(), 3);
    let passed_over = data.passed_over.to_string();
    assert_eq!(passed_over, "2 rows of files that are listed already (2 .jpg)");
    assert!(data.odd.is_empty(), "{:?}", data.odd);

    let data =
        set.read(b"path,label\n1.jpg,Cat\n2.jpg,cat\n12.jpg,c at\npets/a b.JPG,dog\n").unwrap();
    let [odd] = &data.odd[..] else { panic!("{:?}", data.odd) };
    assert!(odd.contains("found \"Cat\" and \"c at\", and 1 more such pair"), "{odd}");

    // A quote that is missing in a column that is not read.
    let list = "path,label,seen\n1.jpg,a,me\n2.jpg,b,\"me\n12.jpg,a,me\npets/a b.JPG,b,me\n";
    let data = set.read(list.as_bytes()).unwrap();
    assert_eq!(data.folders[0].samples.len(), 2);
    let [odd] = &data.odd[..] else { panic!("{:?}", data.odd) };
    assert!(odd.contains("found 1 with line ends in a cell, the first in line 3"), "{odd}");
}

#[test]
fn class_folders_match_in_any_unicode_form() {
    let folder = tempfile::tempdir().unwrap();
    for (part, classes) in
        [("train", ["cafe\u{301}", "tea", "Tea"]), ("validation", ["caf\u{e9}", "tea", "Tea"])]
    {
        for class in classes {
            std::fs::create_dir_all(folder.path().join(part).join(class)).unwrap();
            std::fs::write(folder.path().join(part).join(class).join("1.jpg"), class).unwrap();
        }
    }
    // Both forms beside each other, as copies from a Mac leave them.
    let other = folder.path().join("train/caf\u{e9}");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("2.jpg"), "other").unwrap();
    let data = DataSet::read(folder.path(), None, false).unwrap();
    assert_eq!(data.classes, ["Tea", "cafe\u{301}", "tea"]);
    assert_eq!(data.folders[0].counts(), [1, 2, 1]);
    assert_eq!(data.folders[1].counts(), [1, 1, 1]);
    let [odd] = &data.odd[..] else { panic!("{:?}", data.odd) };
    assert!(odd.contains("found \"Tea\" and \"tea\"; if"), "{odd}");
}
