//! Predicts pictures in memory that any number of threads give, in batches.

use crate::batches::batch::Input;
use crate::error::{Error, ErrorKind, Fault};
use crate::machine::device::{describe, upload};
use crate::machine::threads;
use crate::pictures::picture::Picture;
use crate::pictures::pixels::Scratch;
use crate::pictures::target::Target;
use crate::run::folder::RunFolder;
use crate::run::predict::Prediction;
use crate::run::predict::inference::Inference;
use crate::run::predict::trained::Trained;
use crate::stop::Stop;
use anyhow::{Context, Result, anyhow, bail};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};
use tch::{Device, Kind, Tensor};

/// How long the network waits for pictures that are still being decoded, to run them in one batch.
const WAIT: Duration = Duration::from_millis(2);

/// Decoded pictures that wait for the network.
const AHEAD: usize = 64;

/// A picture to predict.
pub struct Request {
    /// A name for the prediction; nothing is read there.
    pub name: PathBuf,
    /// The contents of a picture file.
    pub bytes: Vec<u8>,
    /// The longer side in pixels of the picture to return with a heat map; `None` for neither.
    pub heat_map: Option<usize>,
    /// Once requested, the picture is dropped without a reply.
    pub stop: Stop,
    /// Called once, from another thread, which waits for it: it must be quick.
    pub reply: Box<dyn FnOnce(Result<Reply, Error>) + Send>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What is known of a picture.
#[derive(Debug)]
pub struct Reply {
    /// The prediction.
    pub prediction: Prediction,
    /// With a heat map, the picture in the network's colors, shrunk to the requested side.
    pub picture: Option<Picture>,
}

/// A run's network on a thread of its own, and threads that decode pictures for it. Dropping it
/// answers what was submitted and ends the threads.
#[derive(Debug)]
pub struct Classifier {
    about: About,
    requests: Option<Sender<Request>>,
    threads: Vec<JoinHandle<()>>,
    pending: Arc<AtomicUsize>,
}

/// What the network's thread tells once it is ready.
#[derive(Debug, Clone)]
struct About {
    classes: Vec<String>,
    target: Target,
    batch_size: usize,
    device: Device,
    machine: String,
    odd: Option<String>,
}

/// A decoded picture on its way to the network.
struct Decoded {
    request: Request,
    pixels: Vec<u8>,
    picture: Option<Picture>,
}

impl Classifier {
    /// Loads the last weights of `run`.
    ///
    /// # Errors
    /// As [`Classifier::with`].
    pub fn new(run: impl AsRef<Path>) -> Result<Self, Error> {
        Self::with(run, Inference::default())
    }

    /// Loads the network of `run`, and decodes on as many threads as its settings say, or one per core.
    ///
    /// # Errors
    /// If the run cannot be read, the device or precision is not available, or a thread cannot be
    /// started.
    pub fn with(run: impl AsRef<Path>, how: Inference) -> Result<Self, Error> {
        Ok(Self::start(run.as_ref(), how)?)
    }

    fn start(run: &Path, how: Inference) -> Result<Self> {
        let run = RunFolder::open(run)?;
        let loader_threads = run.read_record()?.train.pictures.loader_threads;
        let pending = Arc::new(AtomicUsize::new(0));
        let (requests, incoming) = channel();
        // Decoders wait for the network: pixels are larger than files.
        let (decoded, batches) = sync_channel(AHEAD);
        let (ready, loaded) = sync_channel(1);
        let counted = Arc::clone(&pending);
        // libtorch's settings of threads belong to the thread that makes them.
        let network = move || {
            let trained = match Trained::load(&run, how) {
                Ok(trained) => trained,
                Err(error) => return drop(ready.send(Err(error))),
            };
            let about = About::of(&trained);
            if ready.send(Ok(about.clone())).is_ok() {
                run_batches(&trained, &about, &batches, &counted);
            }
        };
        let mut threads = vec![spawn("network", network)?];
        let about: About = loaded.recv().context("expected a network, found a lost thread")??;

        let incoming = Arc::new(Mutex::new(incoming));
        for _ in 0..loader_threads.unwrap_or_else(threads::available) {
            let (incoming, decoded) = (Arc::clone(&incoming), decoded.clone());
            let (target, counted) = (about.target, Arc::clone(&pending));
            threads
                .push(spawn("decoder", move || decode_all(&incoming, &decoded, target, &counted))?);
        }
        Ok(Self { about, requests: Some(requests), threads, pending })
    }

    /// Class names, by label.
    pub fn classes(&self) -> &[String] {
        &self.about.classes
    }

    /// If the run's settings or weights are not those of its checkpoint: a sentence about it.
    pub fn odd(&self) -> Option<&str> {
        self.about.odd.as_deref()
    }

    /// What pictures are decoded to.
    pub fn target(&self) -> Target {
        self.about.target
    }

    /// The largest number of pictures that the network gets at once.
    pub fn batch_size(&self) -> usize {
        self.about.batch_size
    }

    /// The device that the network computes on, such as `cpu (2 threads)`.
    pub fn machine(&self) -> &str {
        &self.about.machine
    }

    /// The classes of a picture with their probabilities, the most probable first. `bytes` are the
    /// contents of its file. Waits for the network, which sees the pictures of several threads at once.
    ///
    /// ```no_run
    /// let classifier = petite::Classifier::new("runs/baseline")?;
    /// let classes = classifier.predict(&std::fs::read("photo.jpg")?)?;
    /// println!("{} with {:.0} %", classes[0].0, 100.0 * classes[0].1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::BadPictures`] if the bytes cannot be used as a picture; if libtorch or the host is
    /// out of memory.
    pub fn predict(&self, bytes: &[u8]) -> Result<Vec<(&str, f64)>, Error> {
        let (sender, replies) = sync_channel(1);
        self.submit(Request {
            name: PathBuf::new(),
            bytes: bytes.to_vec(),
            heat_map: None,
            stop: Stop::default(),
            reply: Box::new(move |reply| drop(sender.send(reply))),
        })?;
        let reply = replies.recv().context("expected a prediction, found a lost thread");
        let classes = reply.map_err(Error::from)??.prediction.top(self.classes().len());
        let named = classes.into_iter().map(|(label, value)| (&*self.classes()[label], value));
        Ok(named.collect())
    }

    /// Takes a picture and returns at once. The reply's error is [`ErrorKind::BadPictures`] if the
    /// bytes cannot be used as a picture.
    ///
    /// # Errors
    /// If the threads have ended.
    pub fn submit(&self, request: Request) -> Result<(), Error> {
        self.pending.fetch_add(1, Ordering::Relaxed);
        let sent = self.requests.as_ref().is_some_and(|requests| requests.send(request).is_ok());
        if !sent {
            self.pending.fetch_sub(1, Ordering::Relaxed);
            return Err(anyhow!("expected running threads, found none").into());
        }
        Ok(())
    }
}

impl Drop for Classifier {
    fn drop(&mut self) {
        // The decoders end, then their channel to the network, then the network.
        self.requests = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl About {
    fn of(trained: &Trained) -> Self {
        Self {
            classes: trained.record.classes.clone(),
            target: trained.record.train.target(),
            batch_size: trained.batch_size() as usize,
            device: trained.network.device(),
            machine: describe(trained.network.device()),
            odd: trained.odd.clone(),
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let thread = Builder::new().name(name.to_owned()).spawn(work);
    thread.with_context(|| format!("cannot start the thread {name}"))
}

/// Decodes the requests that come, until there are none left.
fn decode_all(
    incoming: &Mutex<Receiver<Request>>,
    decoded: &SyncSender<Decoded>,
    target: Target,
    pending: &AtomicUsize,
) {
    threads::spread();
    let mut scratch = Scratch::default();
    loop {
        let next = incoming.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(request) = next else { return };
        if request.stop.is_requested() {
            pending.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let mut pixels = vec![0; target.bytes()];
        match scratch.decode_bytes(&request.bytes, target, &mut pixels, request.heat_map) {
            Ok(picture) => drop(decoded.send(Decoded { request, pixels, picture })),
            Err(error) => {
                pending.fetch_sub(1, Ordering::Relaxed);
                let kind = ErrorKind::BadPictures;
                let fault = Fault { kind, message: format!("{error:#}") };
                (request.reply)(Err(anyhow::Error::from(fault).into()));
            }
        }
    }
}

/// Predicts the pictures that come, until there are none left.
fn run_batches(
    trained: &Trained,
    about: &About,
    decoded: &Receiver<Decoded>,
    pending: &AtomicUsize,
) {
    while let Ok(first) = decoded.recv() {
        let (mut batch, until) = (vec![first], Instant::now() + WAIT);
        while batch.len() < about.batch_size {
            // Those that are ready, and for a short time those that will be.
            let next = decoded.try_recv().or_else(|_| {
                let more = pending.load(Ordering::Relaxed) > batch.len();
                let rest = until.saturating_duration_since(Instant::now());
                decoded.recv_timeout(if more { rest } else { Duration::ZERO })
            });
            let Ok(next) = next else { break };
            batch.push(next);
        }
        pending.fetch_sub(batch.len(), Ordering::Relaxed);
        batch.retain(|picture| !picture.request.stop.is_requested());
        if batch.is_empty() {
            continue;
        }
        match predictions(trained, about, &mut batch) {
            Ok(predictions) => {
                for (Decoded { request, picture, .. }, prediction) in
                    batch.into_iter().zip(predictions)
                {
                    (request.reply)(Ok(Reply { prediction, picture }));
                }
            }
            Err(error) => {
                let text = format!("{error:#}");
                batch.into_iter().for_each(|picture| {
                    (picture.request.reply)(Err(anyhow!("{text}").into()));
                });
            }
        }
    }
}

/// The predictions for a batch, which takes the pictures' names.
fn predictions(trained: &Trained, about: &About, batch: &mut [Decoded]) -> Result<Vec<Prediction>> {
    let Target { height, width, color_mode, .. } = about.target;
    let shape = [batch.len(), height, width, color_mode.channels()].map(|size| size as i64);
    let bytes = batch.iter().map(|picture| &picture.pixels[..]).collect::<Vec<_>>().concat();
    let pixels = Tensor::f_from_data_size(&bytes, &shape, Kind::Uint8)?;
    let pixels = Input::Pixels(upload(&pixels, about.device)?);
    let requests = batch.iter_mut().map(|picture| &mut picture.request);
    let (names, with_heat_map): (Vec<PathBuf>, Vec<bool>) = requests
        .map(|request| (std::mem::take(&mut request.name), request.heat_map.is_some()))
        .unzip();
    let said = trained.show(&pixels)?;
    let predictions = trained.predictions(&pixels, &said, names, &with_heat_map)?;
    if predictions.len() != batch.len() {
        bail!("expected {} predictions, found {}", batch.len(), predictions.len());
    }
    Ok(predictions)
}
