//! What a run tells while it works. The library prints nothing: whoever calls it listens.

use super::config::Config;
use super::train::Outcome;
use crate::dataset::duplicates::Duplicate;
use crate::error::BadFolder;
use crate::history::Epoch;
use crate::machine::Machine;
use crate::pictures::cache::Origin;
use crate::stop::Stop;
use crate::training::fit::StepProgress;
use anyhow::Error;
use std::path::Path;

/// A listener. Every method does nothing unless it is implemented.
pub trait Events: Send {
    /// The value that ends the work early; asked for once, at its start.
    fn stop(&self) -> Stop {
        Stop::default()
    }

    /// Something worth knowing, before the first epoch.
    fn note(&mut self, _note: &Note<'_>) {}

    /// Something that went another way than asked; the work goes on.
    fn warning(&mut self, _warning: &Warning<'_>) {}

    /// Another picture was read, or run through a base; called from any thread, one at a time.
    fn decoding(&mut self, _progress: Decoding<'_>) {}

    /// A training step was done.
    fn step(&mut self, _progress: &StepProgress<'_>) {}

    /// An epoch of `epochs` was done, validation included, and its weights are on disk.
    fn epoch(&mut self, _epoch: &Epoch, _epochs: i64) {}

    /// A run has ended.
    fn end(&mut self, _outcome: &Outcome) {}
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Events for Silent {}

/// How many pictures of a split have been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decoding<'a> {
    /// The split's name: `train`, `validation`.
    pub split: &'a str,
    /// Pictures done.
    pub done: usize,
    /// Pictures of the split.
    pub of: usize,
}

/// Something worth knowing.
#[derive(Debug)]
#[non_exhaustive]
pub enum Note<'a> {
    /// One of several runs of the same settings begins.
    Repeat {
        /// From 1.
        number: u32,
        /// How many there are.
        of: u32,
        /// The run's folder.
        out: &'a Path,
    },
    /// A run begins.
    Start {
        /// Its settings.
        config: &'a Config,
        /// What it computes on.
        machine: Machine,
    },
    /// Decoded pictures are kept in files.
    Cache {
        /// Their folder.
        folder: &'a Path,
        /// Bytes of all pixels.
        bytes: u64,
        /// Bytes of free memory, if their number is the reason.
        free: Option<u64>,
    },
    /// The pictures of a split are ready.
    Split {
        /// Its name.
        name: &'a str,
        /// How many there are.
        pictures: usize,
        /// The names of the classes, by label.
        classes: &'a [String],
        /// Where their pixels come from; `None` where stored features take their place.
        origin: Option<Origin>,
    },
    /// An epoch is a whole pass, shorter than the `steps_per_epoch` asked for.
    WholePass {
        /// Steps of an epoch.
        steps: i64,
        /// Steps asked for.
        asked: i64,
    },
    /// The network is built.
    Network {
        /// The run's settings.
        config: &'a Config,
        /// All of its parameters, a frozen base's included.
        parameters: i64,
        /// The parameters that are trained.
        trained: i64,
    },
    /// The run goes on after this many epochs.
    Continuing {
        /// Epochs done.
        epochs: i64,
    },
    /// The run had all its epochs already.
    Complete {
        /// Epochs done.
        epochs: i64,
    },
}

/// Something that went another way than asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum Warning<'a> {
    /// Files that are no pictures were left out.
    Skipped(&'a BadFolder),
    /// Pictures could not be kept on disk.
    NoDiskCache {
        /// The split.
        split: &'a str,
        /// Why.
        error: &'a Error,
        /// Where they are instead.
        instead: Origin,
    },
    /// Features could not be kept on disk.
    FeaturesNotKept(&'a Error),
    /// Validation pictures are training pictures too: measures on them say little about new ones.
    Duplicates {
        /// Those found.
        found: &'a [Duplicate],
        /// Validation pictures in all.
        of: usize,
        /// The data set.
        data: &'a Path,
    },
    /// The training step cannot be recorded as a CUDA graph; steps go on one by one, with the same
    /// results.
    NoCudaGraph(&'a Error),
}
