//! `petite predict`

use super::output_file::{self, Kind};
use super::prediction_output::Output;
use crate::program::cli::PredictArgs;
use crate::program::progress::Terminal;
use crate::program::remedy::warn_inside;
use crate::program::signals::Signals;
use anyhow::{Context, Result, bail, ensure};
use petite::text::numbers::cut;
use petite::text::shown::{shown, shown_bytes};
use petite::{Predict, Predictor, error};
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, IsTerminal};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

pub fn run(args: &PredictArgs, signals: &Signals) -> Result<()> {
    if let Some(file) = args.csv.as_deref().filter(|file| file.as_os_str() != "-") {
        output_file::check(file, Kind::Predictions, args.force.force)?;
    }
    let (run, paths) = run_and_paths(args)?;
    let what = Predict {
        run,
        paths: with_standard_input(paths, args.null)?,
        inference: args.view.inference(&args.settings)?,
        grad_cam: args.grad_cam.is_some(),
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
    for (setting, to) in [("into", &args.into), ("grad_cam", &args.grad_cam)] {
        let Some(to) = to else { continue };
        let folders = what.paths.iter().map(PathBuf::as_path);
        folders
            .chain(predictor.data())
            .for_each(|data| warn_inside("predict", setting, to, Some(data)));
    }
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
        false => Err(error::unusable(bad, paths.len()).into()),
    }
}

/// The run of `--run`, or else the first path, and the paths of pictures.
fn run_and_paths(args: &PredictArgs) -> Result<(PathBuf, &[PathBuf])> {
    if let Some(run) = &args.run {
        return Ok((run.clone(), &args.paths));
    }
    let [run, paths @ ..] = &args.paths[..] else { bail!("expected PATH, found none") };
    ensure!(
        run.join("config.json").is_file(),
        "expected --run RUN, or a run folder as the first PATH, found {}; try --run RUN before it",
        shown(run)
    );
    ensure!(!paths.is_empty(), "expected PATHs of pictures after {}, found none", shown(run));
    Ok((run.clone(), paths))
}

/// The paths, with those on standard input in place of `-`: one per line, or, with `null`, each with a
/// zero byte after it.
fn with_standard_input(paths: &[PathBuf], null: bool) -> Result<Vec<PathBuf>> {
    ensure!(
        !null || paths.iter().any(|path| path.as_os_str() == "-"),
        "expected - for the paths on standard input with --null, found none; try find … -print0 | petite predict --null … -"
    );
    let mut all = Vec::with_capacity(paths.len());
    for path in paths {
        if path.as_os_str() != "-" {
            all.push(path.clone());
            continue;
        }
        for line in std::io::stdin().lock().split(if null { 0 } else { b'\n' }) {
            let mut line = line.context("cannot read the paths on standard input")?;
            ensure!(
                !line.contains(&0),
                "expected a path per line on standard input, found a zero byte in {}; try --null, as for find -print0, or text in UTF-8",
                cut(&shown_bytes(&line))
            );
            // Lines from Windows end in a carriage return, which may, though hardly, be a name's.
            let is_there = || Path::new(OsStr::from_bytes(&line)).symlink_metadata().is_ok();
            if !null && line.ends_with(b"\r") && !is_there() {
                line.pop();
            }
            if !line.is_empty() {
                all.push(OsString::from_vec(line).into());
            }
        }
    }
    Ok(all)
}
