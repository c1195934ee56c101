//! Trains image classifiers on small data sets: a few thousand pictures in class folders.
//!
//! A minimal example, on drawn pictures of spots and stripes:
//!
//! ```
//! use petite::dataset::{Prepare, synthetic::synthesize};
//! use petite::{Config, Evaluate, Recipe, Silent, Stop};
//!
//! # let folder = tempfile::tempdir()?;
//! # let at = |name: &str| folder.path().join(name);
//! synthesize(&at("drawn"), 10, 1, &Stop::default())?;
//! Prepare::new(at("drawn"), at("data")).counts(6, 2, 2).run(&Stop::default())?;
//!
//! let mut config = Config::new(Recipe::Baseline, at("data"));
//! config.training.epochs = 1;
//! config.pictures.image_size = "46".parse()?;
//! config.output.folder = at("run");
//! let outcome = petite::train(&config, &mut Silent)?;
//! let evaluation = petite::evaluate(&Evaluate::new(&config.output.folder), &mut Silent)?;
//! assert_eq!((outcome.history.len(), evaluation.pictures), (1, 4));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The library prints nothing: it reports its progress to [`Events`], which can also stop it.
//!
//! Data flows through the modules in this order, and a module uses only those before it: files →
//! samples → pixels (u8) ([`pictures`], [`dataset`]) → [`batches`] → augmented pixels ([`augment`])
//! → logits ([`nn`], [`weights`]) → loss → update → means ([`training`]) → [`history`], [`metrics`] →
//! [`mod@report`]. [`run`] puts them together, and [`mod@export`] takes what it made to other programs.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

pub mod error;
pub mod files;
pub mod keras;
pub mod machine;
pub mod native;
pub mod random;
pub mod settings;
pub mod stop;
pub mod text;

pub mod pictures;

pub mod dataset;

pub mod batches;

pub mod augment;

pub mod weights;

pub mod nn;

pub mod history;
pub mod metrics;
pub mod training;

pub mod report;

pub mod run;

pub mod export;

pub use error::{Error, ErrorKind};
pub use export::Export;
pub use metrics::Metrics;
pub use run::activity::{Activity, Progress};
pub use run::events::{Events, Note, Silent};
pub use run::outcome::{Ended, Outcome};
pub use run::predict::classifier::Classifier;
pub use run::predict::evaluate::Evaluate;
pub use run::predict::evaluation::{Against, Evaluation};
pub use run::predict::predictor::Predictor;
pub use run::predict::scoring::Scoring;
pub use run::predict::{Predict, Prediction, Predictions};
pub use run::report::Report;
pub use run::settings::config::Config;
pub use run::settings::network::{NetworkConfig, NetworkKind};
pub use run::settings::recipe::Recipe;
pub use run::suspects::Suspects;
pub use run::suspects::suspect_list::{Suspect, SuspectList};
pub use run::warning::Warning;
pub use stop::Stop;

/// Trains as `config` says and writes weights, history and curves to the run folder
/// `config.output.folder`.
/// With `config.output.resume` it continues that run from its last checkpoint, to the same weights as without
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
/// `seed-SEED` inside `config.output.folder`. With `config.output.resume` it continues the runs that have begun and
/// trains the missing ones. After an interruption, the last outcome is the interrupted run's.
///
/// # Errors
/// As [`train`]; completed runs remain.
pub fn repeat(
    config: &Config,
    repeats: u32,
    events: &mut impl Events,
) -> Result<Vec<Outcome>, Error> {
    Ok(run::train::repeat::repeat(config, repeats, events)?)
}

/// Evaluates a run's network on the pictures of a split, and stores the result in the run's folder if
/// [`Evaluate::store`] says so.
///
/// # Errors
/// If the run or the pictures cannot be read, or their classes differ; [`ErrorKind::Interrupted`]
/// if a stop was requested.
pub fn evaluate(what: &Evaluate, events: &mut impl Events) -> Result<Evaluation, Error> {
    Ok(run::predict::evaluate::evaluate(what, events)?)
}

/// Predicts the classes of pictures with a run's network. Pictures that cannot be used are
/// returned with the reason. [`Predictor`] does the same with memory for one picture's prediction
/// at a time.
///
/// # Errors
/// If the run cannot be read; [`ErrorKind::BadPictures`] if none of the pictures can be used;
/// [`ErrorKind::Interrupted`] if a stop was requested.
pub fn predict(what: &Predict, events: &mut impl Events) -> Result<Predictions, Error> {
    run::predict::predictor::predict(what, events)
}

/// Evaluates runs and writes a report on them: one HTML page with their curves, their measures, the
/// pictures that they were most wrong about, and all settings. It needs no other file and no network.
///
/// # Errors
/// As [`evaluate`]; if `to` does not end in .html or cannot be written, or `reference` is unknown.
pub fn report(what: &Report, events: &mut impl Events) -> Result<(), Error> {
    Ok(run::report::report(what, events)?)
}

/// Looks for wrong labels in a data set: pictures that classifiers on the features of a pretrained base,
/// each trained without them, take for another class, and near copies with different labels.
///
/// # Errors
/// If a setting is invalid, the pictures or the weights of the base cannot be used, or fewer than two
/// classes have several pictures; [`ErrorKind::Interrupted`] if a stop was requested.
pub fn suspects(what: &Suspects, events: &mut impl Events) -> Result<SuspectList, Error> {
    Ok(run::suspects::suspects(what, events)?)
}

/// Exports a run's network to a file that other programs run, with its preprocessing and its class
/// names: ONNX, TorchScript, or weights. The result is the description that is in the file.
///
/// # Errors
/// If the run cannot be read, or the format cannot hold the network; an existing file is unchanged
/// then.
pub fn export(what: &Export) -> Result<export::Description, Error> {
    Ok(export::export(what)?)
}
