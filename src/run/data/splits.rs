//! The training and validation splits of a run, and the loaders over them.

use crate::batches::batch::Input;
use crate::batches::loader::Loader;
use crate::batches::order::{Batching, Order};
use crate::error::{self, ensure_or, fault};
use crate::files::user_folders;
use crate::machine::memory::free_memory;
use crate::nn::base::Base;
use crate::nn::network::Network;
use crate::pictures::cache::{self, CachePolicy, Opened, Origin, Reading, bytes_of};
use crate::pictures::folder::Folder;
use crate::pictures::source::Source;
use crate::random::Purpose;
use crate::run::activity::{Activity, Counter};
use crate::run::data::appearance::compare;
use crate::run::data::data_set::{self, Pictures};
use crate::run::data::frozen::{Features, Frozen};
use crate::run::data::same_pictures;
use crate::run::events::{Events, Note};
use crate::run::folder::RunFolder;
use crate::run::folder::checkpoint::Checkpoint;
use crate::run::folder::fingerprint::Fingerprint;
use crate::run::settings::config::Config;
use crate::run::settings::on_base::OnBase;
use crate::run::warning::Warning;
use crate::stop::Stop;
use crate::text::numbers::listed;
use anyhow::{Context, Result};
use std::path::Path;
use std::sync::Once;
use tch::Tensor;

/// The training and validation splits of a data set.
#[derive(Debug)]
pub struct Splits<'a> {
    config: &'a Config,
    data: &'a Path,
    train: Folder,
    validation: Folder,
    /// The test pictures, which training does not use.
    test: Option<Folder>,
    /// Whether near copies are known to be in one of them only.
    are_grouped: bool,
    /// For each picture of both, the index of the first with an equal file, once they were read.
    equal: Vec<usize>,
    /// The contents of the run's `split.csv`, if it is to have one.
    pub list: Option<Vec<u8>>,
}

impl<'a> Splits<'a> {
    /// Lists the pictures, and sets a `depth` of `config` that depends on them.
    ///
    /// # Errors
    /// As [`data_set::read`].
    pub fn read(
        config: &'a mut Config,
        run: &RunFolder,
        stop: &Stop,
        events: &mut dyn Events,
    ) -> Result<Self> {
        let Some(data) = config.data.path.as_deref() else {
            fault!(DataSet, "expected `data`, found none");
        };
        let Pictures { train, validation, test, are_grouped, list } =
            data_set::read(config, data, run, stop, events)?;
        config.resolve_depth(&train, stop, events)?;
        let config: &Config = config;
        let Some(data) = config.data.path.as_deref() else {
            fault!(DataSet, "expected `data`, found none");
        };
        let equal = Vec::new();
        Ok(Self { config, data, train, validation, test, are_grouped, equal, list })
    }

    /// The run's settings.
    pub fn config(&self) -> &'a Config {
        self.config
    }

    /// Class names, by label.
    pub fn classes(&self) -> &[String] {
        &self.train.classes
    }

    /// The state of all pictures, which must be those of the run if it is `resumed`.
    ///
    /// # Errors
    /// As [`same_pictures::checked`].
    pub fn fingerprint(
        &mut self,
        run: &RunFolder,
        resumed: Option<&Checkpoint>,
        events: &mut dyn Events,
    ) -> Result<Fingerprint> {
        let folders = [Some(&self.train), Some(&self.validation), self.test.as_ref()];
        let folders: Vec<&Folder> = folders.into_iter().flatten().collect();
        let found = same_pictures::checked(&folders, self.config, run, resumed, events)?;
        self.equal = found.equal();
        self.equal.truncate(self.train.samples.len() + self.validation.samples.len());
        Ok(found)
    }

    /// Loaders of training and validation pictures, or of their features from the base of
    /// `network`.
    ///
    /// # Errors
    /// If pictures cannot be used, libtorch is out of memory, or a stop was requested.
    pub fn loaders(
        &self,
        network: &Network,
        stop: &Stop,
        events: &mut dyn Events,
    ) -> Result<(Loader, Loader)> {
        let (config, device) = (self.config, network.device());
        let (seed, size) = (config.seed, config.training.batch_size);
        let for_training = Batching {
            steps_per_epoch: config.training.steps_per_epoch,
            iteration: config.keras.conventions().iteration,
            ..Batching::shuffled(size, seed)
        };
        let for_validation = Batching {
            steps_per_epoch: config.training.validation_steps,
            // The means of whole passes do not depend on the order, so use that of `evaluate`.
            order: match config.training.validation_steps {
                None => Order::Sorted,
                Some(_) => Order::Shuffled { seed, purpose: Purpose::ValidationOrder },
            },
            ..for_training
        };
        match config.on_base() {
            Some(on_base) if on_base.stored_features => {
                let base = network.base().context("expected a base below the head")?;
                let (train, validation) = self.features(on_base, base, stop, events)?;
                let loader = |features: Frozen, batching| {
                    let to_device = |tensor: Tensor| tensor.f_to_device(device);
                    let input = Input::Features(to_device(features.values)?);
                    Loader::of_input(input, to_device(features.labels)?, batching)
                };
                Ok((loader(train, for_training)?, loader(validation, for_validation)?))
            }
            _ => {
                let (train, validation) = self.open_both(stop, events)?;
                let loader = |source, batching| Loader::new(source, device, batching);
                Ok((
                    loader(train.source, for_training)?,
                    loader(validation.source, for_validation)?,
                ))
            }
        }
    }

    /// How to read pictures, with one cache policy for both splits.
    fn reading<'s>(&self, stop: &'s Stop, events: &mut dyn Events) -> Reading<'s> {
        let (config, target) = (self.config, self.config.target());
        let (bytes, free) = (bytes_of(&[&self.train, &self.validation], target), free_memory());
        let cache = config.pictures.cache.choose(bytes, free);
        if cache == CachePolicy::Disk {
            let folder = user_folders::pictures();
            let free = free.filter(|_| config.pictures.cache == CachePolicy::Auto);
            events.note(&Note::Cache { folder: &folder, bytes, free });
        }
        let (loader_threads, skip_bad) =
            (config.pictures.loader_threads, config.pictures.skip_bad_pictures);
        Reading { target, cache, loader_threads, skip_bad, stop }
    }

    /// Opens the pictures of both splits, and warns about what is odd about them.
    fn open_both(&self, stop: &Stop, events: &mut dyn Events) -> Result<(Opened, Opened)> {
        let reading = self.reading(stop, events);
        // Read both splits before returning an error, so that it lists the bad files of both.
        let train = self.open_train(reading, events);
        stop.check()?;
        let validation = open(&self.validation, Some("validation"), reading, events);
        let (train, validation) = match (train, validation) {
            (Ok(train), Ok(validation)) => (train, validation),
            (Err(first), Err(second)) => return Err(error::both(first, second)),
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        self.note("train", train.source.samples().len(), Some(train.origin), events);
        self.note("validation", validation.source.samples().len(), Some(validation.origin), events);
        // Streamed pictures are not decoded ahead of time.
        let groups = match (&train.source, &validation.source) {
            (Source::Held(originals), Source::Held(copies)) => {
                let equal = (!self.are_grouped).then_some(&self.equal[..]);
                compare([originals, copies], equal, &self.config.data, stop, events)?
            }
            _ => self.equal.clone(),
        };
        self.warn_of_contradictions(&groups, events);
        Ok((train, validation))
    }

    /// Warns about pictures that are in two classes, unless that was done when they were split.
    fn warn_of_contradictions(&self, first: &[usize], events: &mut dyn Events) {
        if !self.are_grouped {
            let folders = [&self.train, &self.validation];
            data_set::warn_of_contradictions(&folders, first, self.data, events);
        }
    }

    /// The features of both splits: from the files of an earlier run, or computed now.
    fn features(
        &self,
        on_base: &OnBase,
        base: &Base,
        stop: &Stop,
        events: &mut dyn Events,
    ) -> Result<(Frozen, Frozen)> {
        let of = |folder| Features::new(base, self.config, on_base, folder);
        let (of_train, of_validation) = (of(&self.train)?, of(&self.validation)?);
        let kept = (of_train.kept(stop, events)?, of_validation.kept(stop, events)?);
        if let (None, None) = kept {
            let (train, validation) = self.open_both(stop, events)?;
            return Ok((
                of_train.compute(train, Some("train"), stop, events)?,
                of_validation.compute(validation, Some("validation"), stop, events)?,
            ));
        }
        self.warn_of_contradictions(&self.equal, events);
        let mut get = |kept: Option<Frozen>, name, of: &Features<'_>| {
            let (features, origin) = match kept {
                Some(features) => (features, None),
                None => {
                    let reading = self.reading(stop, events);
                    let opened = match name {
                        "train" => self.open_train(reading, events)?,
                        _ => open(&self.validation, Some(name), reading, events)?,
                    };
                    let origin = opened.origin;
                    (of.compute(opened, Some(name), stop, events)?, Some(origin))
                }
            };
            self.note(name, features.labels.numel(), origin, events);
            anyhow::Ok(features)
        };
        Ok((get(kept.0, "train", &of_train)?, get(kept.1, "validation", &of_validation)?))
    }

    /// Opens the training pictures, each class of which must have a good one.
    fn open_train(&self, reading: Reading<'_>, events: &mut dyn Events) -> Result<Opened> {
        let opened = open(&self.train, Some("train"), reading, events)?;
        let good = self.train.with_samples(opened.source.samples().to_vec());
        let missing = good.classes_with(false);
        ensure_or!(
            DataSet,
            missing.is_empty(),
            "expected a good picture of {} in {}, found none; try replacing the bad ones",
            listed(&missing),
            good.path.display()
        );
        Ok(opened)
    }

    fn note(&self, name: &str, pictures: usize, origin: Option<Origin>, events: &mut dyn Events) {
        events.note(&Note::Split { name, pictures, classes: self.classes(), origin });
    }
}

/// Opens the pictures of `folder`, a split or all of a data set. Reports each picture read, the skipped files,
/// and a cache that could not be written.
///
/// # Errors
/// As [`cache::open`], and if no good picture is left.
pub(crate) fn open(
    folder: &Folder,
    split: Option<&str>,
    reading: Reading<'_>,
    events: &mut dyn Events,
) -> Result<Opened> {
    warn_if_unoptimized(events);
    let counter = Counter::new(Activity::Decoding(split), folder.samples.len(), events);
    let opened = cache::open(folder, reading, &|| counter.add(1))?;
    if let Some(error) = &opened.no_disk {
        events.warning(&Warning::NoDiskCache { split, error, instead: opened.origin });
    }
    if let Some(skipped) = &opened.skipped {
        events.warning(&Warning::Skipped(skipped));
    }
    ensure_or!(
        DataSet,
        !opened.source.samples().is_empty(),
        "expected a good picture in {}, found none; try replacing the bad ones",
        folder.path.display()
    );
    Ok(opened)
}

/// Warns once if this crate was compiled without optimizations, as those of a debug build usually are.
pub(crate) fn warn_if_unoptimized(events: &mut dyn Events) {
    static WARNED: Once = Once::new();
    if cfg!(unoptimized) {
        WARNED.call_once(|| events.warning(&Warning::Unoptimized));
    }
}
