//! Trains image classifiers on small data sets: a few thousand pictures in class folders.
//!
//! A minimal example, on drawn pictures of spots and stripes:
//!
//! ```
//! use petite::dataset::{Prepare, synthesize};
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
//! What else it does, each in a few lines:
//!
//! ```no_run
//! use petite::nn::Model;
//! use petite::{Classifier, Config, Evaluate, Export, Predict, Report, Silent, Suspects};
//! # use petite::export::Format;
//!
//! // A head on a pretrained base, with its published weights, and then both.
//! let mut head = Config::features(Model::Mobilenet, "mobilenet.safetensors", "pictures");
//! head.output.folder = "runs/head".into();
//! petite::train(&head, &mut Silent)?;
//! let mut tuned = Config::fine_tune("runs/head".as_ref(), head.keras)?;
//! tuned.output.folder = "runs/tuned".into();
//! petite::train(&tuned, &mut Silent)?;
//!
//! // How good it is, with intervals; whether another run is better; all of it as a page.
//! let what = Evaluate { against: Some("runs/head".into()), ..Evaluate::new("runs/tuned") };
//! let found = petite::evaluate(&what, &mut Silent)?;
//! println!("{:.3}, {:?}", found.acc, found.acc_interval());
//! petite::report(&Report::new(["runs/tuned".into()], "report.html"), &mut Silent)?;
//!
//! // Classes of pictures: files and folders of them, or bytes.
//! let predict = Predict::new("runs/tuned", ["photos".into()]);
//! for picture in petite::predict(&predict, &mut Silent)?.pictures {
//!     println!("{} {:?}", picture.path.display(), picture.probabilities);
//! }
//! let classifier = Classifier::new("runs/tuned")?;
//! println!("{:?}", classifier.predict(&std::fs::read("photo.jpg")?)?);
//!
//! // Labels that may be wrong; the network for other programs.
//! let suspects = petite::suspects(&Suspects::new("pictures"), &mut Silent)?;
//! std::fs::write("suspects.csv", suspects.to_csv()?)?;
//! petite::export(&Export::new("runs/tuned", Format::Onnx, "pictures.onnx"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! For a training loop of one's own, data flows through the modules in this order, and a module uses only
//! those before it: files → samples → pixels (u8) ([`pictures`], [`dataset`]) → [`batches`] → augmented
//! pixels ([`augment`]) → logits ([`nn`], [`weights`]) → loss → update → means ([`training`]) →
//! [`metrics`]. The repository's `examples/loop.rs` is one.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

// The modules that the documentation hides are for this package's program and tests: the version number
// does not cover them. Neither does it those inside the others, whose names are re-exported.

pub mod error;
#[doc(hidden)]
pub mod files;
pub mod keras;
#[doc(hidden)]
pub mod machine;
#[doc(hidden)]
pub mod native;
#[doc(hidden)]
pub mod random;
#[doc(hidden)]
pub mod settings;
#[doc(hidden)]
pub mod stop;
#[doc(hidden)]
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

#[doc(hidden)]
pub mod report;

#[doc(hidden)]
pub mod run;

pub mod export;

pub use augment::AugmentConfig;
pub use error::{Error, ErrorKind};
pub use export::Export;
pub use history::Epoch;
pub use keras::KerasProfile;
pub use machine::Machine;
pub use machine::device::{DeviceChoice, keep_freed_memory};
pub use machine::precision::{Precision, PrecisionChoice};
pub use metrics::Metrics;
pub use run::activity::{Activity, Progress};
pub use run::events::{Events, Note, Silent};
pub use run::folder::{RunFolder, WhichWeights};
pub use run::outcome::{Ended, Outcome};
pub use run::predict::classifier::Classifier;
pub use run::predict::evaluate::Evaluate;
pub use run::predict::evaluation::{Against, Evaluation};
pub use run::predict::inference::{Inference, MachineOverrides, Views};
pub use run::predict::predictor::Predictor;
pub use run::predict::scoring::Scoring;
pub use run::predict::{Predict, Prediction, Predictions};
pub use run::report::Report;
pub use run::settings::assemble::{Assembly, Resume};
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

/// Evaluates a run's network on the pictures of a split. With `store`, it also writes the result into
/// the run's folder.
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
