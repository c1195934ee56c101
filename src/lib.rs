//! Trains an image classifier from a petite data set: a few thousand JPEGs in class folders.
//!
//! The shortest way, here on drawn pictures of spots and stripes:
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
//! [`Events`] is how the library tells what it does, and how it is asked to stop; it prints nothing.
//!
//! The way of the data, each step a module that uses only those before it: files → samples → pixels
//! (u8) ([`pictures`], [`dataset`]) → [`batches`] → augmented pixels ([`augment`]) → logits ([`nn`],
//! [`weights`]) → loss → update → metrics ([`training`]) → [`history`] → [`report`]; and [`run`] puts
//! them together.

pub mod atomic_file;
pub mod device;
pub mod error;
pub mod keras;
pub mod machine;
pub mod memory;
pub mod native;
pub mod numbers;
pub mod precision;
pub mod random;
pub mod settings;
pub mod stop;
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
pub use run::config::{Config, NetworkConfig};
pub use run::evaluate::{Evaluate, Evaluation};
pub use run::events::{Decoding, Events, Note, Silent, Warning};
pub use run::predict::{Predict, Prediction, Predictions};
pub use run::recipe::Recipe;
pub use run::train::{Ended, Outcome};
pub use stop::Stop;

/// Trains `config` and keeps weights, history and curves in its folder `out`. With `resume` it goes on
/// after the last whole epoch of the run there, to the same weights as without the break.
///
/// A stop that is requested once training has begun is an outcome, [`Ended::Interrupted`].
///
/// # Errors
/// If a setting is wrong, the pictures cannot be used, `out` is in use, or memory is out; what was in
/// `out` before stays as it was.
pub fn train(config: &Config, events: &mut impl Events) -> Result<Outcome, Error> {
    Ok(run::train::train(config, events)?)
}

/// Trains `repeats` runs with the seed of `config`, the next and so on, into the folders `seed-1`,
/// `seed-2` and so on inside its folder `out`. With `resume` it goes on with those that have begun and
/// trains those that are missing. After an interruption the outcomes end with the interrupted run's.
///
/// # Errors
/// As [`train`]; runs that are done stay.
pub fn repeat(
    config: &Config,
    repeats: u32,
    events: &mut impl Events,
) -> Result<Vec<Outcome>, Error> {
    Ok(run::repeat::repeat(config, repeats, events)?)
}

/// Measures a run's network on the pictures of a split, and keeps the result as `SPLIT.json` in the
/// run's folder.
///
/// # Errors
/// If the run or its pictures cannot be read, or do not go together; [`ErrorKind::Interrupted`] if a
/// stop was requested.
pub fn evaluate(what: &Evaluate, events: &mut impl Events) -> Result<Evaluation, Error> {
    Ok(run::evaluate::evaluate(what, events)?)
}

/// Predicts the classes of pictures by a run's network.
///
/// # Errors
/// If the run or a picture cannot be read; [`ErrorKind::Interrupted`] if a stop was requested.
pub fn predict(what: &Predict, events: &mut impl Events) -> Result<Predictions, Error> {
    Ok(run::predict::predict(what, events)?)
}
