//! `petite predict`

use super::prediction_output::Output;
use crate::cli::{PredictArgs, machine_overrides};
use crate::progress::Terminal;
use crate::signals::Signals;
use anyhow::{Context, Result, ensure};
use petite::shown::shown;
use petite::{Predict, Predictor, error};
use std::ffi::OsString;
use std::io::{BufRead, IsTerminal};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

pub fn run(args: &PredictArgs, signals: &Signals) -> Result<()> {
    let what = Predict {
        run: args.run.clone(),
        paths: with_standard_input(&args.paths)?,
        weights: args.view.weights.into(),
        views: args.view.views(),
        grad_cam: args.grad_cam.is_some(),
        machine: machine_overrides(&mut args.settings.clone())?,
    };
    // Before this, reading standard input may wait forever, which no stop ends.
    let stop = signals.stop();
    let predictor = Predictor::new(&what)?;
    let paths = predictor.paths();
    for (given, flag) in [(args.csv.is_some(), "--csv"), (args.json, "--json")] {
        let odd = paths.iter().find(|path| given && path.to_str().is_none());
        ensure!(
            odd.is_none(),
            "expected UTF-8 paths with {flag}, found {}; try renaming it",
            shown(odd.map_or(Path::new(""), PathBuf::as_path))
        );
    }
    let mut output = Output::new(args, predictor.classes())?;
    let mut terminal = Terminal::new(&stop);
    if output.prints() && std::io::stdout().is_terminal() {
        terminal.hide_reading();
    }
    let mut bad = Vec::new();
    predictor.each(&mut terminal, |outcome| {
        output.add(&outcome, &predictor)?;
        bad.extend(outcome.err());
        Ok(())
    })?;
    output.finish()?;
    match bad.is_empty() {
        true => Ok(()),
        false => Err(error::unusable(&bad, paths.len()).into()),
    }
}

/// The paths, with the lines of standard input in place of `-`.
fn with_standard_input(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut all = Vec::with_capacity(paths.len());
    for path in paths {
        if path.as_os_str() != "-" {
            all.push(path.clone());
            continue;
        }
        for line in std::io::stdin().lock().split(b'\n') {
            let line = line.context("cannot read the paths on standard input")?;
            if !line.is_empty() {
                all.push(OsString::from_vec(line).into());
            }
        }
    }
    Ok(all)
}
