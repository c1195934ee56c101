//! Warnings, which print themselves.

use crate::dataset::config::DataConfig;
use crate::dataset::duplicates::{self, Duplicate};
use crate::error::BadFolder;
use crate::pictures::cache::Origin;
use crate::pictures::passed_over::PassedOver;
use crate::text::numbers::listed;
use crate::text::shown::quoted;
use anyhow::Error;
use std::fmt;
use std::path::Path;

/// Something that could not be done as requested.
#[derive(Debug)]
#[non_exhaustive]
pub enum Warning<'a> {
    /// Entries of the data set's folders are not used.
    PassedOver(&'a PassedOver),
    /// Something that may be right but is odd, in a sentence: `expected X, found Y; try Z`.
    Odd(&'a str),
    /// These classes have no pictures and are left out.
    EmptyClasses(&'a [String]),
    /// These classes have training but no validation pictures.
    NoValidation(&'a [String]),
    /// The labels of these classes cannot be checked, because no classifier sees other pictures of
    /// them: each has only one picture, or copies of one.
    Unchecked(&'a [String]),
    /// Files that cannot be used as pictures were skipped.
    Skipped(&'a BadFolder),
    /// Decoded pictures could not be kept on disk.
    NoDiskCache {
        /// The split; `None` for all pictures of a data set.
        split: Option<&'a str>,
        /// Why.
        error: &'a Error,
        /// Source of the pixels instead.
        instead: Origin,
    },
    /// A resumed run continues on another machine or with other software, so its results may differ
    /// in the last digits from those of an uninterrupted run: each as `bf16 instead of fp32`.
    ResumedWith(&'a [String]),
    /// The newest checkpoint of a resumed run is damaged.
    DamagedCheckpoint {
        /// Why it cannot be used.
        error: &'a Error,
        /// The older checkpoint that is used instead.
        instead: &'a Path,
    },
    /// The `history.csv` of a resumed run was not that of its checkpoint and is written again.
    HistoryRestored {
        /// The file.
        path: &'a Path,
        /// What was in it.
        found: &'a str,
        /// Epochs of the checkpoint.
        epochs: i64,
    },
    /// `best.ot` of a resumed run is missing or damaged, and its weights are not in the checkpoint.
    /// The next epoch with a new lowest val_loss writes it again.
    NoBestWeights {
        /// The file.
        path: &'a Path,
        /// The epoch whose weights it had.
        epoch: i64,
    },
    /// A result could not be stored in the run's folder; it is returned all the same.
    NotStored(&'a Error),
    /// Features could not be kept on disk.
    FeaturesNotKept(&'a Error),
    /// Validation pictures are also training pictures, so their results do not apply to new ones.
    Duplicates {
        /// The duplicates.
        found: &'a [Duplicate],
        /// Number of validation pictures.
        of: usize,
        /// The data set.
        data: &'a DataConfig,
    },
    /// This crate was compiled without optimizations, so pictures are decoded 12 to 17 times slower than
    /// need be; see docs/manual.md, "A crate of your own". Reported once by a process.
    Unoptimized,
    /// Training steps cannot be recorded as a CUDA graph; training continues without one, with the
    /// same results.
    NoCudaGraph(&'a Error),
}

/// A sentence, with settings as field names in backticks.
impl fmt::Display for Warning<'_> {
    #[expect(clippy::too_many_lines, reason = "a sentence for each variant")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one_or =
            |classes: &[String], one, several| if classes.len() == 1 { one } else { several };
        match self {
            Self::PassedOver(entries) => write!(f, "passed over {entries}"),
            Self::Odd(text) => f.write_str(text),
            Self::EmptyClasses(classes) => write!(
                f,
                "no pictures of {}; leaving {} out",
                listed(classes),
                one_or(classes, "this class", "these classes")
            ),
            Self::NoValidation(classes) => write!(
                f,
                "no validation pictures of {}, so val_loss and val_acc say nothing about {}",
                listed(classes),
                one_or(classes, "this class", "these classes")
            ),
            Self::Unchecked(classes) => write!(
                f,
                "only one picture, or copies of one, of {}; not checking {}",
                listed(classes),
                one_or(classes, "its label", "their labels")
            ),
            Self::Skipped(bad) => write!(f, "skipping {}:\n{}", bad.count(), bad.list()),
            Self::NoDiskCache { split, error, instead } => {
                let split = split.map_or(String::new(), |split| format!("{split} "));
                let instead = match instead {
                    Origin::Stream => "decoding them on demand",
                    _ => "keeping them in memory",
                };
                write!(
                    f,
                    "cannot cache the {split}pictures on disk ({error:#}); {instead}; try another PETITE_CACHE"
                )
            }
            Self::ResumedWith(changes) => write!(
                f,
                "the run continues with {}, so its results may differ in the last digits from those without the change",
                changes.join(", ")
            ),
            Self::DamagedCheckpoint { error, instead } => {
                write!(f, "{error:#}; continuing from {} instead", instead.display())
            }
            Self::HistoryRestored { path, found, epochs } => write!(
                f,
                "expected the checkpoint's {epochs} epochs in {}, found {found}; written again from the checkpoint",
                path.display()
            ),
            Self::NoBestWeights { path, epoch } => write!(
                f,
                "expected the weights of epoch {epoch} in {}, found none or damaged ones, and only training again can restore them; the next lower val_loss replaces them",
                path.display()
            ),
            Self::NotStored(error) => write!(
                f,
                "{error:#}; the result is not stored; try a copy of the run, or `json` and > FILE"
            ),
            Self::FeaturesNotKept(error) => {
                write!(f, "cannot cache the features ({error:#}); try another PETITE_CACHE")
            }
            Self::Duplicates { found, of, data } => {
                let found = duplicates::describe(found, *of, "train", "validation");
                let path = quoted(data.path.as_deref().unwrap_or(Path::new("")));
                let list = data.labels.as_deref().map(quoted);
                let labels = list.map_or(String::new(), |list| format!(" --labels {list}"));
                write!(
                    f,
                    "{found}, which makes val_loss and val_acc too optimistic; petite doctor --data {path}{labels} lists them"
                )
            }
            Self::Unoptimized => f.write_str(
                "this program was compiled without optimizations, so pictures are decoded 12 to 17 times slower than need be; try a release build, or [profile.dev.package.petite] with opt-level = 3",
            ),
            Self::NoCudaGraph(error) => write!(
                f,
                "cannot record the training step as a CUDA graph ({error:#}); launching its operations one by one, which is slower with small batches; `cuda_graph` skips the attempt"
            ),
        }
    }
}
