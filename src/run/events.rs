//! Progress events. The library prints nothing; callers implement [`Events`].

use crate::dataset::data_set::DataSet;
use crate::history::Epoch;
use crate::machine::Machine;
use crate::pictures::cache::Origin;
use crate::pictures::depth::Levels;
use crate::pictures::folder::Folder;
use crate::run::activity::Progress;
use crate::run::outcome::Outcome;
use crate::run::settings::config::Config;
use crate::run::warning::Warning;
use crate::stop::Stop;
use crate::training::fit::StepProgress;
use std::path::Path;

/// Receives the progress of a run. All methods do nothing by default.
pub trait Events: Send {
    /// The value that ends the work early: the same at every call.
    fn stop(&self) -> Stop {
        Stop::default()
    }

    /// Information about the run, before the first epoch.
    fn note(&mut self, _note: &Note<'_>) {}

    /// Something could not be done as requested; the work continues.
    fn warning(&mut self, _warning: &Warning<'_>) {}

    /// More pictures are done of an activity. Called from any thread, one at a time.
    fn progress(&mut self, _progress: Progress<'_>) {}

    /// A training step is done.
    fn step(&mut self, _progress: &StepProgress<'_>) {}

    /// One of `epochs` epochs is done, including validation, and its weights are on disk.
    fn epoch(&mut self, _epoch: &Epoch, _epochs: i64) {}

    /// A run has ended.
    fn end(&mut self, _outcome: &Outcome) {}
}

/// Ignores all events.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Events for Silent {}

/// How petite split a data set.
#[derive(Debug, Clone, Copy)]
pub struct SplitByContent<'a> {
    /// The parts.
    pub folders: &'a [Folder],
    /// Number of near copies that are kept in the part of another picture.
    pub copies: usize,
}

/// Information about a run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Note<'a> {
    /// One of several runs with the same settings starts.
    Repeat {
        /// Number of the run, from 1.
        number: u32,
        /// Number of runs in total.
        of: u32,
        /// The run's folder.
        out: &'a Path,
    },
    /// A run starts.
    Start {
        /// Its settings.
        config: &'a Config,
        /// Device and precision.
        machine: Machine,
    },
    /// The data set is found.
    DataSet {
        /// The data set.
        data: &'a DataSet,
        /// Where it is: a folder or an archive.
        path: &'a Path,
        /// The parts that petite splits it into; `None` if it is split already.
        split: Option<SplitByContent<'a>>,
    },
    /// The values of 16-bit samples in the training pictures, which become black and white.
    Depth(Levels),
    /// Decoded pictures are kept in files.
    Cache {
        /// Folder of the files.
        folder: &'a Path,
        /// Size of all pixels in bytes.
        bytes: u64,
        /// Free memory in bytes, if the lack of it is the reason.
        free: Option<u64>,
    },
    /// The pictures of a split are ready.
    Split {
        /// Name of the split.
        name: &'a str,
        /// Number of pictures.
        pictures: usize,
        /// Class names, by label.
        classes: &'a [String],
        /// Source of the pixels; `None` if stored features are used instead.
        origin: Option<Origin>,
    },
    /// A base, or its frozen layers, have seen the pictures of a split, whose output is now known.
    Pass {
        /// What is kept of them: `features`, or `frozen` layers.
        of: &'a str,
        /// Name of the split, such as `train`; `None` for all pictures of a data set.
        split: Option<&'a str>,
        /// Number of pictures.
        pictures: usize,
        /// How long it took, with decoding if that was not done before.
        seconds: f64,
    },
    /// Epochs end after one pass, before the requested `steps_per_epoch`.
    WholePass {
        /// Steps per epoch.
        steps: i64,
        /// Requested steps per epoch.
        asked: i64,
    },
    /// The weights of a base are not stored as it has them.
    Weights {
        /// The file.
        path: &'a Path,
        /// What was done to them, and what of the file is not used.
        said: &'a str,
    },
    /// The network is built.
    Network {
        /// The run's settings.
        config: &'a Config,
        /// Number of parameters, including those of a frozen base.
        parameters: i64,
        /// Number of trained parameters.
        trained: i64,
    },
    /// A resumed run continues.
    Continuing {
        /// Epochs done.
        epochs: i64,
        /// Training steps done of the next epoch.
        steps: i64,
        /// The epochs done.
        history: &'a [Epoch],
    },
    /// A resumed run has all its epochs already.
    Complete {
        /// Epochs done.
        epochs: i64,
    },
}
