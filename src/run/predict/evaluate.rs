//! Evaluating a trained network on a split.

use crate::error::ensure_or;
use crate::metrics::paired::Paired;
use crate::pictures::folder::Folder;
use crate::report::text;
use crate::run::events::Events;
use crate::run::folder::RunFolder;
use crate::run::predict::evaluation::{Against, Evaluation};
use crate::run::predict::evaluation_files;
use crate::run::predict::export;
use crate::run::predict::scoring::{ScoredPictures, Scoring};
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
    /// The pictures that its network sees, and how.
    pub scoring: Scoring,
    /// Whether to store the result in the run's folder: `SPLIT.json`, and `predictions.csv`,
    /// `confusion_matrix.png` and `roc.png` in the folder `SPLIT`.
    pub store: bool,
    /// File for the decoded pictures, labels and probabilities; `None` writes none.
    pub export: Option<PathBuf>,
    /// Folder of another run to compare with on the same pictures.
    pub against: Option<PathBuf>,
}

impl Evaluate {
    /// Evaluates the last weights of `run` on its split `test`, and stores the result.
    pub fn new(run: impl Into<PathBuf>) -> Self {
        Self {
            run: run.into(),
            scoring: Scoring::default(),
            store: true,
            export: None,
            against: None,
        }
    }
}

/// Evaluates a run: see [`petite::evaluate`](crate::evaluate).
pub(crate) fn evaluate(what: &Evaluate, events: &mut dyn Events) -> Result<Evaluation> {
    let split = &what.scoring.split;
    check_split_name(split)?;
    if let Some(file) = &what.export {
        Format::of(file)?;
    }
    let run = RunFolder::open(&what.run)?;
    let (trained, folder, mut pictures) = what.scoring.of(&run, events)?;
    let mut evaluation = pictures.evaluation(&what.scoring);
    if let Some(other) = &what.against {
        evaluation.against = Some(against(what, other, &folder, &pictures, events)?);
    }
    if let Some(file) = &what.export {
        let ScoredPictures { loader, samples, probabilities, .. } = &mut pictures;
        export::save(file, loader, samples, &trained.record.classes, probabilities)?;
    }
    if !what.store {
        return Ok(evaluation);
    }
    if let Some(key) = text::key(&trained.record.classes) {
        events.warning(&Warning::Odd(&key));
    }
    // The result is worth more than its file: a run may be another user's, or its disk full.
    let stored = evaluation_files::write(&run.evaluated(split), &pictures)
        .and_then(|()| evaluation.write(&run.evaluation(split)));
    if let Err(error) = stored {
        events.warning(&Warning::NotStored(&error));
    }
    Ok(evaluation)
}

/// Evaluates the run `other` on the same pictures.
///
/// # Errors
/// If it cannot be read, has other classes, or a stop was requested.
fn against(
    what: &Evaluate,
    other: &Path,
    folder: &Folder,
    first: &ScoredPictures,
    events: &mut dyn Events,
) -> Result<Against> {
    let trained = what.scoring.trained(&RunFolder::open(other)?, events)?;
    let folder = folder
        .clone()
        .with_classes(&trained.record.classes, &format!("the run {}", other.display()))?;
    let second = ScoredPictures::new(&trained, &folder, &what.scoring, events)?;
    // The other run may have its classes, and thus its pictures, in another order.
    let of_second: HashMap<&Path, bool> = second.outcomes().collect();
    let pairs =
        first.outcomes().filter_map(|(path, is_correct)| Some((is_correct, *of_second.get(path)?)));
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
