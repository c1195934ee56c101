//! Random lists as people and their programs write them, compared with what Python's csv module reads.

use super::Draws;
use petite::dataset::layout::Parts;
use petite::pictures::passed_over::Why;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

const CASES: usize = 1500;

/// Files of the data set.
const FILES: [&[u8]; 12] = [
    b"a.jpg",
    b"b c.jpg",
    b"12.jpg",
    b"x,y.png",
    b"q\"u.png",
    b"=f.jpg",
    b"caf\xC3\xA9.jpg",
    b"nai\xCC\x88ve.jpg",
    b"no extension",
    b"not UTF-8 \xFF.jpg",
    b"sub/d.jpg",
    "日本/é 1.webp".as_bytes(),
];

/// Other spellings: of the same file, with which rows are used, and of none, with which they are refused.
const SAME: [(&[u8], &[u8]); 8] = [
    (b"./a.jpg", b"a.jpg"),
    (b"sub/../a.jpg", b"a.jpg"),
    (b".//sub/./d.jpg", b"sub/d.jpg"),
    (b"link.jpg", b"b c.jpg"),
    (b"hard.jpg", b"12.jpg"),
    (b"cafe\xCC\x81.jpg", b"caf\xC3\xA9.jpg"),
    (b"na\xC3\xAFve.jpg", b"nai\xCC\x88ve.jpg"),
    ("日本/e\u{301} 1.webp".as_bytes(), "日本/é 1.webp".as_bytes()),
];
const NONE: [&[u8]; 7] =
    [b"12", b"a.jpg ", b"A.JPG", b"sub\\d.jpg", b"data/a.jpg", b"a.png", b"sub"];

const LABELS: [&str; 8] = ["cat", "dog", "big cat", "a, b", "the \"cat\"", "=1+1", "-1", "café"];

fn make_files(data: &Path) {
    for file in FILES {
        let path = data.join(OsStr::from_bytes(file));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file).unwrap();
    }
    std::os::unix::fs::symlink("b c.jpg", data.join("link.jpg")).unwrap();
    std::fs::hard_link(data.join("12.jpg"), data.join("hard.jpg")).unwrap();
}

/// What must come of a list.
#[derive(Debug, PartialEq)]
enum Outcome {
    /// It is read.
    Read,
    /// It is refused.
    Refused,
    /// Either; if it is read, then as Python does.
    Either,
}

/// Rows of files that are there, each with one label in any spelling.
fn rows(draws: &mut Draws) -> Vec<(Vec<u8>, String)> {
    let mut rows: Vec<(Vec<u8>, String)> = Vec::new();
    let first = draws.below(LABELS.len());
    let label_of = |file: &[u8]| {
        let index = FILES.iter().position(|known| *known == file).unwrap();
        LABELS[(first + index) % LABELS.len()].to_owned()
    };
    for _ in 0..1 + draws.below(10) {
        let file = draws.one_of(&FILES);
        rows.push((file.to_vec(), label_of(file)));
    }
    for _ in 0..draws.below(4) {
        let (spelling, file) = SAME[draws.below(SAME.len())];
        rows.push((spelling.to_vec(), label_of(file)));
    }
    for (_, label) in &mut rows {
        *label = match draws.below(6) {
            0 => format!(" {label}\t"),
            1 if label == "café" => "cafe\u{301}".to_owned(),
            2 if label.starts_with('=') => format!("'{label}"),
            _ => std::mem::take(label),
        };
    }
    rows
}

/// A list at random, and what must come of it.
fn list(draws: &mut Draws) -> (Vec<u8>, Outcome) {
    let mut outcome = Outcome::Read;
    let mut rows = rows(draws);
    let (mut is_exact, mut parts) = (false, "");
    match draws.below(12) {
        0 => {
            rows.push((draws.one_of(&NONE).to_vec(), "cat".to_owned()));
            outcome = Outcome::Refused;
        }
        1 => {
            let again = rows[0].0.clone();
            rows.push((again, "another".to_owned()));
            outcome = Outcome::Refused;
        }
        2 => {
            let label = draws.one_of(&["", " ", "a|b", "two\nlines", "two\r"]);
            rows.push((b"a.jpg".to_vec(), label.to_owned()));
            outcome = Outcome::Refused;
        }
        3 => {
            rows.push((b"two\nlines.jpg".to_vec(), "cat".to_owned()));
            outcome = Outcome::Refused;
        }
        4 => is_exact = true,
        5 => parts = draws.one_of(&["train", "Validation", " test "]),
        _ => {}
    }
    // Blanks are a part of exact labels, so that spellings of a file may contradict each other.
    if is_exact {
        outcome = Outcome::Either;
    }
    let at = draws.below(rows.len());
    rows.rotate_left(at);
    let mut bytes = written(draws, &rows, is_exact, parts);
    if outcome == Outcome::Read && draws.once_in(4) {
        outcome = Outcome::Either;
        damage(draws, &mut bytes);
    } else if draws.once_in(20) {
        outcome = Outcome::Refused;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mark: &[u8] = if draws.once_in(2) { b"\xFF\xFE" } else { b"" };
        bytes =
            mark.iter().copied().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    }
    (bytes, outcome)
}

/// The rows as a CSV of some style.
fn written(draws: &mut Draws, rows: &[(Vec<u8>, String)], is_exact: bool, part: &str) -> Vec<u8> {
    let end = draws.one_of(&["\n", "\r\n", "\r"]);
    let (quotes, is_swapped, has_other) = (draws.below(3), draws.once_in(3), draws.once_in(3));
    let cell = |draws: &mut Draws, cell: &[u8]| {
        let must = cell.iter().any(|byte| b",\"\r\n".contains(byte));
        match must || quotes == 2 || (quotes == 1 && draws.once_in(2)) {
            false => cell.to_vec(),
            true => {
                let doubled =
                    cell.iter().flat_map(|&byte| vec![byte; 1 + usize::from(byte == b'"')]);
                [b'"'].into_iter().chain(doubled).chain([b'"']).collect()
            }
        }
    };
    let row = |draws: &mut Draws,
               path: &[u8],
               label: &[u8],
               part: Option<&[u8]>,
               other: &[u8],
               exact: &[u8]| {
        let mut cells = vec![cell(draws, path), cell(draws, label)];
        if is_swapped {
            cells.reverse();
        }
        cells.extend(part.map(|part| cell(draws, part)));
        cells.extend(has_other.then(|| cell(draws, other)));
        cells.extend(is_exact.then(|| cell(draws, exact)));
        [cells.join(&b','), end.as_bytes().to_vec()].concat()
    };
    let part_of = |text: &'static [u8]| (!part.is_empty()).then_some(text);
    let header = draws.one_of(&[&b"path"[..], b"Path", b" path "]);
    let mut bytes = if draws.once_in(3) { b"\xEF\xBB\xBF".to_vec() } else { Vec::new() };
    bytes.extend(row(draws, header, b"label", part_of(b"split"), b"seen, by", b"exact"));
    for (path, label) in rows {
        if draws.once_in(10) {
            bytes.extend(end.as_bytes());
        }
        let part = (!part.is_empty()).then_some(part.as_bytes());
        bytes.extend(row(draws, path, label.as_bytes(), part, b"me, \"too\"", b""));
    }
    if draws.once_in(3) {
        bytes.truncate(bytes.len() - end.len());
    }
    bytes
}

fn damage(draws: &mut Draws, bytes: &mut Vec<u8>) {
    let at = draws.below(bytes.len());
    match draws.below(5) {
        0 => bytes.truncate(at),
        1 => bytes[at] ^= 1 << draws.below(8),
        2 => bytes.insert(at, b'"'),
        3 => bytes.insert(at, draws.one_of(&[&b"\n"[..], b"\r", b",", b"\0", b"\xE9"])[0]),
        _ => drop(bytes.remove(at)),
    }
}

/// Pairs of a file and a label.
type Pairs = BTreeSet<(Vec<u8>, String)>;

/// What petite reads, and the number of rows of files that are listed already.
fn read(data: &Path, list: &Path) -> Result<(Pairs, usize), String> {
    let parts = Parts::read(data, Some(list), false).map_err(|error| format!("{error:#}"))?;
    let mut pairs = Pairs::new();
    for folder in &parts.folders {
        for sample in &folder.samples {
            let file = sample.path.canonicalize().unwrap();
            let file = file.strip_prefix(data).unwrap().as_os_str().as_bytes().to_vec();
            pairs.insert((
                file,
                petite::text::spelling::composed(&folder.classes[sample.label]).into(),
            ));
        }
    }
    let samples: usize = parts.folders.iter().map(|folder| folder.samples.len()).sum();
    assert_eq!(samples, pairs.len());
    let again = parts.passed_over.entries().iter().filter(|(_, why)| *why == Why::Again).count();
    Ok((pairs, again))
}

/// Reads all lists with the csv module; for each `[rows, [[file in hex, label], …]]`, or null.
const PYTHON: &str = r#"
import csv, io, json, os, sys, unicodedata
data = os.fsencode(os.path.realpath(sys.argv[1]))
BLANKS = " \t\n\x0b\x0c\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200b)))
nfc = lambda text: unicodedata.normalize("NFC", text)
files, links = {}, {}
for folder, _, names in os.walk(data):
    for name in names:
        path = os.path.join(folder, name)
        files[nfc(os.fsdecode(os.path.relpath(path, data)))] = path
        stat = os.stat(path)
        links.setdefault((stat.st_dev, stat.st_ino), []).append(os.path.realpath(path))
def of(path):
    whole = os.path.join(data, os.fsencode(path))
    if not os.path.isfile(whole):
        whole = files[nfc(os.path.normpath(path))]
    stat = os.stat(whole)
    return min(links[stat.st_dev, stat.st_ino])
def read(path):
    text = io.open(path, encoding="utf-8-sig", errors="surrogateescape", newline="")
    rows = [row for row in csv.reader(text) if row]
    header = [name.strip().lower() for name in rows[0]]
    path, label = header.index("path"), header.index("label")
    pairs = set()
    for row in rows[1:]:
        name = row[label]
        if name.startswith("'") and name.lstrip("'")[:1] in "=+-@\t\r＝＋－＠":
            name = name[1:]
        if "exact" not in header:
            name = name.strip(BLANKS)
        pairs.add((of(row[path])[len(data) + 1:].hex(), nfc(name)))
    return [len(rows) - 1, sorted(pairs)]
found = []
for number in range(int(sys.argv[3])):
    try:
        found.append(read(os.path.join(sys.argv[2], str(number))))
    except (KeyError, ValueError, IndexError, OSError, csv.Error):
        found.append(None)
json.dump(found, sys.stdout)
"#;

/// The number of rows of each list and its pairs, as Python reads them, or `None` for one that it
/// cannot read; `None` without Python.
fn read_by_python(data: &Path, lists: &Path) -> Option<Vec<Option<(usize, Pairs)>>> {
    type Written = Option<(usize, Vec<(String, String)>)>;
    let mut python = Command::new("python3");
    python.args(["-X", "utf8", "-c", PYTHON]).arg(data).arg(lists).arg(CASES.to_string());
    let Ok(output) = python.output() else {
        eprintln!("skipped: comparing with Python, which is not there");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = |hex: String| -> Vec<u8> {
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(byte).collect()
    };
    let pairs = |(rows, pairs): (usize, Vec<(String, String)>)| {
        (rows, pairs.into_iter().map(|(file, label)| (bytes(file), label)).collect())
    };
    let found: Vec<Written> = serde_json::from_slice(&output.stdout).unwrap();
    Some(found.into_iter().map(|list| list.map(pairs)).collect())
}

#[test]
fn files_and_labels_are_those_that_python_reads() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().canonicalize().unwrap().join("data");
    let lists = folder.path().join("lists");
    std::fs::create_dir(&lists).unwrap();
    make_files(&data);
    let mut outcomes = Vec::new();
    for number in 0..CASES {
        let (bytes, outcome) = list(&mut Draws(number as u64));
        std::fs::write(lists.join(number.to_string()), bytes).unwrap();
        outcomes.push(outcome);
    }
    let python = read_by_python(&data, &lists);
    let mut counts = [0; 2];
    for (number, outcome) in outcomes.into_iter().enumerate() {
        let path = lists.join(number.to_string());
        let found = read(&data, &path);
        let shown = || {
            format!("seed {number}: {}", String::from_utf8_lossy(&std::fs::read(&path).unwrap()))
        };
        match &found {
            Ok(_) => assert_ne!(outcome, Outcome::Refused, "{}", shown()),
            Err(error) => {
                assert_ne!(outcome, Outcome::Read, "{error}: {}", shown());
                assert!(error.len() < 2000 && !error.contains(['\0', '\x1B', '\r']), "{error:?}");
            }
        }
        counts[usize::from(found.is_ok())] += 1;
        if let (Some(python), Ok((pairs, again))) = (&python, found) {
            let Some((rows, expected)) = &python[number] else {
                panic!("Python refuses {}", shown());
            };
            // One of several names of a file stands for all.
            let files = |pairs: &Pairs| {
                pairs
                    .iter()
                    .map(|(file, label)| {
                        let file =
                            if file == b"hard.jpg" { b"12.jpg".to_vec() } else { file.clone() };
                        (file, label.clone())
                    })
                    .collect::<Pairs>()
            };
            assert_eq!(files(&pairs), files(expected), "{}", shown());
            assert_eq!(pairs.len() + again, *rows, "{}", shown());
        }
    }
    assert!(counts.iter().all(|&count| count > CASES / 5), "{counts:?}");
}
