//! The output of a base's frozen layers for pictures, which is the same in every epoch: computed once, in
//! memory, or with all layers frozen also on disk.

use crate::batches::batch::{Input, to_images};
use crate::batches::loader::Loader;
use crate::batches::order::Batching;
use crate::error::{BadFolder, ensure_or};
use crate::files::user_folders;
use crate::machine::memory::free_memory;
use crate::nn::base::Base;
use crate::nn::head::Pooling;
use crate::nn::network::Network;
use crate::nn::run::Pass;
use crate::pictures::cache::Opened;
use crate::pictures::folder::{Folder, Sample};
use crate::pictures::pixel_file::Stamp;
use crate::pictures::pixels::decode_all;
use crate::run::activity::{Activity, Counter};
use crate::run::data::kept::Kept;
use crate::run::events::{Events, Note};
use crate::run::settings::config::Config;
use crate::run::settings::on_base::OnBase;
use crate::run::warning::Warning;
use crate::stop::Stop;
use anyhow::{Result, bail};
use std::collections::HashSet;
use std::hash::Hasher;
use std::time::Instant;
use tch::{Device, Kind, Tensor};
use twox_hash::XxHash3_64;

/// Batch size for computing features.
const BATCH: i64 = 32;

/// Most bytes to keep on a GPU, which also holds the network.
const ON_GPU: u64 = 1 << 30;

/// Part of the key of every file. Files of another version are computed again.
const VERSION: &[u8] = b"2";

/// The output of frozen layers for pictures.
#[derive(Debug)]
pub struct Frozen {
    /// `[N, H, W, C]`: of all layers, features in f32, with average pooling of 1×1; else in the type
    /// that the layers compute in.
    pub values: Tensor,
    /// Labels, `[N]` i64.
    pub labels: Tensor,
}

impl Frozen {
    /// Runs the pictures of one pass of `loader` through `layers`, which turn images into
    /// `[N, C, H, W]`, and keeps the output on `device`; `None` if it takes more than `most` bytes.
    fn compute(
        loader: &mut Loader,
        (device, most): (Device, u64),
        stop: &Stop,
        counter: &Counter<'_>,
        layers: impl Fn(&Tensor) -> Result<Tensor>,
    ) -> Result<Option<Self>> {
        let (mut values, mut labels) = (Vec::new(), Vec::new());
        for step in 0..loader.steps_per_epoch() {
            stop.check()?;
            let batch = loader.batch(0, step)?;
            let Input::Pixels(pixels) = &batch.input else {
                bail!("expected pixels to run through the base, found features")
            };
            let output = tch::no_grad(|| layers(&to_images(pixels)?))?;
            // Channels last, as the layers keep it.
            let output = output.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_to_device(device)?;
            let pictures = output.size()[0] as usize;
            let of_a_picture = output.numel() * output.kind().elt_size_in_bytes() / pictures;
            if of_a_picture as u64 * loader.len() as u64 > most {
                return Ok(None);
            }
            counter.add(pictures);
            values.push(output);
            labels.push(batch.targets.classes.f_to_device(device)?);
        }
        ensure_or!(
            DataSet,
            !values.is_empty(),
            "expected pictures to run through the base, found none"
        );
        let (values, labels) = (Tensor::f_cat(&values, 0)?, Tensor::f_cat(&labels, 0)?);
        Ok(Some(Self { values, labels }))
    }
}

/// A loader of the batches of `pictures`, whole passes in the order of the samples, with the output of
/// the base's frozen layers instead of pixels: these run once and not in every epoch, and results are
/// the same bit for bit. `pictures` itself if nothing is frozen, they are streamed or features already, or
/// the outputs take more than a quarter of the free memory.
///
/// # Errors
/// If a picture cannot be read, libtorch fails, or a stop was requested.
pub fn through_frozen(
    network: &Network,
    mut pictures: Loader,
    stop: &Stop,
    events: &mut dyn Events,
) -> Result<Loader> {
    let base = network.base();
    let base = base.filter(|base| base.stack.trained_from() > 0 && !pictures.is_streamed());
    let Some(base) = base else { return Ok(pictures) };
    let batch_size = match pictures.batch(0, 0)?.input {
        Input::Pixels(first) => first.size()[0],
        _ => return Ok(pictures),
    };
    let device = base.stack.device();
    let most = match device {
        Device::Cpu => free_memory().map_or(u64::MAX, |free| free / 4),
        _ => ON_GPU,
    };
    let (split, count, started) = (Some("validation"), pictures.len() as usize, Instant::now());
    let counter = Counter::new(Activity::Features(split), count, events);
    let layers = |images: &Tensor| {
        let images = base.preprocess.apply(images)?;
        base.stack.forward(images, 0..base.stack.trained_from(), &mut Pass::Infer)
    };
    let found = Frozen::compute(&mut pictures, (device, most), stop, &counter, layers)?;
    let Some(Frozen { values, labels }) = found else { return Ok(pictures) };
    let seconds = started.elapsed().as_secs_f64();
    events.note(&Note::Pass { of: "frozen", split, pictures: count, seconds });
    Loader::of_input(Input::Frozen(values), labels, Batching::sorted(batch_size))
}

/// The features of a folder's pictures, the output of a whole base, with their file. That is valid for one
/// state of weights, pictures and settings.
#[derive(Debug)]
pub struct Features<'a> {
    base: &'a Base,
    pooling: Pooling,
    config: &'a Config,
    folder: &'a Folder,
    file: Kept,
}

impl<'a> Features<'a> {
    /// Those of `folder`'s pictures from `base`, which are on `on_base` of `config`. There is one file per
    /// folder and model, so a new state replaces the old one.
    ///
    /// # Errors
    /// If the weights cannot be copied from the device.
    pub fn new(
        base: &'a Base,
        config: &'a Config,
        on_base: &OnBase,
        folder: &'a Folder,
    ) -> Result<Self> {
        let path = folder.path.canonicalize().unwrap_or_else(|_| folder.path.clone());
        let mut hasher = XxHash3_64::new();
        hasher.write(path.as_os_str().as_encoded_bytes());
        hasher.write(folder.name.as_bytes());
        let (part, model) = (&folder.name, config.network.model.name());
        let name = format!("{part}-{model}-{:016x}", hasher.finish());

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
        let cache = user_folders::cache().join("features");
        let file = Kept::new(&cache, &name, hasher.finish());
        Ok(Self { base, pooling: on_base.pooling, config, folder, file })
    }

    /// The features of an earlier run, if they are what computing them would give now. Those of a run that
    /// left out bad pictures are, if this one does so too and the pictures are still bad: a disk may
    /// have failed for a while. Then it warns about them as that run did.
    ///
    /// # Errors
    /// If a thread cannot be started, or a stop was requested.
    pub fn kept(&self, stop: &Stop, events: &mut dyn Events) -> Result<Option<Frozen>> {
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

    /// The features, if the file has them, and the indices of their pictures in the folder.
    fn read(&self) -> Option<(Frozen, Vec<i64>)> {
        let mut tensors = self.file.read()?;
        let (values, labels) = (tensors.remove("features")?, tensors.remove("labels")?);
        let count = self.folder.samples.len() as i64;
        let pictures = match tensors.remove("pictures") {
            Some(pictures) => Vec::try_from(&pictures).ok()?,
            // Those of earlier versions may lack some.
            None => (0..count).collect(),
        };
        let whole = values.dim() == 4
            && values.kind() == Kind::Float
            && labels.size() == values.size()[..1]
            && pictures.len() == labels.numel();
        whole.then_some((Frozen { values, labels }, pictures))
    }

    /// Computes the features of the pictures in `opened` and writes them to the file.
    ///
    /// # Errors
    /// If a picture cannot be read, libtorch is out of memory, or a stop was requested.
    pub fn compute(
        &self,
        opened: Opened,
        split: Option<&str>,
        stop: &Stop,
        events: &mut dyn Events,
    ) -> Result<Frozen> {
        let good = opened.source.samples().to_vec();
        let (pictures, started) = (good.len(), Instant::now());
        let mut loader = Loader::sorted(opened.source, self.base.stack.device(), BATCH)?;
        let counter = Counter::new(Activity::Features(split), pictures, events);
        let layers = |images: &Tensor| {
            let features = self.base.features(images, &mut Pass::Infer)?;
            Ok(match self.pooling {
                Pooling::Flatten => features.f_to_kind(Kind::Float)?,
                Pooling::Average => features.f_mean_dim([2i64, 3].as_slice(), true, Kind::Float)?,
            })
        };
        let all = (Device::Cpu, u64::MAX);
        let features = Frozen::compute(&mut loader, all, stop, &counter, layers)?;
        let Some(features) = features else { bail!("expected features that fit, found others") };
        let seconds = started.elapsed().as_secs_f64();
        events.note(&Note::Pass { of: "features", split, pictures, seconds });
        if let Err(error) = self.write(&features, &good) {
            events.warning(&Warning::FeaturesNotKept(&error));
        }
        Ok(features)
    }

    /// Writes the features of the pictures `good`.
    fn write(&self, features: &Frozen, good: &[Sample]) -> Result<()> {
        let mut good = good.iter().peekable();
        let indices = (0i64..).zip(&self.folder.samples);
        let indices = indices.filter(|(_, sample)| good.next_if_eq(sample).is_some());
        let indices: Vec<i64> = indices.map(|(index, _)| index).collect();
        let indices = Tensor::f_from_slice(&indices)?;
        let Frozen { values, labels } = features;
        self.file.write(&[("features", values), ("labels", labels), ("pictures", &indices)])
    }
}

fn hash_values(hasher: &mut XxHash3_64, tensor: &Tensor) -> Result<()> {
    hasher.write(format!("{:?}", tensor.size()).as_bytes());
    let values = Vec::<f32>::try_from(&tensor.f_detach()?.f_contiguous()?.f_flatten(0, -1)?)?;
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    hasher.write(&bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::precision::Precision;
    use crate::nn::head;
    use crate::nn::layer::Statistics;
    use crate::nn::zoo::Model;
    use crate::run::events::Silent;

    /// MobileNet for pictures of 32×32, trained from `first` on.
    fn network(first: &str) -> Network {
        let architecture = Model::Mobilenet.base_architecture(0.25).unwrap();
        let features = architecture.feature_shape((32, 32)).unwrap();
        let mut base = Base::random(Model::Mobilenet, architecture, Device::Cpu, 1).unwrap();
        base.stack.unfreeze_from(first).unwrap();
        let head = head::architecture(features, 2, Pooling::Flatten, 8, None).unwrap();
        let network = Network::new(head, Device::Cpu, Precision::Fp32, 1).unwrap();
        network.on_base(base, Statistics::Stored)
    }

    /// Seven pictures of noise, in batches of 3.
    fn pictures() -> Loader {
        let noise = Tensor::arange(7 * 32 * 32 * 3, (Kind::Int64, Device::Cpu)) * 7919;
        let pixels = noise.remainder(251).to_kind(Kind::Uint8).reshape([7, 32, 32, 3]);
        let labels = Tensor::arange(7, (Kind::Int64, Device::Cpu)).remainder(2);
        Loader::of_input(Input::Pixels(pixels), labels, Batching::sorted(3)).unwrap()
    }

    #[test]
    fn the_batches_and_their_logits_stay_the_same() {
        let network = network("conv_dw_8");
        let stop = Stop::default();
        let mut frozen = through_frozen(&network, pictures(), &stop, &mut Silent).unwrap();
        let mut pictures = pictures();
        assert_eq!(frozen.steps_per_epoch(), 3);
        for (epoch, step) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 2)] {
            let (short, long) =
                (frozen.batch(epoch, step).unwrap(), pictures.batch(epoch, step).unwrap());
            // 2×2 places with the 128 channels of conv_pw_7.
            assert!(
                matches!(&short.input, Input::Frozen(values) if values.size()[1..] == [2, 2, 128])
            );
            assert_eq!(short.targets.classes, long.targets.classes);
            assert_eq!(short.first, long.first);
            let logits = [&short.input, &long.input].map(|input| network.logits(input).unwrap());
            assert_eq!(logits[0], logits[1]);
        }
    }

    #[test]
    fn pictures_pass_a_base_that_is_trained_whole() {
        let (network, stop) = (network("conv1"), Stop::default());
        let mut same = through_frozen(&network, pictures(), &stop, &mut Silent).unwrap();
        assert!(matches!(same.batch(0, 0).unwrap().input, Input::Pixels(_)));
    }
}
