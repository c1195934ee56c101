//! A folder of its own for each test, and what a run of the script in it says.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts");

/// The complete set of `fetch`, under the three names it comes with.
pub const KAGGLE: [&str; 4] = ["cat.0.jpg", "cat.1.jpg", "dog.0.jpg", "dog.1.jpg"];
pub const TRAIN: [&str; 4] =
    ["train/cat.0.jpg", "train/cat.1.jpg", "train/dog.0.jpg", "train/dog.1.jpg"];
pub const MICROSOFT: [&str; 4] =
    ["PetImages/Cat/0.jpg", "PetImages/Cat/1.jpg", "PetImages/Dog/0.jpg", "PetImages/Dog/1.jpg"];

/// A folder with its own home, cache and stubs.
pub struct Place(TempDir);

pub struct Answer {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    #[track_caller]
    pub fn brought(&self, last: &str) -> &Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        assert!(self.stdout.lines().last().unwrap().starts_with(last), "{}", self.stdout);
        self
    }

    #[track_caller]
    pub fn refused(&self, parts: &[&str]) {
        assert_eq!(self.code, Some(1), "{}{}", self.stdout, self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        for part in parts {
            assert!(self.stderr.contains(part), "expected {part:?} in {}", self.stderr);
        }
    }
}

impl Place {
    pub fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        for folder in ["home", "cache", "bin"] {
            fs::create_dir(place.path(folder)).unwrap();
        }
        fs::create_dir(place.path("bin/scripts")).unwrap();
        for script in ["fetch_dataset.sh", "fetch_dataset.py"] {
            let copy = place.path("bin/scripts").join(script);
            fs::copy(Path::new(SCRIPTS).join(script), copy).unwrap();
        }
        // None is known, so that any will do.
        place.expect(&[]);
        place.stub("python3", &format!("exec '{}' \"$@\"", python()));
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(name)
    }

    pub fn file(&self, name: &str, contents: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), contents).unwrap();
    }

    /// Makes the script know pictures of these contents: cats from number 0, then as many dogs.
    pub fn expect(&self, contents: &[&str]) {
        let program = "import hashlib, sys
sums = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in sys.argv[1:]]
print('# comment')
for cat, dog in zip(sums[:len(sums) // 2], sums[len(sums) // 2:]):
    print(cat, dog)";
        let sums = answer(Command::new(python()).args(["-c", program]).args(contents));
        self.file("bin/scripts/dogs-vs-cats.txt", &sums.stdout);
    }

    /// Files that hold their own names.
    pub fn files(&self, folder: &str, names: &[&str]) {
        for name in names {
            self.file(&format!("{folder}/{name}"), name);
        }
    }

    /// A zip of members that hold their own names; `inner.zip=outer name` puts a zip in.
    pub fn zip(&self, name: &str, members: &[&str]) {
        let program = "import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as archive:
    for member in sys.argv[2:]:
        file, _, inside = member.partition('=')
        archive.writestr(inside or member, open(file, 'rb').read() if inside else member)";
        let made = Command::new(python())
            .args(["-c", program, name])
            .args(members)
            .current_dir(self.path(""))
            .status();
        assert!(made.unwrap().success());
    }

    pub fn stub(&self, name: &str, body: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Makes `bin` enough for a PATH of its own, with none of the downloaders but `downloader`.
    pub fn close_path(&self, downloader: &str) {
        let tools = "awk basename bash cat df dirname find grep head ln ls mkdir mktemp readlink \
                     rm rmdir sed sort tail wc xargs";
        for tool in tools.split_whitespace().chain(Some(downloader).filter(|d| !d.is_empty())) {
            symlink(which(tool).unwrap(), self.path("bin").join(tool)).unwrap();
        }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("bash");
        let closed = self.path("bin/bash").exists();
        let inherited = if closed { String::new() } else { std::env::var("PATH").unwrap() };
        command
            .arg(self.path("bin/scripts/fetch_dataset.sh"))
            .args(arguments)
            .current_dir(self.path(""))
            .env("PATH", format!("{}:{inherited}", self.path("bin").display()))
            .env("HOME", self.path("home"))
            .env("PETITE_CACHE", self.path("cache"))
            .env("no_proxy", "*")
            .env_remove("PETITE_MICROSOFT_URL")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Answer {
        answer(&mut self.command(arguments))
    }

    /// Two pictures of each class, into `to`.
    pub fn fetch(&self, source: &str) -> Answer {
        self.run(&[source, "--to", "to", "--each", "2"])
    }

    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Neither the destination nor anything half-made beside it.
    #[track_caller]
    pub fn nothing_left(&self) {
        let left: Vec<_> = self.names("").into_iter().filter(|n| n.starts_with("to")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

pub fn answer(command: &mut Command) -> Answer {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Answer { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

pub fn which(tool: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|folder| folder.join(tool)).find(|path| path.is_file())
}

/// Python itself, behind whatever slower wrapper is called python3 here.
pub fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let program = ["-c", "import sys; print(sys.executable)"];
        answer(Command::new("python3").args(program)).stdout.trim().to_owned()
    })
}
