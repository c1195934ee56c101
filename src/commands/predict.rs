//! `petite predict`

use crate::cli::{PredictArgs, machine_overrides};
use crate::console::say;
use crate::progress::Terminal;
use anyhow::{Context, Result};
use petite::{Predict, Predictions, Stop, atomic_file};
use std::path::Path;

pub fn run(args: &PredictArgs, stop: &Stop) -> Result<()> {
    let what = Predict {
        run: args.run.clone(),
        paths: args.paths.clone(),
        weights: args.view.weights.into(),
        views: args.view.views(),
        machine: machine_overrides(&mut args.settings.clone())?,
    };
    let predictions = petite::predict(&what, &mut Terminal::new(stop))?;
    if let Some(file) = &args.csv {
        return write_csv(file, &predictions);
    }
    for picture in &predictions.pictures {
        say(format_args!(
            "{:<10} {:>6.2}%  {}",
            predictions.classes[picture.label],
            picture.probabilities[picture.label] * 100.0,
            picture.path.display()
        ));
    }
    Ok(())
}

fn write_csv(file: &Path, predictions: &Predictions) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let classes = predictions.classes.iter().map(String::as_str);
    writer.write_record(["path", "class"].into_iter().chain(classes))?;
    for picture in &predictions.pictures {
        let path = picture.path.to_str().with_context(|| {
            let path = picture.path.display();
            format!("expected UTF-8 paths with --csv, found {path}; try renaming it")
        })?;
        let class = predictions.classes[picture.label].clone();
        let numbers = picture.probabilities.iter().map(f64::to_string);
        writer.write_record([path.to_owned(), class].into_iter().chain(numbers))?;
    }
    let bytes = writer.into_inner().context("cannot write the CSV")?;
    atomic_file::write_bytes(file, &bytes)
}
