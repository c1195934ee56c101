//! Streamed pictures: decoded for each batch, by threads that work ahead.

use super::folder::Folder;
use super::pixels::{Checked, Scratch, Target, check_all};
use crate::error::{BadFolder, BadPicture, BadPictures};
use crate::machine::threads;
use crate::stop::Stop;
use anyhow::{Context, Error, Result, bail, ensure};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// A split whose pixels are not cached.
#[derive(Debug)]
pub struct Stream {
    /// The good pictures of the split; batches are requested by the samples' indices.
    pub folder: Folder,
    /// Size and color mode to decode to.
    pub target: Target,
    /// Number of decoding threads; 0 is one per core.
    pub threads: usize,
    /// XXH3 of each picture's file at the start.
    contents: Vec<u64>,
}

impl Stream {
    /// Checks every picture of `folder`, as [`check_all`] does, and
    /// returns a stream of the good ones, and the bad ones. The files must then stay as they are.
    ///
    /// # Errors
    /// As [`check_all`].
    pub fn open(
        folder: &Folder,
        target: Target,
        threads: usize,
        decode: bool,
        stop: &Stop,
        on_checked: &(dyn Fn() + Sync),
    ) -> Result<(Self, Vec<BadPicture>)> {
        let Checked { samples, contents, bad } =
            check_all(folder, target, threads, decode, stop, on_checked)?;
        Ok((Self { folder: folder.with_samples(samples), target, threads, contents }, bad))
    }

    /// Decodes the picture `index` into `slot`.
    fn decode(&self, index: usize, scratch: &mut Scratch, slot: &mut [u8]) -> Result<()> {
        match scratch.hash_for(&self.folder.samples[index].path, self.target) {
            Ok(content) => ensure!(
                content == self.contents[index],
                "expected the picture as it was at the start, found it changed; {RESTORE}"
            ),
            Err(error) => {
                bail!("expected the picture as it was at the start: {error:#}; {RESTORE}")
            }
        }
        scratch.decode_file(self.target, slot)
    }

    /// The error of a picture that has changed, or whose headers are good and whose data are not.
    fn bad_picture(&self, path: &Path, error: &Error) -> Error {
        let (path, reason) = (path.to_owned(), format!("{error:#}"));
        let pictures = vec![BadPicture { path, reason }];
        let (folder, of) = (self.folder.path.clone(), self.folder.samples.len());
        BadPictures(vec![BadFolder { folder, of, pictures }]).into()
    }
}

/// What to try when a picture has changed.
const RESTORE: &str = "try restoring it";

/// A requested batch: `[N, height, width, channels]` u8, or why it cannot be decoded.
pub type Promise = Receiver<Result<Vec<u8>>>;

/// The decoding threads. They take batches in the order of the requests, and each batch is decoded
/// by one thread.
#[derive(Debug)]
pub struct Decoders {
    stream: Arc<Stream>,
    /// `None` once the decoders are being dropped.
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
    /// Starts the threads.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn start(stream: Stream) -> Result<Self> {
        let count = match stream.threads {
            0 => threads::available(),
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
                .spawn(move || {
                    threads::spread();
                    work(&queue, &stream, &stop);
                })
                .context("cannot start the loader's threads; try a smaller `loader_threads`")?;
            decoders.threads.push(thread);
        }
        Ok(decoders)
    }

    /// Number of batches to request ahead, enough to keep every thread busy.
    pub fn ahead(&self) -> usize {
        self.threads.len() + 1
    }

    /// Size and color mode of the decoded pictures.
    pub fn target(&self) -> Target {
        self.stream.target
    }

    /// Requests a batch of the samples at `indices`.
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
    /// Waits for each thread to finish its current picture, but not its batch.
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
            let path = &stream.folder.samples[index].path;
            outcome = stream
                .decode(index, &mut scratch, slot)
                .map_err(|error| stream.bad_picture(path, &error));
            if outcome.is_err() {
                break;
            }
        }
        // The receiver may be gone.
        let _ = reply.send(outcome.map(|()| bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::synthetic::synthesize;
    use crate::pictures::folder::Sample;

    fn stream(folder: &Path, threads: usize) -> Stream {
        let pictures = crate::pictures::walk::Walk::default().pictures(folder, 0).unwrap();
        let samples = pictures.into_iter().map(|path| Sample { path, label: 0 }).collect();
        let target = Target::rgb(20, 30);
        let (path, name) = (folder.to_owned(), "train".to_owned());
        let folder = Folder { path, name, classes: Vec::new(), samples };
        let (stream, bad) =
            Stream::open(&folder, target, threads, false, &Stop::default(), &|| ()).unwrap();
        assert!(bad.is_empty());
        stream
    }

    #[test]
    fn batches_match_their_requests_and_dropping_ends_the_threads() {
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
        // Does not wait for batches that have not been started.
        drop(decoders);
        assert!(promises[999].recv().is_err());
    }

    #[test]
    fn a_changed_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let pictures = folder.path().join("pictures");
        synthesize(&pictures, 2, 1, &crate::stop::Stop::default()).unwrap();
        let stream = stream(&pictures, 1);
        let [other, path] = [0, 1].map(|index| stream.folder.samples[index].path.clone());
        let whole = std::fs::read(&path).unwrap();
        let decoders = Decoders::start(stream).unwrap();
        let ask = || decoders.ask(vec![0, 1]).unwrap().recv().unwrap();
        assert!(ask().is_ok());
        for bytes in [std::fs::read(&other).unwrap(), whole[..whole.len() / 2].to_vec()] {
            std::fs::write(&path, bytes).unwrap();
            let error = format!("{:#}", ask().unwrap_err());
            assert!(error.contains(&path.display().to_string()), "{error}");
            assert!(error.contains("as it was at the start, found it changed; try"), "{error}");
        }
        // A file that is written anew, or linked, is not another picture.
        std::fs::write(&path, whole).unwrap();
        std::fs::hard_link(&path, folder.path().join("link.jpg")).unwrap();
        assert!(ask().is_ok());
    }

    #[test]
    fn a_missing_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        synthesize(&folder.path().join("pictures"), 1, 1, &crate::stop::Stop::default()).unwrap();
        let stream = stream(&folder.path().join("pictures"), 1);
        let path = stream.folder.samples[1].path.clone();
        std::fs::remove_file(&path).unwrap();
        let decoders = Decoders::start(stream).unwrap();
        let error = decoders.ask(vec![0, 1]).unwrap().recv().unwrap().unwrap_err();
        assert!(error.is::<BadPictures>());
        let error = format!("{error:#}");
        assert!(error.contains(&path.display().to_string()), "{error}");
        assert!(error.contains("cannot read the file"), "{error}");
        // The next batch is not affected.
        assert!(decoders.ask(vec![0]).unwrap().recv().unwrap().is_ok());
    }
}
