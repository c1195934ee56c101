//! The files of an evaluation besides its result: predictions and drawings.

use crate::files::atomic_file::AtomicFile;
use crate::report::{confusion_matrix, roc_curves};
use crate::run::predict::scored_pictures::ScoredPictures;
use crate::text::cells;
use anyhow::{Context, Result};
use std::path::Path;

/// Writes `predictions.csv`, `confusion_matrix.png` and `roc.png` to `folder`, which is created.
///
/// # Errors
/// If a file cannot be written.
pub fn write(folder: &Path, pictures: &ScoredPictures) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    write_predictions(&folder.join("predictions.csv"), pictures)?;
    let scored = &pictures.scored;
    confusion_matrix::write(&folder.join("confusion_matrix.png"), &scored.confusion())?;
    roc_curves::write(&folder.join("roc.png"), &roc_curves::of_classes(scored))
}

/// Writes a row per picture: its path, class, predicted class and loss in nats, and the probabilities
/// of all classes, in columns of their names.
fn write_predictions(path: &Path, pictures: &ScoredPictures) -> Result<()> {
    let cannot_write = || format!("cannot write {}", path.display());
    let scored = &pictures.scored;
    let mut file = csv::Writer::from_writer(AtomicFile::create(path)?);
    let columns = cells::columns(&["path", "class", "predicted", "loss"], &scored.classes);
    file.write_record(columns).with_context(cannot_write)?;
    let labels = scored.labels.iter().zip(&scored.predicted).zip(&pictures.losses);
    for ((sample, ((&label, &predicted), loss)), row) in
        pictures.samples.iter().zip(labels).zip(scored.rows())
    {
        // Bytes, since a path need not be UTF-8.
        file.write_field(cells::path(&sample.path)).with_context(cannot_write)?;
        let class = |label: usize| cells::text(&scored.classes[label]).into_owned();
        let classes = [label, predicted].map(class);
        let numbers = std::iter::once(loss).chain(row).map(f64::to_string);
        file.write_record(classes.into_iter().chain(numbers)).with_context(cannot_write)?;
    }
    file.into_inner().map_err(csv::IntoInnerError::into_error).with_context(cannot_write)?.rename()
}
