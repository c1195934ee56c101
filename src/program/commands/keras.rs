//! Exporting to Keras, by the scripts in `scripts/`: only Python has Keras.

use super::output_file::{self, Kind};
use crate::program::cli::ExportArgs;
use crate::program::console::say;
use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use petite::run::folder::RunFolder;
use petite::text::shown::shown;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

/// The script, and those it imports.
const SCRIPTS: [(&str, &str); 3] = [
    ("keras_export.py", include_str!("../../../scripts/keras_export.py")),
    ("keras_model.py", include_str!("../../../scripts/keras_model.py")),
    ("keras_bases.py", include_str!("../../../scripts/keras_bases.py")),
];

/// Runs the script with the user's Python, and says what it said once the model is there.
///
/// # Errors
/// If there is no run or no such Python, or the script fails: with the last line of its errors. If it
/// writes no model.
pub fn export(args: &ExportArgs) -> Result<()> {
    RunFolder::open(args.run.path())?;
    let mut beside = args.to.clone().into_os_string();
    beside.push(".json");
    output_file::check(Path::new(&beside), Kind::Tensors, args.force.force)?;
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    for (name, text) in SCRIPTS {
        let path = folder.path().join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let petite = std::env::current_exe().context("cannot find the path of petite")?;
    let mut command = Command::new(&args.python);
    command.arg(folder.path().join(SCRIPTS[0].0));
    command.arg(args.run.path()).arg("--to").arg(&args.to).arg("--petite").arg(petite);
    let weights = args.weights.to_possible_value();
    command.args(weights.iter().flat_map(|value| ["--weights", value.get_name()]));
    command.args(args.logits.then_some("--logits"));
    let python = args.python.display();
    let before = state(&args.to);
    let done = command
        .output()
        .with_context(|| format!("cannot run {python}; try `python` PATH, of one with Keras"))?;
    if done.status.success() {
        let is_new = state(&args.to).is_some_and(|state| Some(state) != before);
        ensure!(
            is_new && is_whole(&args.to),
            "expected {python} to write a Keras model to {}, found {}; try `python` PATH, of one with Keras",
            shown(&args.to),
            if is_new { "a file that is none" } else { "that it wrote nothing" }
        );
        say(String::from_utf8_lossy(&done.stdout).trim_end());
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&done.stderr);
    let last = errors.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nothing");
    let last = last.strip_prefix("error: ").unwrap_or(last);
    bail!("cannot export to Keras with {python}: {last}")
}

/// What changes when a file is written or replaced; `None` if there is none.
fn state(path: &Path) -> Option<(u64, u64, i64, i64)> {
    let found = path.metadata().ok()?;
    Some((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))
}

/// Whether the file is a Keras model: a zip with its settings and its weights, both intact.
fn is_whole(path: &Path) -> bool {
    let Some(mut zip) = File::open(path).ok().and_then(|file| zip::ZipArchive::new(file).ok())
    else {
        return false;
    };
    // Reading an entry to its end checks its sum.
    ["config.json", "model.weights.h5"].iter().all(|name| {
        let entry = zip.by_name(name).ok();
        entry.is_some_and(|mut entry| std::io::copy(&mut entry, &mut std::io::sink()).is_ok())
    })
}
