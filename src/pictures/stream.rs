//! Pictures that are decoded when they are needed, by threads that work ahead.

use super::folder::Sample;
use super::pixels::{Scratch, Target};
use anyhow::{Context, Result, ensure};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// A split whose pixels are nowhere kept.
#[derive(Debug)]
pub struct Stream {
    pub target: Target,
    pub samples: Vec<Sample>,
    /// Sorted class names of the folder.
    pub classes: Vec<String>,
    /// Threads that decode, 0 for one a core.
    pub threads: usize,
}

/// A batch that was asked for: `N · height · width · channels` bytes, or why there are none.
pub type Promise = Receiver<Result<Vec<u8>>>;

/// The threads. Batches are decoded in the order they were asked for, each by one thread, so that a
/// batch's pixels depend on nothing but its pictures.
#[derive(Debug)]
pub struct Decoders {
    stream: Arc<Stream>,
    /// `None` once no more is to be asked for.
    jobs: Option<Sender<Job>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Job {
    indices: Vec<usize>,
    reply: SyncSender<Result<Vec<u8>>>,
}

impl Decoders {
    /// # Errors
    /// If no thread can be started.
    pub fn start(stream: Stream) -> Result<Self> {
        let count = match stream.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let (jobs, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        let (stream, stop) = (Arc::new(stream), Arc::new(AtomicBool::new(false)));
        let mut decoders =
            Self { stream, jobs: Some(jobs), stop, threads: Vec::with_capacity(count) };
        for _ in 0..count {
            let (queue, stream) = (Arc::clone(&queue), Arc::clone(&decoders.stream));
            let stop = Arc::clone(&decoders.stop);
            let thread = std::thread::Builder::new()
                .name("decoder".to_owned())
                .spawn(move || work(&queue, &stream, &stop))
                .context("cannot start the loader's threads; try a smaller `loader_threads`")?;
            decoders.threads.push(thread);
        }
        Ok(decoders)
    }

    /// Batches that are asked for ahead: enough to keep every thread at work.
    pub fn ahead(&self) -> usize {
        self.threads.len() + 1
    }

    /// What the pictures are decoded to.
    pub fn target(&self) -> Target {
        self.stream.target
    }

    /// Asks for the pictures at `indices` of the samples.
    ///
    /// # Errors
    /// If the threads have ended.
    pub fn ask(&self, indices: Vec<usize>) -> Result<Promise> {
        let (reply, promise) = sync_channel(1);
        let jobs = self.jobs.as_ref().context("the decoders have stopped")?;
        ensure!(jobs.send(Job { indices, reply }).is_ok(), "the decoders have stopped");
        Ok(promise)
    }
}

impl Drop for Decoders {
    /// Waits for the picture that each thread is at, and no longer.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.jobs = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn work(queue: &Mutex<Receiver<Job>>, stream: &Stream, stop: &AtomicBool) {
    let mut scratch = Scratch::default();
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { indices, reply }) = job else { return };
        let stride = stream.target.bytes();
        let mut bytes = vec![0; indices.len() * stride];
        let mut outcome = Ok(());
        for (&index, slot) in indices.iter().zip(bytes.chunks_exact_mut(stride)) {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let path = &stream.samples[index].path;
            outcome = scratch.decode(path, stream.target, slot).with_context(|| {
                let path = path.display();
                format!("cannot use {path}; try removing it, or a new run with `skip_bad_pictures`")
            });
            if outcome.is_err() {
                break;
            }
        }
        // Nobody may be waiting any more.
        let _ = reply.send(outcome.map(|()| bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::synthetic::synthesize;
    use crate::pictures::decode::ColorMode;
    use crate::pictures::resize::Interpolation;

    fn stream(folder: &std::path::Path, threads: usize) -> Stream {
        let mut samples = Vec::new();
        crate::pictures::folder::collect_pictures(folder, 0, &mut samples).unwrap();
        let interpolation = Interpolation::Nearest;
        let target = Target { height: 20, width: 30, color_mode: ColorMode::Rgb, interpolation };
        Stream { target, samples, classes: Vec::new(), threads }
    }

    #[test]
    fn batches_come_as_asked_and_the_threads_end_with_the_decoders() {
        let folder = tempfile::tempdir().unwrap();
        synthesize(&folder.path().join("pictures"), 4, 1, &crate::stop::Stop::default()).unwrap();
        let batches = |threads| {
            let decoders =
                Decoders::start(stream(&folder.path().join("pictures"), threads)).unwrap();
            let ask = |indices: &[usize]| decoders.ask(indices.to_vec()).unwrap();
            let promises = [ask(&[3, 1]), ask(&[7]), ask(&[0, 2, 4])];
            promises.map(|promise| promise.recv().unwrap().unwrap())
        };
        let one = batches(1);
        assert_eq!(one[0].len(), 2 * 20 * 30 * 3);
        assert_eq!(one, batches(3));

        let decoders = Decoders::start(stream(&folder.path().join("pictures"), 3)).unwrap();
        let promises: Vec<Promise> =
            (0..1000).map(|_| decoders.ask((0..8).collect()).unwrap()).collect();
        // Waits for the threads, but not for what they had not begun.
        drop(decoders);
        assert!(promises[999].recv().is_err());
    }

    #[test]
    fn a_file_that_is_gone_is_named() {
        let folder = tempfile::tempdir().unwrap();
        synthesize(&folder.path().join("pictures"), 1, 1, &crate::stop::Stop::default()).unwrap();
        let stream = stream(&folder.path().join("pictures"), 1);
        let path = stream.samples[1].path.clone();
        std::fs::remove_file(&path).unwrap();
        let decoders = Decoders::start(stream).unwrap();
        let error = decoders.ask(vec![0, 1]).unwrap().recv().unwrap().unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(&path.display().to_string()), "{error}");
        assert!(error.contains("cannot read it"), "{error}");
        // The next batch is none the worse for it.
        assert!(decoders.ask(vec![0]).unwrap().recv().unwrap().is_ok());
    }
}
