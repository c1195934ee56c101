//! Trains image classifiers on small data sets: a few thousand pictures in class folders.
//!
//! A minimal example, on drawn pictures of spots and stripes:
//!
//! ```
//! use petite::dataset::{split::{Link, Sizes, split}, synthetic::synthesize};
//! use petite::{Config, Evaluate, Recipe, Silent, Stop};
//!
//! # let folder = tempfile::tempdir()?;
//! # let at = |name: &str| folder.path().join(name);
//! synthesize(&at("drawn"), 10, 1, &Stop::default())?;
//! let sizes = Sizes { train: 6, validation: 2, test: 2 };
//! split(&at("drawn"), &at("data"), sizes, Link::Hard, None, &Stop::default())?;
//!
//! let mut config = Config::new(Recipe::Baseline, at("data"));
//! config.epochs = 1;
//! config.image_size = "46".parse()?;
//! config.out = at("run");
//! let outcome = petite::train(&config, &mut Silent)?;
//! let evaluation = petite::evaluate(&Evaluate::new(&config.out), &mut Silent)?;
//! assert_eq!((outcome.history.len(), evaluation.pictures), (1, 4));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The library prints nothing: it reports its progress to [`Events`], which can also stop it.
//!
//! Data flows through the modules in this order, and a module uses only those before it: files →
//! samples → pixels (u8) ([`pictures`], [`dataset`]) → [`batches`] → augmented pixels ([`augment`])
//! → logits ([`nn`], [`weights`]) → loss → update → metrics ([`training`]) → [`history`] →
//! [`report`]. [`run`] puts them together.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

pub mod atomic_file;
mod cgroup;
pub mod device;
pub mod disk;
pub mod error;
pub mod folder_lock;
pub mod keras;
pub mod machine;
pub mod memory;
pub mod native;
pub mod numbers;
pub mod precision;
pub mod random;
pub mod settings;
pub mod shown;
pub mod stop;
mod temporary;
pub mod text_file;
pub mod user_folders;

pub mod pictures;

pub mod dataset;

pub mod batches;

pub mod augment;

pub mod weights;

pub mod nn;

pub mod history;
pub mod training;

pub mod report;

pub mod run;

pub use error::{Error, ErrorKind};
pub use run::classifier::Classifier;
pub use run::config::{Config, NetworkConfig};
pub use run::evaluate::{Evaluate, Evaluation};
pub use run::events::{Decoding, Events, Note, Silent, Warning};
pub use run::outcome::{Ended, Outcome};
pub use run::predict::{Predict, Prediction, Predictions};
pub use run::predictor::Predictor;
pub use run::recipe::Recipe;
pub use stop::Stop;

/// Trains as `config` says and writes weights, history and curves to the run folder `config.out`.
/// With `config.resume` it continues that run from its last checkpoint, to the same weights as without
/// the interruption.
///
/// A stop requested during training is not an error but the outcome [`Ended::Interrupted`], and
/// neither is a loss or weight that is not finite: [`Ended::Diverged`]. Both keep what was trained
/// before.
///
/// # Errors
/// If a setting is invalid, the pictures cannot be used, `out` is in use, or memory is exhausted.
/// The previous contents of `out` are unchanged then.
pub fn train(config: &Config, events: &mut impl Events) -> Result<Outcome, Error> {
    Ok(run::train::train(config, events)?)
}

/// Trains `repeats` runs with consecutive seeds from `config.seed` on, in the run folders
/// `seed-SEED` inside `config.out`. With `config.resume` it continues the runs that have begun and
/// trains the missing ones. After an interruption, the last outcome is the interrupted run's.
///
/// # Errors
/// As [`train`]; completed runs remain.
pub fn repeat(
    config: &Config,
    repeats: u32,
    events: &mut impl Events,
) -> Result<Vec<Outcome>, Error> {
    Ok(run::repeat::repeat(config, repeats, events)?)
}

/// Evaluates a run's network on the pictures of a split, and writes the result to `SPLIT.json` in
/// the run folder.
///
/// # Errors
/// If the run or the pictures cannot be read, or their classes differ; [`ErrorKind::Interrupted`]
/// if a stop was requested.
pub fn evaluate(what: &Evaluate, events: &mut impl Events) -> Result<Evaluation, Error> {
    Ok(run::evaluate::evaluate(what, events)?)
}

/// Predicts the classes of pictures with a run's network. Pictures that cannot be used are
/// returned with the reason. [`Predictor`] does the same with memory for one picture's prediction
/// at a time.
///
/// # Errors
/// If the run cannot be read; [`ErrorKind::BadPictures`] if none of the pictures can be used;
/// [`ErrorKind::Interrupted`] if a stop was requested.
pub fn predict(what: &Predict, events: &mut impl Events) -> Result<Predictions, Error> {
    run::predictor::predict(what, events)
}
