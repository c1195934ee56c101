//! What `petite predict` writes: lines of text or JSON, a CSV, and folders of pictures.

use crate::program::cli::PredictArgs;
use crate::program::console::say;
use anyhow::{Context, Result, ensure};
use petite::dataset::Link;
use petite::dataset::sorted_folders::SortedFolders;
use petite::error::BadPicture;
use petite::files::atomic_file::AtomicFile;
use petite::text::cells;
use petite::text::shown::{shown, shown_name};
use petite::{Prediction, Predictor};
use serde::{Serialize, Serializer};
use std::path::{Path, PathBuf};

/// The outputs that the flags ask for, written as the predictions come. Files and folders appear
/// under their names at the end.
pub struct Output<'a> {
    classes: &'a [String],
    /// Number of classes to give for each picture, if limited.
    top: Option<usize>,
    text: bool,
    json: Option<Json>,
    csv: Option<Table>,
    into: Option<SortedFolders>,
    grad_cam: Option<SortedFolders>,
}

/// The CSV: a file, or lines on standard output.
enum Table {
    File(Box<csv::Writer<AtomicFile>>),
    /// With the first line before the first picture. As with JSON, nothing is printed if none can be
    /// used.
    Printed(Option<String>),
}

impl Table {
    fn write(&mut self, row: &[Vec<u8>]) -> Result<()> {
        match self {
            Self::File(file) => file.write_record(row).context("cannot write the CSV"),
            Self::Printed(header) => {
                header.iter().for_each(say);
                *header = None;
                say(line(row)?);
                Ok(())
            }
        }
    }
}

/// A line of CSV without its end.
fn line<Cell: AsRef<[u8]>>(row: &[Cell]) -> Result<String> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(row)?;
    let mut line = String::from_utf8(csv.into_inner()?)?;
    line.truncate(line.trim_end_matches('\n').len());
    Ok(line)
}

/// JSON lines on standard output.
#[derive(Default)]
struct Json {
    /// Whether a picture has been predicted. Nothing is printed before: if none can be, there is
    /// no output.
    begun: bool,
    held: Vec<String>,
}

impl<'a> Output<'a> {
    /// # Errors
    /// If a file or a folder cannot be created, or the classes cannot be the names of folders.
    pub fn new(args: &PredictArgs, classes: &'a [String]) -> Result<Self> {
        let top = args.top.map(|top| (top as usize).min(classes.len()));
        let new = |setting, to: &Option<PathBuf>, classes, link| match to {
            Some(to) => SortedFolders::new(setting, to, classes, link)?.as_output().map(Some),
            None => Ok(None),
        };
        let into = new("into", &args.into, classes, args.link.into())?;
        let grad_cam = new("grad_cam", &args.grad_cam, &[], Link::Copy)?;
        let header = header(classes, top);
        let csv = match &args.csv {
            Some(file) if file.as_os_str() == "-" => {
                ensure!(
                    !args.json,
                    "expected one of --csv - and --json on standard output, found both; try --csv FILE"
                );
                Some(Table::Printed(Some(line(&header)?)))
            }
            Some(file) => {
                let mut file = csv::Writer::from_writer(AtomicFile::create(file)?);
                file.write_record(header)?;
                Some(Table::File(Box::new(file)))
            }
            None => None,
        };
        let text = csv.is_none() && !args.json;
        let json = args.json.then(Json::default);
        Ok(Self { classes, top, text, json, csv, into, grad_cam })
    }

    /// Whether lines are printed.
    pub fn prints(&self) -> bool {
        self.text || self.json.is_some() || matches!(self.csv, Some(Table::Printed(_)))
    }

    /// Writes a picture's prediction, or that it has none.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(
        &mut self,
        outcome: &Result<Prediction, BadPicture>,
        predictor: &Predictor,
    ) -> Result<()> {
        if let Some(json) = &mut self.json {
            json.add(outcome, self.classes, self.top)?;
        }
        let Ok(picture) = outcome else { return Ok(()) };
        if self.text {
            say(text(picture, self.classes, self.top.unwrap_or(1)));
        }
        if let Some(csv) = &mut self.csv {
            csv.write(&row(picture, self.classes, self.top))?;
        }
        if let Some(into) = &mut self.into {
            into.add(&picture.path, &self.classes[picture.label])?;
        }
        if let Some(grad_cam) = &mut self.grad_cam {
            grad_cam.write_png(&picture.path, &predictor.overlay(picture)?.to_png()?)?;
        }
        Ok(())
    }

    /// Renames files and folders to their names.
    ///
    /// # Errors
    /// If that fails.
    pub fn finish(self) -> Result<()> {
        self.into.map_or(Ok(()), SortedFolders::finish)?;
        self.grad_cam.map_or(Ok(()), SortedFolders::finish)?;
        let Some(Table::File(csv)) = self.csv else { return Ok(()) };
        let written = csv.into_inner().map_err(csv::IntoInnerError::into_error);
        written.context("cannot write the CSV")?.rename()
    }
}

/// `dogs        98.20%  cats         1.80%  PATH`
fn text(picture: &Prediction, classes: &[String], top: usize) -> String {
    let columns: String = match top {
        1 => column(&classes[picture.label], picture.probabilities[picture.label]),
        top => {
            let top = picture.top(top).into_iter();
            top.map(|(label, probability)| column(&classes[label], probability)).collect()
        }
    };
    format!("{columns}{}", shown(&picture.path))
}

fn column(class: &str, probability: f64) -> String {
    let class = shown_name(class);
    format!("{class:<10} {:>6.2}%  ", probability * 100.0)
}

/// The CSV's columns: every class's probability, or the `top` classes in turn.
fn header(classes: &[String], top: Option<usize>) -> Vec<String> {
    let Some(top) = top else { return cells::columns(&["path", "class"], classes) };
    let mut columns = ["path", "class", "probability"].map(str::to_owned).to_vec();
    columns.extend(
        (2..=top).flat_map(|rank| [format!("class_{rank}"), format!("probability_{rank}")]),
    );
    columns
}

fn row(picture: &Prediction, classes: &[String], top: Option<usize>) -> Vec<Vec<u8>> {
    let class = |label: usize| cells::text(&classes[label]).into_owned().into_bytes();
    let mut row = vec![cells::path(&picture.path).into_owned()];
    match top {
        None => {
            row.push(class(picture.label));
            row.extend(picture.probabilities.iter().map(|value| value.to_string().into_bytes()));
        }
        Some(top) => row.extend(
            picture
                .top(top)
                .into_iter()
                .flat_map(|(label, value)| [class(label), value.to_string().into_bytes()]),
        ),
    }
    row
}

impl Json {
    fn add(
        &mut self,
        outcome: &Result<Prediction, BadPicture>,
        classes: &[String],
        top: Option<usize>,
    ) -> Result<()> {
        let line = match outcome {
            Ok(picture) => serde_json::to_string(&Predicted {
                path: utf8(&picture.path)?,
                class: &classes[picture.label],
                probabilities: Probabilities::of(picture, classes, top),
            }),
            Err(bad) => {
                serde_json::to_string(&Unusable { path: utf8(&bad.path)?, error: &bad.reason })
            }
        };
        let line = line.context("cannot serialize a prediction to JSON")?;
        self.begun |= outcome.is_ok();
        if self.begun {
            self.held.drain(..).for_each(say);
            say(line);
        } else {
            self.held.push(line);
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Predicted<'a> {
    path: &'a str,
    class: &'a str,
    probabilities: Probabilities<'a>,
}

/// An object from class to probability, in this order.
pub struct Probabilities<'a>(Vec<(&'a str, f64)>);

impl<'a> Probabilities<'a> {
    /// The `top` most probable classes of `picture`, from high to low; all without a number.
    pub fn of(picture: &Prediction, classes: &'a [String], top: Option<usize>) -> Self {
        let top = picture.top(top.unwrap_or(classes.len()));
        Self(top.into_iter().map(|(label, value)| (classes[label].as_str(), value)).collect())
    }
}

impl Serialize for Probabilities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

#[derive(Serialize)]
struct Unusable<'a> {
    path: &'a str,
    error: &'a str,
}

/// The path as JSON has it.
///
/// # Errors
/// If it is not UTF-8.
pub fn utf8(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| {
        format!("expected UTF-8 paths with --json, found {}; try renaming it", shown(path))
    })
}
