//! Exporting to Keras, by the scripts in `scripts/`: only Python has Keras.

use crate::cli::ExportArgs;
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use petite::run::folder::RunFolder;
use std::process::{Command, Stdio};

/// The script, and those it imports.
const SCRIPTS: [(&str, &str); 3] = [
    ("keras_export.py", include_str!("../../scripts/keras_export.py")),
    ("keras_model.py", include_str!("../../scripts/keras_model.py")),
    ("keras_bases.py", include_str!("../../scripts/keras_bases.py")),
];

/// Runs the script with the user's Python; it prints what it did.
///
/// # Errors
/// If there is no run or no such Python, or the script fails: with the last line of its errors.
pub fn export(args: &ExportArgs) -> Result<()> {
    RunFolder::open(&args.run)?;
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    for (name, text) in SCRIPTS {
        let path = folder.path().join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let petite = std::env::current_exe().context("cannot find the path of petite")?;
    let mut command = Command::new(&args.python);
    command.arg(folder.path().join(SCRIPTS[0].0));
    command.arg(&args.run).arg("--to").arg(&args.to).arg("--petite").arg(petite);
    let weights = args.weights.to_possible_value();
    command.args(weights.iter().flat_map(|value| ["--weights", value.get_name()]));
    command.args(args.logits.then_some("--logits"));
    let python = args.python.display();
    let done = command
        .stdout(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {python}; try `python` PATH, of one with Keras"))?;
    if done.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&done.stderr);
    let last = errors.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nothing");
    let last = last.strip_prefix("error: ").unwrap_or(last);
    bail!("cannot export to Keras with {python}: {last}")
}
