//! All pictures of a data set, and their features.

use crate::dataset::data_set::DataSet;
use crate::dataset::layout::ALL;
use crate::dataset::part::Part;
use crate::error::{ensure_or, fault};
use crate::machine::Machine;
use crate::machine::memory::free_memory;
use crate::nn::head::Pooling;
use crate::pictures::cache::{Reading, bytes_of};
use crate::pictures::folder::{Folder, Sample};
use crate::run::data::appearance::Appearance;
use crate::run::data::frozen::{Features, Frozen};
use crate::run::events::Events;
use crate::run::settings::config::Config;
use crate::run::{data::splits, train::start};
use crate::stop::Stop;
use anyhow::Result;
use std::path::PathBuf;

/// All pictures of a data set, by path: in an order, and under labels, that a corrected label does not
/// change, so that the features stay valid.
pub(crate) struct All {
    /// The label of each sample is its index.
    pub folder: Folder,
    /// The label and the part of each sample in the data set.
    pub labels: Vec<(usize, Option<Part>)>,
}

impl All {
    /// The pictures of `data`.
    pub fn of(data: &DataSet) -> Self {
        let mut pictures: Vec<(PathBuf, usize, Option<Part>)> = Vec::new();
        for folder in &data.folders {
            let part = Part::named(&folder.name);
            let of_part =
                folder.samples.iter().map(|found| (found.path.clone(), found.label, part));
            pictures.extend(of_part);
        }
        pictures.sort();
        let labels = pictures.iter().map(|&(_, label, part)| (label, part)).collect();
        let paths = pictures.into_iter().map(|(path, ..)| path).enumerate();
        let samples = paths.map(|(label, path)| Sample { path, label }).collect();
        let (path, name) = (data.path.clone(), ALL.to_owned());
        Self { folder: Folder { path, name, classes: Vec::new(), samples }, labels }
    }
}

/// The features of the good pictures of `folder`, whose labels are their indices, from the base of
/// `config`: from the file of an earlier search, or computed now. `classes` are those of a run that the
/// base may come from.
///
/// # Errors
/// If there is no base, its weights or the pictures cannot be used, or a stop was requested.
pub(crate) fn features(
    config: &mut Config,
    classes: &[String],
    folder: &Folder,
    stop: &Stop,
    events: &mut dyn Events,
) -> Result<Frozen> {
    let machine =
        Machine::prepare(config.machine.device, config.machine.precision, config.machine.threads)?;
    let stored = start::read(config)?;
    let mut network = config.network(classes.len(), machine)?;
    start::fill(&mut network, config, stored.as_ref(), classes, events)?;
    let (Some(on_base), Some(base)) = (config.on_base(), network.base()) else {
        fault!(Setting, "expected a pretrained base as `model`, found none; try mobilenet");
    };
    ensure_or!(
        Setting,
        on_base.pooling == Pooling::Average,
        "expected `pooling` average, found another; try Suspects::on"
    );
    let features = Features::new(base, config, on_base, folder)?;
    if let Some(kept) = features.kept(stop, events)? {
        return Ok(kept);
    }
    let target = config.target();
    let reading = Reading {
        target,
        cache: config.pictures.cache.choose(bytes_of(&[folder], target), free_memory()),
        loader_threads: config.pictures.loader_threads,
        skip_bad: config.pictures.skip_bad_pictures,
        stop,
    };
    let opened = splits::open(folder, None, reading, events)?;
    if let Some(pixels) = opened.source.pixels() {
        Appearance::of(&[pixels]).warn(false, events);
    }
    features.compute(opened, None, stop, events)
}
