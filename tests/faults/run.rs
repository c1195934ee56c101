//! A small run of `petite train`, without faults and with one.

use crate::event_files;
use crate::skipped::skipped;
use petite::Stop;
use petite::dataset::{Prepare, synthetic::synthesize};
use std::fs::read_to_string;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, Weak};
use tempfile::TempDir;

/// What happens at a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// It fails with ENOSPC.
    NoSpace,
    /// It fails with EIO.
    Broken,
    /// The process dies before it.
    Kill,
    /// The process dies after it; after half of it, if it writes bytes.
    Tear,
}

/// The run without faults, and what the others share.
pub struct Undisturbed {
    folder: TempDir,
    /// Each call that writes: its name and its path.
    pub calls: Vec<String>,
}

impl Undisturbed {
    /// The one of all tests that run now; `None` if there is no C compiler.
    pub fn get() -> Option<Arc<Self>> {
        // Not a static one, whose folder would never be removed.
        static ONE: Mutex<Weak<Undisturbed>> = Mutex::new(Weak::new());
        let mut one = ONE.lock().unwrap();
        if let Some(present) = one.upgrade() {
            return Some(present);
        }
        let new = Arc::new(Self::new()?);
        *one = Arc::downgrade(&new);
        Some(new)
    }

    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/preload.c");
        let compiled = Command::new("cc")
            .args(["-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o"])
            .arg(folder.path().join("preload.so"))
            .arg(source)
            .arg("-ldl")
            .output();
        let Ok(compiled) = compiled else {
            skipped("faults", "no C compiler cc");
            return None;
        };
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));

        let (originals, data) = (folder.path().join("originals"), folder.path().join("data"));
        synthesize(&originals, 13, 1, &Stop::default()).unwrap();
        Prepare::new(&originals, &data).counts(8, 4, 1).run(&Stop::default()).unwrap();
        let mut whole = Self { folder, calls: Vec::new() };
        let place = whole.folder.path().join("whole");
        let output = whole.train(&place, &[], None);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        whole.calls = calls(&place);
        Some(whole)
    }

    /// Trains in the folder `out` of `place`, with the cache in it.
    fn train(&self, place: &Path, flags: &[&str], fault: Option<(Fault, usize)>) -> Output {
        std::fs::create_dir_all(place).unwrap();
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("petite"));
        command.args(["train", "--epochs", "2", "--batch-size", "4", "--image-size", "46"]);
        command.args(["--threads", "1", "--loader-threads", "1", "--device", "cpu"]);
        command.args(["--cache", "disk", "--tensorboard"]).args(flags);
        command.arg("--data").arg(self.folder.path().join("data"));
        command.arg("--out").arg(place.join("out"));
        command.env("PETITE_CACHE", place.join("cache"));
        command.env("LD_PRELOAD", self.folder.path().join("preload.so"));
        command.env("FAULTS_IN", place).env("FAULTS_LOG", log(place));
        if let Some((fault, call)) = fault {
            let how = match fault {
                Fault::NoSpace => "28",
                Fault::Broken => "5",
                Fault::Kill => "kill",
                Fault::Tear => "tear",
            };
            command.env("FAULTS_HOW", how).env("FAULTS_AT", call.to_string());
        }
        command.output().unwrap()
    }

    /// Trains with the fault at the call of this number, and again without.
    pub fn check(&self, fault: Fault, call: usize) -> Result<(), String> {
        let place = self.folder.path().join(format!("{fault:?}-{call}"));
        let first = self.train(&place, &[], Some((fault, call)));
        let hit = calls(&place).get(call - 1).cloned().unwrap_or_default();
        let explain = |what: String| format!("{fault:?} at call {call}, {hit}: {what}");
        ended_well(&first, fault).map_err(explain)?;
        let resume = place.join("out/config.json").exists();
        let flags: &[&str] = if resume { &["--resume"] } else { &[] };
        let second = self.train(&place, flags, None);
        if !second.status.success() {
            return Err(explain(format!("then {}", String::from_utf8_lossy(&second.stderr))));
        }
        self.compare(&place).map_err(explain)?;
        std::fs::remove_dir_all(&place).map_err(|error| explain(error.to_string()))
    }

    /// Compares the run in `place` with the undisturbed one.
    fn compare(&self, place: &Path) -> Result<(), String> {
        let left = leftovers(place);
        if !left.is_empty() {
            return Err(format!("{left:?} is left"));
        }
        let runs = [self.folder.path().join("whole/out"), place.join("out")];
        let [expected, found] = runs.each_ref().map(|run| history(&run.join("history.csv")));
        if found != expected {
            return Err(format!("the history is\n{found:#?}\nnot\n{expected:#?}"));
        }
        for name in ["last.ot", "best.ot", "checkpoint.safetensors"] {
            let [expected, found] = runs.each_ref().map(|run| std::fs::read(run.join(name)).ok());
            if found != expected {
                return Err(format!("{name} differs"));
            }
        }
        for part in ["train", "validation"] {
            let [expected, found] =
                runs.each_ref().map(|run| events(&run.join("tensorboard"), part));
            if found != expected {
                return Err(format!("the events in {part} are\n{found:#?}\nnot\n{expected:#?}"));
            }
        }
        let [expected, found] = runs.each_ref().map(|run| names(run));
        if found != expected {
            return Err(format!("the run has {found:?}, not {expected:?}"));
        }
        Ok(())
    }
}

fn log(place: &Path) -> PathBuf {
    place.with_extension("calls")
}

/// The calls of the first process that wrote in `place`.
fn calls(place: &Path) -> Vec<String> {
    let text = read_to_string(log(place)).unwrap_or_default();
    let numbered = text.lines().filter_map(|line| line.split_once(' '));
    let first = numbered
        .enumerate()
        .take_while(|(index, (number, _))| number.parse::<usize>() == Ok(index + 1));
    first.map(|(_, (_, call))| call.to_owned()).collect()
}

/// A failed call is an error or of no consequence, never a panic.
fn ended_well(output: &Output, fault: Fault) -> Result<(), String> {
    let error = String::from_utf8_lossy(&output.stderr);
    let ended = match fault {
        Fault::Kill | Fault::Tear => output.status.signal() == Some(libc::SIGKILL),
        Fault::NoSpace | Fault::Broken => match output.status.code() {
            Some(0) => true,
            Some(1) => error.contains("error: "),
            _ => false,
        },
    };
    let is_fine = ended && !error.contains("panicked");
    is_fine.then_some(()).ok_or_else(|| format!("ended with {}: {error}", output.status))
}

/// Temporary and lock files anywhere in `place`.
fn leftovers(place: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(place).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if name.to_string_lossy().starts_with('.') {
            found.push(path.clone());
        }
        if path.is_dir() {
            found.extend(leftovers(&path));
        }
    }
    found
}

/// The rows of a history without the columns that tell the time.
fn history(path: &Path) -> Vec<Vec<String>> {
    let text = read_to_string(path).unwrap_or_default();
    let header: Vec<&str> = text.lines().next().unwrap_or_default().split(',').collect();
    let row = |line: &str| {
        let columns = header.iter().zip(line.split(','));
        let kept = columns.filter(|(name, _)| !["seconds", "images_per_second"].contains(name));
        kept.map(|(_, value)| value.to_owned()).collect()
    };
    text.lines().map(row).collect()
}

/// The step of every value in event files, its name and, of a scalar, its bits; in order of the steps.
fn events(folder: &Path, part: &str) -> Vec<(i64, String, Option<u32>)> {
    let mut values: Vec<_> = event_files::values(&folder.join(part))
        .into_iter()
        .map(|(step, tag, value)| (step, tag, value.map(f32::to_bits)))
        .collect();
    values.sort();
    values
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
