//! What a run is trained and validated on.

use super::pictures::{self, Opened, Reading};
use super::{duplicates, say};
use crate::progress::decoding_bar;
use anyhow::{Context, Result};
use petite::batches::batch::Input;
use petite::batches::loader::{Loader, Order};
use petite::nn::base::Base;
use petite::nn::head::Pooling;
use petite::nn::network::Network;
use petite::numbers::with_thousands;
use petite::pictures::folder::Folder;
use petite::random::Purpose;
use petite::run::config::TrainConfig;
use petite::run::features::{FeatureFile, Features};
use petite::run::transfer::TransferConfig;
use petite::stop::Interrupted;
use petite::user_folders;
use tch::Tensor;

/// Pictures that a base is shown at a time.
const FEATURE_BATCH: i64 = 32;

/// The two splits of a data set.
#[derive(Debug)]
pub struct Splits {
    pub train: Folder,
    pub validation: Folder,
}

impl Splits {
    /// Reads which pictures there are.
    pub fn read(config: &TrainConfig) -> Result<Self> {
        let train = Folder::read_split(&config.data, "train", None)?;
        let validation = Folder::read_split(&config.data, "validation", Some(&train.classes))?;
        Ok(Self { train, validation })
    }

    /// Class names; a class's place is its label.
    pub fn classes(&self) -> &[String] {
        &self.train.classes
    }

    /// Loaders of training and validation pictures, or of what the base of `network` makes of them.
    pub fn loaders(&self, config: &TrainConfig, network: &Network) -> Result<(Loader, Loader)> {
        let seed = config.seed;
        // Whole passes give the same means in any order, so they are taken in the one `evaluate` has.
        let validation_order = match config.validation_steps {
            None => Order::Sorted,
            Some(_) => Order::Shuffled { seed, purpose: Purpose::ValidationOrder },
        };
        let train_order = Order::Shuffled { seed, purpose: Purpose::TrainOrder };
        match &config.transfer {
            Some(transfer) if transfer.stored_features => {
                let (train, validation) = self.features(config, transfer, network)?;
                let device = network.device();
                let loader = |features: Features, steps, order| {
                    let to_device = |tensor: Tensor| tensor.f_to_device(device);
                    let input = Input::Features(to_device(features.values)?);
                    let labels = to_device(features.labels)?;
                    let iteration = config.keras.conventions().iteration;
                    Loader::of_input(input, labels, config.batch_size, steps, order, iteration)
                };
                Ok((
                    loader(train, config.steps_per_epoch, train_order)?,
                    loader(validation, config.validation_steps, validation_order)?,
                ))
            }
            _ => {
                let device = network.device();
                let (train, validation) = self.open(config)?;
                let (size, iteration) = (config.batch_size, config.keras.conventions().iteration);
                let steps = config.steps_per_epoch;
                Ok((
                    Loader::new(train.source, device, size, steps, train_order, iteration)?,
                    Loader::new(
                        validation.source,
                        device,
                        size,
                        config.validation_steps,
                        validation_order,
                        iteration,
                    )?,
                ))
            }
        }
    }

    fn reading(&self, config: &TrainConfig) -> Reading {
        Reading {
            target: config.target(),
            cache: pictures::choose(
                config.cache,
                &[&self.train, &self.validation],
                config.target(),
            ),
            loader_threads: config.loader_threads,
            skip_bad: config.skip_bad_pictures,
        }
    }

    /// Opens the pictures of both splits.
    fn open(&self, config: &TrainConfig) -> Result<(Opened, Opened)> {
        let reading = self.reading(config);
        // Both splits are read before either complains, so that every bad file is named at once.
        let train = pictures::open(&self.train, "train", reading);
        let (train, validation) =
            match (train, pictures::open(&self.validation, "validation", reading)) {
                (Ok(train), Ok(validation)) => (train, validation),
                (Err(first), Err(second)) if !first.is::<Interrupted>() => {
                    return Err(anyhow::anyhow!("{first:#}\n{second:#}"));
                }
                (Err(error), _) | (_, Err(error)) => return Err(error),
            };
        self.say_train(train.source.samples().len(), &train.note);
        say_validation(validation.source.samples().len(), &validation.note);
        // Streamed pictures are not looked at before they are needed.
        if let (Some(train), Some(validation)) = (train.source.pixels(), validation.source.pixels())
        {
            duplicates::warn(&config.data, train, validation)?;
        }
        Ok((train, validation))
    }

    /// What the base makes of the pictures of both splits: kept from an earlier run, or made now.
    fn features(
        &self,
        config: &TrainConfig,
        transfer: &TransferConfig,
        network: &Network,
    ) -> Result<(Features, Features)> {
        let base = network.base().context("expected a base below the head")?;
        let cache = user_folders::cache().join("features");
        let file = |folder| FeatureFile::new(&cache, base, transfer, folder, config.target());
        let make = |opened: Opened, name: &str, file: &FeatureFile| {
            compute(base, transfer.pooling, opened, name, file)
        };
        let (train, validation) = (file(&self.train)?, file(&self.validation)?);
        let kept = (train.read(), validation.read());
        if let (None, None) = kept {
            let opened = self.open(config)?;
            return Ok((
                make(opened.0, "train", &train)?,
                make(opened.1, "validation", &validation)?,
            ));
        }
        let get = |kept: Option<Features>, folder, name, file| match kept {
            Some(features) => Ok((features, " (their features from the cache)")),
            None => {
                let opened = pictures::open(folder, name, self.reading(config))?;
                anyhow::Ok((make(opened, name, file)?, ""))
            }
        };
        let (train, note) = get(kept.0, &self.train, "train", &train)?;
        self.say_train(train.labels.numel(), note);
        let (validation, note) = get(kept.1, &self.validation, "validation", &validation)?;
        say_validation(validation.labels.numel(), note);
        Ok((train, validation))
    }

    fn say_train(&self, count: usize, note: &str) {
        let classes = self.classes().join(", ");
        say(format_args!(
            "train       {} pictures of {classes}{note}",
            with_thousands(count as i64)
        ));
    }
}

/// Runs pictures through the base, and keeps what it makes of them in `file`.
fn compute(
    base: &Base,
    pooling: Pooling,
    opened: Opened,
    name: &str,
    file: &FeatureFile,
) -> Result<Features> {
    let bar = decoding_bar(opened.source.samples().len(), name);
    let mut loader = Loader::sorted(opened.source, base.device(), FEATURE_BATCH)?;
    let features = Features::compute(base, pooling, &mut loader, |pictures| bar.inc(pictures));
    bar.finish_and_clear();
    let features = features?;
    if let Err(error) = file.write(&features) {
        eprintln!("warning: cannot keep the features ({error:#}); try another PETITE_CACHE");
    }
    Ok(features)
}

fn say_validation(count: usize, note: &str) {
    say(format_args!("validation  {} pictures{note}", with_thousands(count as i64)));
}
