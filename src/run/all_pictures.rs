//! All pictures of a data set, and their features.

use super::config::Config;
use super::events::{Events, Warning};
use super::features::{self, FeatureFile, Features};
use super::on_base::OnBase;
use super::{splits, start};
use crate::dataset::data_set::DataSet;
use crate::dataset::layout::ALL;
use crate::dataset::part::Part;
use crate::error::{BadFolder, ensure_or, fault};
use crate::machine::Machine;
use crate::memory::free_memory;
use crate::nn::head::Pooling;
use crate::pictures::cache::{Reading, bytes_of};
use crate::pictures::folder::{Folder, Sample};
use crate::pictures::pixels::{Target, decode_all};
use crate::stop::Stop;
use crate::user_folders;
use anyhow::Result;
use std::collections::HashSet;
use std::path::PathBuf;

/// All pictures of a data set, by path: in an order, and under labels, that a corrected label does not
/// change, so that the features stay valid.
pub(super) struct All {
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
pub(super) fn features(
    config: &mut Config,
    classes: &[String],
    folder: &Folder,
    stop: &Stop,
    events: &mut dyn Events,
) -> Result<Features> {
    let machine = Machine::prepare(config.device, config.precision, config.threads)?;
    let stored = start::read(config)?;
    let mut network = config.network(classes.len(), machine)?;
    start::fill(&mut network, config, stored.as_ref(), classes, events)?;
    let (Some(on_base), Some(base)) = (config.on_base(), network.base()) else {
        fault!(Setting, "expected a pretrained base as `model`, found none; try mobilenet");
    };
    let OnBase { pooling, .. } = *on_base;
    ensure_or!(
        Setting,
        pooling == Pooling::Average,
        "expected `pooling` average, found another; try Suspects::on"
    );
    let cache = user_folders::cache().join("features");
    let file = FeatureFile::new(&cache, base, config, on_base, folder)?;
    let target = config.target();
    if let Some(features) = file.read() {
        let bad = bad_ones(&features, folder, target, config.loader_threads, stop)?;
        if bad.is_none() || config.skip_bad_pictures {
            bad.iter().for_each(|bad| events.warning(&Warning::Skipped(bad)));
            return Ok(features);
        }
    }
    let reading = Reading {
        target,
        cache: config.cache.choose(bytes_of(&[folder], target), free_memory()),
        loader_threads: config.loader_threads,
        skip_bad: config.skip_bad_pictures,
        stop,
    };
    let opened = splits::open(folder, "pictures", reading, events)?;
    features::compute(base, on_base, opened, "features", &file, stop, events)
}

/// The pictures of `folder` that have no features, because they cannot be used.
fn bad_ones(
    features: &Features,
    folder: &Folder,
    target: Target,
    threads: Option<usize>,
    stop: &Stop,
) -> Result<Option<BadFolder>> {
    let good: HashSet<i64> = Vec::<i64>::try_from(&features.labels)?.into_iter().collect();
    let others = folder.samples.iter().filter(|sample| !good.contains(&(sample.label as i64)));
    let others = folder.with_samples(others.cloned().collect());
    if others.samples.is_empty() {
        return Ok(None);
    }
    let (_, pictures) = decode_all(&others, target, threads.unwrap_or(0), stop, &|| ())?;
    Ok(Some(BadFolder { folder: folder.path.clone(), of: folder.samples.len(), pictures }))
}
