//! Features of a split from a frozen base: computed once, then kept on disk.

use crate::batches::batch::{Batch, Input, to_images};
use crate::batches::loader::Loader;
use crate::error::{BadFolder, ensure_or};
use crate::nn::base::Base;
use crate::nn::head::Pooling;
use crate::nn::run::Pass;
use crate::pictures::cache::Opened;
use crate::pictures::folder::{Folder, Sample};
use crate::pictures::pixel_file::Stamp;
use crate::pictures::pixels::decode_all;
use crate::run::activity::{Activity, Counter};
use crate::run::events::{Events, Note};
use crate::run::settings::config::Config;
use crate::run::settings::on_base::OnBase;
use crate::run::warning::Warning;
use crate::stop::Stop;
use crate::weights::{self, Metadata};
use anyhow::{Context, Result, bail};
use std::collections::HashSet;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tch::{Kind, Tensor};
use twox_hash::XxHash3_64;

/// Batch size for computing features.
const BATCH: i64 = 32;

/// Part of every key. Files of another version are computed again.
const VERSION: &[u8] = b"2";

/// The features of a split.
#[derive(Debug)]
pub struct Features {
    /// `[N, H, W, C]` f32 on the CPU; with average pooling, H and W are 1.
    pub values: Tensor,
    /// Labels, `[N]` i64.
    pub labels: Tensor,
}

/// A split's features on disk. They are valid for one state of weights, pictures and settings;
/// those of another are ignored.
#[derive(Debug)]
pub struct FeatureFile<'a> {
    config: &'a Config,
    folder: &'a Folder,
    path: PathBuf,
    /// Hash of the state, in hexadecimal.
    key: String,
}

impl<'a> FeatureFile<'a> {
    /// The file in `cache` for the features of `folder`'s pictures from `base`. There is one file
    /// per folder and model, so a new state replaces the old one.
    ///
    /// # Errors
    /// If the weights cannot be copied from the device.
    pub fn new(
        cache: &Path,
        base: &Base,
        config: &'a Config,
        on_base: &OnBase,
        folder: &'a Folder,
    ) -> Result<Self> {
        let path = folder.path.canonicalize().unwrap_or_else(|_| folder.path.clone());
        let mut hasher = XxHash3_64::new();
        hasher.write(path.as_os_str().as_encoded_bytes());
        hasher.write(folder.name.as_bytes());
        let name = format!(
            "{}-{}-{:016x}.safetensors",
            folder.name,
            config.network.model.name(),
            hasher.finish()
        );

        hasher.write(VERSION);
        let settings = (base.preprocess, base.stack.kind(), on_base.pooling, config.target());
        hasher.write(format!("{settings:?} {:?}", folder.classes).as_bytes());
        for sample in &folder.samples {
            let stamp = Stamp::of(&sample.path, &folder.path);
            hasher.write(format!("{stamp:?} {}", sample.label).as_bytes());
        }
        for (name, tensor) in base.stack.tensors() {
            hasher.write(name.as_bytes());
            hash_values(&mut hasher, &tensor)?;
        }
        let (path, key) = (cache.join(name), format!("{:016x}", hasher.finish()));
        Ok(Self { config, folder, path, key })
    }

    /// The features of an earlier run, if they are what computing them would give now. Those of a run that
    /// left out bad pictures are, if this one does so too and the pictures are still bad: a disk may
    /// have failed for a while. Then it warns about them as that run did.
    ///
    /// # Errors
    /// If a thread cannot be started, or a stop was requested.
    pub fn kept(&self, stop: &Stop, events: &mut dyn Events) -> Result<Option<Features>> {
        let Self { config, folder, .. } = self;
        let Some((features, pictures)) = self.read() else { return Ok(None) };
        let good: HashSet<i64> = pictures.into_iter().collect();
        let others = (0..).zip(&folder.samples).filter(|(index, _)| !good.contains(index));
        let others = folder.with_samples(others.map(|(_, sample)| sample.clone()).collect());
        if others.samples.is_empty() {
            return Ok(Some(features));
        }
        if !config.pictures.skip_bad_pictures {
            return Ok(None);
        }
        let threads = config.pictures.loader_threads.unwrap_or(0);
        let (now_good, bad) = decode_all(&others, config.target(), threads, stop, &|| ())?;
        if !now_good.samples.is_empty() {
            return Ok(None);
        }
        let (path, of) = (folder.path.clone(), folder.samples.len());
        events.warning(&Warning::Skipped(&BadFolder { folder: path, of, pictures: bad }));
        Ok(Some(features))
    }

    /// The features, if the file exists, is intact and has the current state, and the indices of their
    /// pictures in the folder.
    fn read(&self) -> Option<(Features, Vec<i64>)> {
        let (tensors, metadata) = weights::load(&self.path).ok()?;
        let of = |name: &str| {
            let found = tensors.iter().find(|(known, _)| known == name);
            found.map(|(_, tensor)| tensor.shallow_clone())
        };
        let features = Features { values: of("features")?, labels: of("labels")? };
        let whole = metadata.get("key") == Some(&self.key)
            && features.values.dim() == 4
            && features.values.kind() == Kind::Float
            && features.labels.size() == features.values.size()[..1];
        let count = self.folder.samples.len() as i64;
        let pictures = match of("pictures") {
            Some(pictures) => Vec::try_from(&pictures).ok()?,
            // Those of earlier versions may lack some.
            None => (0..count).collect(),
        };
        (whole && pictures.len() == features.labels.numel()).then_some((features, pictures))
    }

    /// Writes the features of the pictures `good`.
    ///
    /// # Errors
    /// If the file cannot be written.
    fn write(&self, features: &Features, good: &[Sample]) -> Result<()> {
        let mut good = good.iter().peekable();
        let indices = (0i64..).zip(&self.folder.samples);
        let indices = indices.filter(|(_, sample)| good.next_if_eq(sample).is_some());
        let indices: Vec<i64> = indices.map(|(index, _)| index).collect();
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        let metadata = Metadata::from([("key".to_owned(), self.key.clone())]);
        let tensors = [
            ("features".to_owned(), features.values.shallow_clone()),
            ("labels".to_owned(), features.labels.shallow_clone()),
            ("pictures".to_owned(), Tensor::f_from_slice(&indices)?),
        ];
        weights::save_safetensors(&self.path, &tensors, metadata)
    }
}

impl Features {
    /// Runs the pictures of one pass of `loader` through `base`. The pictures of each batch
    /// are counted.
    ///
    /// # Errors
    /// If a picture cannot be read, libtorch is out of memory, or a stop was requested.
    pub(crate) fn compute(
        base: &Base,
        pooling: Pooling,
        loader: &mut Loader,
        stop: &Stop,
        counter: &Counter<'_>,
    ) -> Result<Self> {
        let (mut values, mut labels) = (Vec::new(), Vec::new());
        for step in 0..loader.steps_per_epoch() {
            stop.check()?;
            let batch: Batch = loader.batch(0, step)?;
            let Input::Pixels(pixels) = &batch.input else {
                bail!("expected pixels to run through the base, found features")
            };
            let features = tch::no_grad(|| base.features(&to_images(pixels)?, &mut Pass::Infer))?;
            let features = match pooling {
                Pooling::Flatten => features.f_to_kind(Kind::Float)?,
                Pooling::Average => features.f_mean_dim([2i64, 3].as_slice(), true, Kind::Float)?,
            };
            let rows = features.f_permute([0, 2, 3, 1])?.f_contiguous()?;
            values.push(rows.f_to_device(tch::Device::Cpu)?);
            counter.add(batch.targets.pictures() as usize);
            labels.push(batch.targets.classes.f_to_device(tch::Device::Cpu)?);
        }
        ensure_or!(
            DataSet,
            !values.is_empty(),
            "expected pictures to run through the base, found none"
        );
        Ok(Self { values: Tensor::f_cat(&values, 0)?, labels: Tensor::f_cat(&labels, 0)? })
    }
}

/// Computes the features of pictures and writes them to `file`.
pub(crate) fn compute(
    base: &Base,
    on_base: &OnBase,
    opened: Opened,
    split: Option<&str>,
    file: &FeatureFile<'_>,
    stop: &Stop,
    events: &mut dyn Events,
) -> Result<Features> {
    let good = opened.source.samples().to_vec();
    let of = good.len();
    let mut loader = Loader::sorted(opened.source, base.stack.device(), BATCH)?;
    let (started, counter) = (Instant::now(), Counter::new(Activity::Features(split), of, events));
    let features = Features::compute(base, on_base.pooling, &mut loader, stop, &counter)?;
    let seconds = started.elapsed().as_secs_f64();
    events.note(&Note::Pass { of: "features", split, pictures: of, seconds });
    if let Err(error) = file.write(&features, &good) {
        events.warning(&Warning::FeaturesNotKept(&error));
    }
    Ok(features)
}

fn hash_values(hasher: &mut XxHash3_64, tensor: &Tensor) -> Result<()> {
    hasher.write(format!("{:?}", tensor.size()).as_bytes());
    let values = Vec::<f32>::try_from(&tensor.f_detach()?.f_contiguous()?.f_flatten(0, -1)?)?;
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    hasher.write(&bytes);
    Ok(())
}
