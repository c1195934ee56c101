//! Predicts any number of pictures with bounded memory.

use crate::batches::batch::Batch;
use crate::batches::loader::Loader;
use crate::error::{BadPicture, Error, unusable};
use crate::machine::threads;
use crate::pictures::folder::{Folder, Sample};
use crate::pictures::passed_over::PassedOver;
use crate::pictures::picture::Picture;
use crate::pictures::pixels::{Pixels, Scratch, Target, decode_all};
use crate::report::heat_map::overlay_original;
use crate::run::activity::{Activity, Counter};
use crate::run::data::appearance::Appearance;
use crate::run::data::splits::warn_if_unoptimized;
use crate::run::events::Events;
use crate::run::folder::RunFolder;
use crate::run::folder::picture_paths;
use crate::run::predict::trained::Trained;
use crate::run::predict::{Predict, Prediction, Predictions};
use crate::run::warning::Warning;
use crate::stop::Stop;
use crate::text::shown::shown;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::thread::ScopedJoinHandle;
use tch::Device;

/// Largest number of pictures that are decoded at a time.
const PICTURES: usize = 512;

/// Largest size of their pixels in bytes, unless a single picture is larger.
const BYTES: usize = 128 << 20;

/// Longer side of a picture with its heat map, in pixels, unless the picture is smaller.
const LONGEST: usize = 640;

/// Predicts the classes of pictures: see [`petite::predict`](crate::predict).
pub(crate) fn predict(what: &Predict, events: &mut impl Events) -> Result<Predictions, Error> {
    let predictor = Predictor::new(what)?;
    let (mut pictures, mut bad) = (Vec::new(), Vec::new());
    predictor.each(events, |outcome| {
        match outcome {
            Ok(prediction) => pictures.push(prediction),
            Err(picture) => bad.push(picture),
        }
        Ok(())
    })?;
    Ok(Predictions { classes: predictor.classes().to_vec(), pictures, bad })
}

/// A run's network and the pictures to predict with it.
#[derive(Debug)]
pub struct Predictor {
    trained: Trained,
    grad_cam: bool,
    paths: Vec<PathBuf>,
    passed_over: PassedOver,
}

impl Predictor {
    /// Loads the network of `what.run` and lists the pictures at `what.paths`.
    ///
    /// # Errors
    /// If the run cannot be read, there are no pictures at one of the paths, or the device or
    /// precision is not available.
    pub fn new(what: &Predict) -> Result<Self, Error> {
        let run = RunFolder::open(&what.run)?;
        let trained = Trained::load(&run, what.inference)?;
        let (paths, passed_over) = picture_paths::list(&what.paths)?;
        Ok(Self { trained, grad_cam: what.grad_cam, paths, passed_over })
    }

    /// Class names, by label.
    pub fn classes(&self) -> &[String] {
        &self.trained.record.classes
    }

    /// The data set that the network was trained on.
    pub fn data(&self) -> Option<&Path> {
        self.trained.record.train.data.path.as_deref()
    }

    /// The paths of the pictures, in the order of their predictions. Files that do not exist are
    /// among them.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Number of pictures that the network gets at once.
    pub fn batch_size(&self) -> i64 {
        self.trained.batch_size()
    }

    /// The picture of a prediction with its heat map over it, in RGB, shrunk to at most 640 pixels on
    /// the longer side.
    ///
    /// # Errors
    /// If the prediction has no heat map, or the picture cannot be read any more.
    pub fn overlay(&self, prediction: &Prediction) -> Result<Picture, Error> {
        let overlay = || {
            let heat = prediction.heat_map.as_ref();
            let heat = heat.context("expected a heat map, found none; try `grad_cam`")?;
            let target = self.trained.record.train.target();
            let picture = Scratch::default().shown(&prediction.path, target, LONGEST)?;
            anyhow::Ok(overlay_original(&picture, heat, target))
        };
        Ok(overlay().with_context(|| format!("cannot show {}", shown(&prediction.path)))?)
    }

    /// Predicts the pictures and calls `then` with each picture's prediction, or why it cannot be
    /// used, in the order of the paths. On a GPU, or with idle cores, pictures are decoded
    /// ahead of the network. Memory does not grow with the number of pictures.
    ///
    /// # Errors
    /// [`ErrorKind::BadPictures`](crate::ErrorKind::BadPictures) if none of the pictures can be
    /// used, [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted) if a stop was requested. If
    /// libtorch or the host is out of memory, or `then` fails.
    pub fn each(
        &self,
        events: &mut impl Events,
        mut then: impl FnMut(Result<Prediction, BadPicture>) -> Result<()>,
    ) -> Result<(), Error> {
        Ok(self.run(events, &mut then)?)
    }

    fn run(
        &self,
        events: &mut dyn Events,
        then: &mut dyn FnMut(Result<Prediction, BadPicture>) -> Result<()>,
    ) -> Result<()> {
        self.trained.warn(events);
        if !self.passed_over.is_empty() {
            events.warning(&Warning::PassedOver(&self.passed_over));
        }
        warn_if_unoptimized(events);
        let (stop, has_idle_cores) = (events.stop(), self.has_idle_cores());
        let counter = Counter::new(Activity::Predicting, self.paths.len(), events);
        let config = &self.trained.record.train;
        let (target, threads) = (config.target(), config.pictures.loader_threads.unwrap_or(0));
        let decode = |paths| Chunk::decode(paths, target, threads, &stop, &counter);
        let mut chunks = self.paths.chunks((BYTES / target.bytes()).clamp(1, PICTURES));
        let (mut bad, mut appearance) = (Vec::new(), Appearance::default());
        std::thread::scope(|scope| {
            let mut ahead = None;
            loop {
                let chunk = match ahead.take() {
                    Some(decoding) => joined(decoding)?,
                    None => match chunks.next() {
                        Some(paths) => decode(paths)?,
                        None => break,
                    },
                };
                if let Some(paths) = has_idle_cores.then(|| chunks.next()).flatten() {
                    let decoder = std::thread::Builder::new().name("decoder".to_owned());
                    let started = decoder.spawn_scoped(scope, move || decode(paths));
                    ahead = Some(started.context("cannot start the decoding thread")?);
                }
                appearance.add(&chunk.pixels);
                for outcome in self.predict(chunk, &stop)? {
                    bad.extend(outcome.as_ref().err().cloned());
                    then(outcome)?;
                }
            }
            anyhow::Ok(())
        })?;
        appearance.warn(true, events);
        match bad.len() < self.paths.len() {
            true => Ok(()),
            false => Err(unusable(bad, self.paths.len()).into()),
        }
    }

    /// Whether pictures can be decoded while the network computes without slowing it down. Decoding
    /// on its cores makes its threads wait for each other, which takes longer than doing one after
    /// the other.
    fn has_idle_cores(&self) -> bool {
        let cores = threads::available();
        let used = usize::try_from(tch::get_num_threads()).unwrap_or(cores);
        self.trained.network.device() != Device::Cpu || used < cores
    }

    /// The predictions of the pictures of a chunk, or why they have none, in order.
    fn predict(
        &self,
        chunk: Chunk<'_>,
        stop: &Stop,
    ) -> Result<impl Iterator<Item = Result<Prediction, BadPicture>>> {
        let Chunk { paths, pixels, bad } = chunk;
        let mut predictions = Vec::new();
        if !pixels.samples.is_empty() {
            let samples = pixels.samples.clone();
            let mut names = samples.into_iter().map(|sample| sample.path);
            let device = self.trained.network.device();
            let mut loader = Loader::sorted(pixels, device, self.batch_size())?;
            self.trained.show_all(&mut loader, stop, |Batch { input, targets, .. }, said| {
                let names: Vec<_> = names.by_ref().take(targets.pictures() as usize).collect();
                let with_heat_map = vec![self.grad_cam; names.len()];
                predictions.extend(self.trained.predictions(
                    input,
                    &said,
                    names,
                    &with_heat_map,
                )?);
                Ok(())
            })?;
        }
        let (mut good, mut bad) = (predictions.into_iter(), bad.into_iter().peekable());
        Ok(paths.iter().filter_map(move |path| match bad.next_if(|bad| bad.path == *path) {
            Some(bad) => Some(Err(bad)),
            None => good.next().map(Ok),
        }))
    }
}

/// A decoded chunk of the pictures.
struct Chunk<'a> {
    paths: &'a [PathBuf],
    /// The good pictures, in order.
    pixels: Pixels,
    /// The bad pictures, in order.
    bad: Vec<BadPicture>,
}

impl<'a> Chunk<'a> {
    fn decode(
        paths: &'a [PathBuf],
        target: Target,
        threads: usize,
        stop: &Stop,
        counter: &Counter<'_>,
    ) -> Result<Self> {
        let samples = paths.iter().map(|path| Sample { path: path.clone(), label: 0 }).collect();
        let name = "pictures".to_owned();
        let folder = Folder { path: PathBuf::new(), name, classes: Vec::new(), samples };
        let (pixels, mut bad) = decode_all(&folder, target, threads, stop, &|| counter.add(1))?;
        for picture in bad.iter_mut().filter(|picture| !picture.path.exists()) {
            picture.reason = "expected a picture or a folder, found nothing".to_owned();
        }
        Ok(Self { paths, pixels, bad })
    }
}

/// What a thread returns.
fn joined<T>(thread: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().unwrap_or_else(|_| bail!("expected pictures, found a lost thread"))
}
