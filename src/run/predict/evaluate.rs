//! Evaluating a trained network on a split.

use crate::error::ensure_or;
use crate::metrics::paired::Paired;
use crate::report::text;
use crate::run::events::Events;
use crate::run::folder::RunFolder;
use crate::run::predict::evaluation::{Against, Evaluation};
use crate::run::predict::evaluation_files;
use crate::run::predict::export;
use crate::run::predict::scored_pictures::ScoredPictures;
use crate::run::predict::scoring::{Evaluated, Scoring};
use crate::run::predict::trained::Trained;
use crate::run::warning::Warning;
use crate::weights::Format;
use anyhow::Result;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What to evaluate, and how.
#[derive(Debug, Clone)]
pub struct Evaluate {
    /// The run's folder.
    pub run: PathBuf,
    /// The pictures, and how the network sees them.
    pub scoring: Scoring,
    /// Whether to write the result into the run's folder: to `SPLIT.json`, and to the folder `SPLIT`
    /// `predictions.csv`, `confusion_matrix.png` and `roc.png`.
    pub store: bool,
    /// File for the decoded pictures, labels and probabilities; `None` writes none.
    pub export: Option<PathBuf>,
    /// Folder of another run to compare with on the same pictures.
    pub against: Option<PathBuf>,
}

impl Evaluate {
    /// Evaluates the last weights of `run` on its split `test`, and writes no files.
    pub fn new(run: impl Into<PathBuf>) -> Self {
        let scoring = Scoring::default();
        Self { run: run.into(), scoring, store: false, export: None, against: None }
    }
}

/// Evaluates a run: see [`petite::evaluate`](crate::evaluate).
pub(crate) fn evaluate(what: &Evaluate, events: &mut dyn Events) -> Result<Evaluation> {
    let scoring = &what.scoring;
    check_split_name(&scoring.split)?;
    if let Some(file) = &what.export {
        Format::of(file)?;
    }
    let run = RunFolder::open(&what.run)?;
    let mut found = scoring.evaluate(&run, events)?;
    let mut evaluation = found.pictures.evaluation(scoring);
    if let Some(other) = &what.against {
        evaluation.against = Some(against(scoring, other, &found, events)?);
    }
    let classes = &found.trained.record.classes;
    if let Some(file) = &what.export {
        let ScoredPictures { loader, samples, probabilities, .. } = &mut found.pictures;
        export::save(file, loader, samples, classes, probabilities)?;
    }
    if let Some(key) = text::key(classes).filter(|_| what.store) {
        events.warning(&Warning::Odd(&key));
    }
    // The result is worth more than its file: a run may be another user's, or its disk full.
    let stored = match what.store {
        true => evaluation_files::write(&run.evaluated(&scoring.split), &found.pictures)
            .and_then(|()| evaluation.write(&run.evaluation(&scoring.split))),
        false => Ok(()),
    };
    if let Err(error) = stored {
        events.warning(&Warning::NotStored(&error));
    }
    Ok(evaluation)
}

/// Evaluates the run `other` on the same pictures as the `first`.
///
/// # Errors
/// If it cannot be read, has other classes, or a stop was requested.
fn against(
    scoring: &Scoring,
    other: &Path,
    first: &Evaluated,
    events: &mut dyn Events,
) -> Result<Against> {
    let run = RunFolder::open(other)?;
    let trained = Trained::load(&run, scoring.inference)?;
    trained.warn(events);
    let folder = first
        .folder
        .clone()
        .with_classes(&trained.record.classes, &format!("the run {}", other.display()))?;
    let second = ScoredPictures::new(&trained, &folder, scoring, events)?;
    // The other run may have its classes, and thus its pictures, in another order.
    let of_second: HashMap<&Path, bool> = second.outcomes().collect();
    let of_first = first.pictures.outcomes();
    let pairs = of_first.filter_map(|(path, is_correct)| Some((is_correct, *of_second.get(path)?)));
    Ok(Against {
        run: other.to_owned(),
        loss: second.means.loss,
        acc: second.means.accuracy,
        paired: Paired::new(pairs),
    })
}

/// A split's name is that of a folder inside the data set, and of a file in the run.
fn check_split_name(split: &str) -> Result<()> {
    let is_name = !split.is_empty()
        && !split.contains(['/', '\\'])
        && !split.starts_with('.')
        && split != "config";
    ensure_or!(
        Setting,
        is_name,
        "expected `split` to name a folder inside the data set, found {split:?}; try test"
    );
    Ok(())
}
