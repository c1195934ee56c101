//! Random archives: what petite trains on is what Python's zipfile and tarfile read, or is refused.

use crate::archives::contents;
use crate::skipped::skipped;
use crate::zip_file::{self, Entry};
use petite::dataset::archive::unpacked_in;
use petite::dataset::layout::Parts;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Number of archives, unless `PETITE_ARCHIVES` is another.
const ARCHIVES: u64 = 1000;

/// Reads the archives `0`, `1`, … in a folder and prints what each has, on a line of its own: names and
/// contents in hexadecimal, or nothing but the reason if Python cannot read it or petite must refuse it.
/// Names are normalized as in a folder.
const READER: &str = r#"
import gzip, os, stat, sys, tarfile, zipfile

def zipped(path):
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise ValueError("a link")
            # Without the flag, Python takes names for code page 437.
            name = entry.orig_filename.encode("utf-8" if entry.flag_bits & 0x800 else "cp437")
            data = archive.read(entry)
            if not name.endswith((b"/", b"\\")) or data:
                yield name.replace(b"\\", b"/"), data

def tarred(path):
    with open(path, "rb") as file:
        if file.read(2) == b"\x1f\x8b":
            gzip.open(path).read()
    with tarfile.open(path, encoding="utf-8", errors="surrogateescape") as archive:
        for entry in archive:
            # As BSD's tar writes folders, and GNU's reads them.
            if entry.isdir() or entry.name.endswith("/") and not entry.size:
                continue
            if not entry.isreg():
                raise ValueError("a link or special entry")
            yield os.fsencode(entry.name), archive.extractfile(entry).read()

for number in range(int(sys.argv[2])):
    path = os.path.join(sys.argv[1], str(number))
    try:
        files = {}
        for name, data in (zipped if zipfile.is_zipfile(path) else tarred)(path):
            parts = [part for part in name.split(b"/") if part not in (b"", b".")]
            name = b"/".join(parts)
            if b".." in parts or name in files or not parts:
                raise ValueError("two of one name, or one outside")
            name.decode()
            files[name] = data
        print("read", *(part.hex() + "." for file in sorted(files.items()) for part in file))
    except Exception as error:
        print("refused", type(error).__name__, str(error).replace("\n", " "))
"#;

/// Random numbers: SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A file's name.
    fn name(&mut self, is_odd: bool) -> Vec<u8> {
        let class = self.of(&["cats", "dogs", "Köln", "Ko\u{308}ln", "a b", "猫"]);
        let number = self.below(30);
        let usual = format!("{class}/{number}.jpg").into_bytes();
        if !is_odd {
            return usual;
        }
        match self.below(16) {
            0 => [b"./", &usual[..]].concat(),
            1 => format!("{class}//{number}.jpg").into_bytes(),
            2 => format!("{class}\\{number}.jpg").into_bytes(),
            3 => format!("{class}/../x/{number}.jpg").into_bytes(),
            4 => [b"/", &usual[..]].concat(),
            5 => [b"cats/\xE4", &usual[..3]].concat(),
            6 => format!("{class}/{}.jpg", "long".repeat(self.below(60))).into_bytes(),
            7 => format!("{class}/{}{number}.jpg", "deep/".repeat(self.below(70))).into_bytes(),
            8 => format!("{class}/two\nlines {number}.jpg").into_bytes(),
            9 => class.as_bytes().to_vec(),
            10 => format!("{class}/").into_bytes(),
            11 => format!("__MACOSX/{class}/._{number}.jpg").into_bytes(),
            12 => format!("{class}/{number}.jpg ").into_bytes(),
            13 => format!("{class}/{number}.txt").into_bytes(),
            14 => format!("{class}/sub/{number}.png").into_bytes(),
            _ => b"README".to_vec(),
        }
    }

    /// Names and contents; all names may be in one folder.
    fn files(&mut self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let top: &[u8] = if self.one_in(3) { b"pets/" } else { b"" };
        let (is_plain, has_repeats) = (self.one_in(2), self.one_in(8));
        let mut files: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for index in 0..self.below(12) {
            let is_odd = !is_plain && self.one_in(8);
            let name = [top, &self.name(is_odd)].concat();
            let bytes = format!("{index} ").repeat(self.below(100)).into_bytes();
            if has_repeats || files.iter().all(|(known, _)| *known != name) {
                files.push((name, bytes));
            }
        }
        files
    }

    fn zip(&mut self) -> Vec<u8> {
        let mut entries = Vec::new();
        for (name, bytes) in self.files() {
            let mut entry = Entry::stored("", &bytes);
            if self.one_in(2) {
                let level = flate2::Compression::fast();
                let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), level);
                packed.write_all(&bytes).unwrap();
                (entry.method, entry.bytes) = (8, packed.finish().unwrap());
                entry.packed = entry.bytes.len() as u64;
            }
            match self.below(150) {
                0 => entry.size += 1,
                1 => entry.crc ^= 1,
                2 => entry.listed_as = Some(b"cats/other.jpg".to_vec()),
                _ => {}
            }
            entry.name = name;
            // Whether names are UTF-8; Windows writes those of its code page.
            entry.flags = if self.one_in(2) { 0x800 } else { 0 };
            entries.push(entry);
        }
        let mut places: Vec<usize> = (0..entries.len()).collect();
        if self.one_in(20) {
            places.pop();
        }
        zip_file::with_places(&entries, &places)
    }

    fn tar(&mut self) -> Vec<u8> {
        let mut tar = Vec::new();
        let is_gnu = self.one_in(2);
        for (name, bytes) in self.files() {
            let mut header = if is_gnu { tar::Header::new_gnu() } else { tar::Header::new_ustar() };
            let kind = match self.below(150) {
                // But for global attributes, after which Python needs another entry.
                kind @ 0..9 => b"\x0057126xVS"[kind],
                _ => b'0',
            };
            if name.len() > 100 {
                // GNU's way, or that of POSIX.
                let mut long =
                    if is_gnu { tar::Header::new_gnu() } else { tar::Header::new_ustar() };
                let text = match is_gnu {
                    true => [&name[..], b"\0"].concat(),
                    false => {
                        let rest = name.len() + 7;
                        let length = (rest..).find(|all| all.to_string().len() + rest == *all);
                        [format!("{} path=", length.unwrap()).as_bytes(), &name, b"\n"].concat()
                    }
                };
                long.set_entry_type(tar::EntryType::new(if is_gnu { b'L' } else { b'x' }));
                long.set_size(text.len() as u64);
                long.set_cksum();
                append(&mut tar, &long, &text);
            }
            let end = name.len().min(100);
            header.as_mut_bytes()[..end].copy_from_slice(&name[..end]);
            header.set_entry_type(tar::EntryType::new(kind));
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            append(&mut tar, &header, &bytes);
        }
        tar.extend(vec![0; self.of(&[1024, 1024, 1024, 10240, 512, 0])]);
        tar
    }

    fn gz(&mut self, bytes: &[u8]) -> Vec<u8> {
        let split = if self.one_in(4) { self.below(bytes.len() + 1) } else { bytes.len() };
        let pack = |bytes: &[u8]| {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gz.write_all(bytes).unwrap();
            gz.finish().unwrap()
        };
        let (first, second) = bytes.split_at(split);
        let members = if second.is_empty() { vec![first] } else { vec![first, second] };
        members.into_iter().flat_map(pack).collect()
    }

    /// An archive, and whether its sums tell whether a bit was flipped.
    fn archive(&mut self) -> (Vec<u8>, bool) {
        match self.below(3) {
            0 => (self.zip(), true),
            1 => (self.tar(), false),
            _ => {
                let tar = self.tar();
                (self.gz(&tar), true)
            }
        }
    }
}

fn append(tar: &mut Vec<u8>, header: &tar::Header, bytes: &[u8]) {
    tar.extend_from_slice(header.as_bytes());
    tar.extend_from_slice(bytes);
    tar.resize(tar.len().next_multiple_of(512), 0);
}

/// Files by name, or why there are none.
type Read = Result<BTreeMap<String, Vec<u8>>, String>;

/// What Python reads of the first `count` archives in `folder`.
fn by_python(python: &Path, folder: &Path, count: usize) -> Vec<Read> {
    let mut command = Command::new(python);
    let output = command.args(["-c", READER]).arg(folder).arg(count.to_string()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = |digits: &str| {
        let digits = digits.strip_suffix('.').unwrap().as_bytes();
        let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect::<Vec<u8>>()
    };
    let read = |line: &str| match line.strip_prefix("read") {
        None => Err(line.to_owned()),
        Some(parts) => {
            let parts: Vec<&str> = parts.split_whitespace().collect();
            let file = |file: &[&str]| (String::from_utf8(bytes(file[0])).unwrap(), bytes(file[1]));
            Ok(parts.chunks(2).map(file).collect())
        }
    };
    text.lines().map(read).collect()
}

/// The files of an archive as petite unpacks them, after checking that it trains on those in class
/// folders.
fn by_petite(place: &Path, archive: &Path) -> Read {
    let cache = place.join("cache");
    let found = unpacked_in(&cache, archive).map_err(|error| format!("{error:#}"))?;
    let root = found.ancestors().find(|path| path.parent().unwrap().parent() == Some(&cache));
    let root = root.unwrap();
    let files: BTreeMap<String, Vec<u8>> = contents(root).into_iter().collect();
    // Folders whose names differ in their Unicode form only are of one class.
    let composed = |class: &str| class.replace("o\u{308}", "ö");
    if let Ok(parts) = Parts::read(&found, None, false) {
        let inside = found.strip_prefix(root).unwrap();
        let mut trained: Vec<(PathBuf, String)> = Vec::new();
        for folder in &parts.folders {
            let sample = |sample: &petite::pictures::folder::Sample| {
                (sample.path.clone(), composed(&folder.classes[sample.label]))
            };
            trained.extend(folder.samples.iter().map(sample));
        }
        let picture = |name: &String| {
            let path = Path::new(name).strip_prefix(inside).ok()?;
            let class = path.components().next()?.as_os_str().to_str()?.to_owned();
            let extension = path.extension().and_then(|extension| extension.to_str());
            let is_picture = matches!(extension, Some("jpg" | "png")) && class != "__MACOSX";
            let is_in_class = is_picture && path.components().count() > 1;
            is_in_class.then(|| (root.join(name), composed(&class)))
        };
        let mut expected: Vec<_> = files.keys().filter_map(picture).collect();
        trained.sort();
        expected.sort();
        assert_eq!(trained, expected);
    }
    // Each is looked at once.
    std::fs::remove_dir_all(&cache).unwrap();
    Ok(files)
}

#[test]
fn random_archives_are_what_python_reads_or_refused() {
    let python = std::env::var_os("PETITE_PYTHON").unwrap_or_else(|| "python3".into());
    let python = PathBuf::from(python);
    if Command::new(&python).arg("--version").output().is_err() {
        return skipped("random archives are what Python reads", "there is no python3");
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed = number("PETITE_SEED").unwrap_or(1);
    let count = number("PETITE_ARCHIVES").unwrap_or(ARCHIVES) as usize;
    let mut random = Random(seed);
    // In memory, where syncing thousands of folders takes no time.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let path = |index: usize| folder.path().join(index.to_string());
    // Each is followed by a damaged copy.
    let mut damage = Vec::new();
    for index in (0..count).step_by(2) {
        let (whole, has_sums) = random.archive();
        let mut damaged = whole.clone();
        let must_be_whole = match random.below(3) {
            0 if !whole.is_empty() => {
                damaged.truncate(random.below(whole.len()));
                true
            }
            1 if !whole.is_empty() => {
                let bit = random.below(whole.len() * 8);
                damaged[bit / 8] ^= 1 << (bit % 8);
                has_sums
            }
            _ => {
                let (length, byte) = (random.below(1000), random.of(&[0, 0, b'x']));
                damaged.extend(vec![byte; length]);
                true
            }
        };
        std::fs::write(path(index), whole).unwrap();
        std::fs::write(path(index + 1), damaged).unwrap();
        damage.push(must_be_whole);
    }
    let count = damage.len() * 2;
    let expected = by_python(&python, folder.path(), count);
    assert_eq!(expected.len(), count);
    let mut taken = [0; 2];
    for index in 0..count {
        let Ok(found) = by_petite(folder.path(), &path(index)) else { continue };
        let is_damaged = index % 2 == 1;
        taken[usize::from(is_damaged)] += 1;
        // What sums and ends protect is as before the damage, or refused.
        let is_whole = is_damaged && damage[index / 2];
        let expected = expected[index - usize::from(is_whole)].as_ref();
        assert!(
            Ok(&found) == expected,
            "archive {index} with PETITE_SEED={seed}: {:?}, {:?}",
            found.keys(),
            expected.map(BTreeMap::keys)
        );
    }
    // The comparison is of something.
    assert!(taken[0] * 5 > count / 2 && taken[1] * 50 > count / 2, "{taken:?} of {count}");
    let refused = (0..count).step_by(2).filter(|&index| expected[index].is_err()).count();
    assert!(refused * 20 > count / 2, "{refused} of {count}");
}
