//! Predicts any number of pictures with bounded memory.

use crate::batches::loader::Loader;
use crate::error::{BadPicture, Error, unusable};
use crate::machine::threads;
use crate::pictures::passed_over::PassedOver;
use crate::pictures::picture::Picture;
use crate::pictures::pixels::{Pixels, Scratch};
use crate::report::heat_map::overlay_original;
use crate::run::activity::{Activity, Counter};
use crate::run::data::appearance::Appearance;
use crate::run::data::splits::warn_if_unoptimized;
use crate::run::events::Events;
use crate::run::folder::RunFolder;
use crate::run::folder::picture_paths;
use crate::run::predict::chunks::{Chunk, Chunks};
use crate::run::predict::trained::{Scores, Trained};
use crate::run::predict::{Predict, Prediction, Predictions};
use crate::run::warning::Warning;
use crate::stop::Stop;
use crate::text::shown::shown;
use crate::training::validate::Views;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{channel, sync_channel};
use tch::Device;

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
    views: Views,
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
        let trained = Trained::load(&run, what.weights, what.machine)?;
        let (paths, passed_over) = picture_paths::list(&what.paths)?;
        let (views, grad_cam) = (what.views, what.grad_cam);
        Ok(Self { trained, views, grad_cam, paths, passed_over })
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
        let config = &self.trained.record.train;
        let stop = events.stop();
        let counter = Counter::new(Activity::Predicting, self.paths.len(), events);
        let chunks = Chunks {
            paths: &self.paths,
            target: config.target(),
            threads: config.pictures.loader_threads.unwrap_or(0),
            stop: &stop,
            counter: &counter,
        };
        let (mut bad, mut appearance) = (Vec::new(), Appearance::default());
        std::thread::scope(|scope| {
            let ((ask, requests), (sender, decoded)) = (channel(), sync_channel(1));
            std::thread::Builder::new()
                .name("decoder".to_owned())
                .spawn_scoped(scope, move || chunks.answer(&requests, &sender))
                .context("cannot start the decoding thread")?;
            // Once all chunks are decoded, the decoder is gone, and requests fail.
            let request = || {
                let _ = ask.send(());
            };
            if self.has_idle_cores() {
                request();
            }
            loop {
                request();
                let Ok(chunk) = decoded.recv() else { break };
                let chunk = chunk?;
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
    fn predict(&self, chunk: Chunk, stop: &Stop) -> Result<Vec<Result<Prediction, BadPicture>>> {
        let Chunk { pixels, bad } = chunk;
        let samples = pixels.samples.clone();
        let count = samples.len() + bad.len();
        let scores = match samples.is_empty() {
            true => Vec::new(),
            false => self.scores(pixels, stop)?,
        };
        let mut good = samples.into_iter().zip(scores).peekable();
        let mut bad = bad.into_iter();
        let outcome = |position| match good.next_if(|(sample, _)| sample.label == position) {
            Some((sample, scores)) => Some(Ok(Prediction::new(sample.path, scores))),
            None => bad.next().map(Err),
        };
        Ok((0..count).filter_map(outcome).collect())
    }

    /// What the network says of each picture.
    fn scores(&self, pixels: Pixels, stop: &Stop) -> Result<Vec<Scores>> {
        let device = self.trained.network.device();
        let mut loader = Loader::sorted(pixels, device, self.batch_size())?;
        let mut scores = Vec::new();
        for step in 0..loader.steps_per_epoch() {
            stop.check()?;
            let batch = loader.batch(0, step)?;
            let with_heat_map = vec![self.grad_cam; batch.targets.pictures() as usize];
            scores.extend(self.trained.scores(&batch.input, self.views, &with_heat_map)?);
        }
        Ok(scores)
    }
}
