//! The program's own lists.

use super::Draws;
use petite::dataset::labels::{self, Labeled};
use petite::dataset::layout::{Layout, Parts};
use petite::dataset::part::Part;
use petite::pictures::folder::{Folder, Sample};
use petite::text::cells;
use petite::{Suspect, SuspectList};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Pieces of names, many of which mean something in a CSV, a list or a spreadsheet.
const PIECES: [&[u8]; 20] = [
    b"a",
    b"Z",
    b" ",
    b"\t",
    b"\r",
    b"\n",
    b",",
    b"\"",
    b"|",
    b"'",
    b"=",
    b"+",
    b"-",
    b"@",
    b".",
    b"\x1B[31m",
    b"\xC3\xA9",
    b"e\xCC\x81",
    b"\xE2\x80\xAE",
    b"\xEF\xBC\x9D",
];

/// Any name that a folder or a file can have.
fn name(draws: &mut Draws, is_text: bool) -> Vec<u8> {
    loop {
        let length = 1 + draws.below(5);
        let mut name: Vec<u8> = (0..length).flat_map(|_| draws.one_of(&PIECES).to_vec()).collect();
        if !is_text && draws.once_in(4) {
            name.push(0xFF);
        }
        if name != b"." && name != b".." {
            return name;
        }
    }
}

#[test]
fn any_names_of_folders_and_files_are_read_back() {
    let root = tempfile::tempdir().unwrap();
    let list = root.path().join("list.csv");
    for seed in 0..500 {
        let draws = &mut Draws(seed);
        let classes: BTreeSet<String> =
            (0..6).map(|_| String::from_utf8(name(draws, true)).unwrap()).collect();
        let classes: Vec<String> = classes.into_iter().collect();
        let folder = |draws: &mut Draws, part: Part| {
            let mut paths = BTreeSet::new();
            let mut samples = Vec::new();
            for (label, class) in classes.iter().enumerate() {
                let path = root.path().join(if draws.once_in(2) { class } else { part.name() });
                let path = path.join(OsStr::from_bytes(&name(draws, false)));
                if paths.insert(path.clone()) {
                    samples.push(Sample { path, label });
                }
            }
            let (path, name) = (root.path().to_owned(), part.name().to_owned());
            Folder { path, name, classes: classes.clone(), samples }
        };
        let folders = [folder(draws, Part::Train), folder(draws, Part::Validation)];
        let csv = labels::to_csv(root.path(), &folders).unwrap();
        std::fs::write(&list, &csv).unwrap();
        // No cell begins a formula.
        let mut records = csv::Reader::from_reader(&csv[..]);
        for cell in records
            .byte_records()
            .flat_map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect::<Vec<_>>())
        {
            let is_formula = cell.first().is_some_and(|first| b"=+-@\t\r".contains(first));
            assert!(!is_formula || std::str::from_utf8(&cell).unwrap().parse::<f64>().is_ok());
        }
        let pictures = |folders: &[Folder]| -> BTreeSet<(PathBuf, String, String)> {
            let of = |folder: &Folder, sample: &Sample| {
                let class = folder.classes[sample.label].clone();
                (sample.path.clone(), class, folder.name.clone())
            };
            folders.iter().flat_map(|f| f.samples.iter().map(move |one| of(f, one))).collect()
        };
        let run = Parts::read_run_list(root.path(), &list).unwrap();
        assert_eq!(run.layout, Layout::RunList);
        assert_eq!(pictures(&run.folders), pictures(&folders), "seed {seed}");
        // So does `--labels`, with files that need not be there.
        let found: BTreeSet<_> = labels::read(&list)
            .unwrap()
            .rows
            .into_iter()
            .map(|(_, Labeled { path, label, part })| {
                (root.path().join(path), label, part.unwrap().name().to_owned())
            })
            .collect();
        assert_eq!(found, pictures(&folders), "seed {seed}");
    }
}

#[test]
fn a_list_of_suspects_is_a_list_of_labels() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("suspects.csv");
    for seed in 0..200 {
        let draws = &mut Draws(seed);
        let pictures: Vec<Labeled> = (0..4)
            .map(|number| Labeled {
                path: Path::new(OsStr::from_bytes(&name(draws, false))).join(number.to_string()),
                label: String::from_utf8(name(draws, true)).unwrap(),
                part: Some(Part::Train),
            })
            .collect();
        let suggested = pictures[0].label.clone();
        let suspects = vec![Suspect { picture: 3, suggested, probability: 0.5, copy_of: Some(0) }];
        let (root, classes) = (folder.path().to_owned(), Vec::new());
        let list = SuspectList {
            root,
            target: petite::pictures::pixels::Target::rgb(1, 1),
            classes,
            pictures,
            suspects,
        };
        std::fs::write(&file, list.to_csv().unwrap()).unwrap();
        let rows = labels::read(&file).unwrap().rows;
        let read: Vec<&Labeled> = rows.iter().map(|(_, row)| row).collect();
        let expected: Vec<&Labeled> = [3, 0, 1, 2].map(|index| &list.pictures[index]).to_vec();
        assert_eq!(read, expected, "seed {seed}");
    }
}

/// Lists of earlier versions have no column `exact`, and no `'` before what would be a formula.
#[test]
fn an_older_run_s_list_is_read_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("split.csv");
    std::fs::write(&list, "path,label,split\na.jpg,a|b,train\nb.jpg,cats ,train\n=c.jpg,=c,test\n")
        .unwrap();
    let read = Parts::read_run_list(folder.path(), &list).unwrap();
    assert_eq!(read.folders[0].classes, ["=c", "a|b", "cats "]);
    assert_eq!(read.folders[1].samples[0].path, folder.path().join("=c.jpg"));
    assert!(labels::read(&list).is_err());
    assert_eq!(cells::read_text("=c"), "=c");
}
