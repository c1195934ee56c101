//! Work on pictures one after another, and how far it is.

use crate::run::events::Events;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// What is done with pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activity<'a> {
    /// The pictures of a split are read and decoded; `None` are all of a data set.
    Decoding(Option<&'a str>),
    /// The values of 16-bit samples are looked at.
    Measuring,
    /// Near copies are looked for, to split a data set.
    Splitting,
    /// Near copies are looked for.
    Comparing,
    /// A base, or its frozen layers, see the pictures of a split; `None` are all of a data set.
    Features(Option<&'a str>),
    /// A trained network sees the pictures of a split with their labels.
    Evaluating(&'a str),
    /// Pictures are decoded to predict their classes.
    Predicting,
}

/// One or two words: the split, if that says enough.
impl fmt::Display for Activity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Decoding(Some(split)) | Self::Features(Some(split)) | Self::Evaluating(split) => {
                split
            }
            Self::Decoding(None) | Self::Features(None) | Self::Predicting => "pictures",
            Self::Measuring => "measuring",
            Self::Splitting => "splitting",
            Self::Comparing => "comparing",
        })
    }
}

/// How far an activity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// What is done.
    pub activity: Activity<'a>,
    /// Pictures done so far.
    pub done: usize,
    /// Number of pictures in total.
    pub of: usize,
}

/// Counts the pictures of an activity, from any thread, and tells the events.
pub(crate) struct Counter<'a> {
    activity: Activity<'a>,
    of: usize,
    state: Mutex<(usize, &'a mut dyn Events)>,
}

impl<'a> Counter<'a> {
    pub fn new(activity: Activity<'a>, of: usize, events: &'a mut dyn Events) -> Self {
        Self { activity, of, state: Mutex::new((0, events)) }
    }

    /// `count` more pictures are done.
    pub fn add(&self, count: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (done, events) = &mut *state;
        *done += count;
        events.progress(Progress { activity: self.activity, done: *done, of: self.of });
    }
}
