//! Streamed pictures: decoded for each batch, by threads that work ahead.

use super::folder::Folder;
use super::pixels::{Checked, Scratch, Target, check_all, pool};
use crate::error::{BadFolder, BadPicture, BadPictures};
use crate::stop::Stop;
use anyhow::{Error, Result, bail, ensure};
use rayon::ThreadPool;
use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};

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

    /// Decodes a batch; `None` if it is no longer needed.
    fn batch(
        &self,
        indices: &[usize],
        scratch: &mut Scratch,
        stop: &AtomicBool,
    ) -> Option<Result<Vec<u8>>> {
        let stride = self.target.bytes();
        let mut bytes = vec![0; indices.len() * stride];
        for (&index, slot) in indices.iter().zip(bytes.chunks_exact_mut(stride)) {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            if let Err(error) = self.decode(index, scratch, slot) {
                return Some(Err(self.bad_picture(&self.folder.samples[index].path, &error)));
            }
        }
        Some(Ok(bytes))
    }

    /// The error of a picture that has changed, or whose headers are good and whose data are not.
    fn bad_picture(&self, path: &Path, error: &Error) -> Error {
        let (path, reason) = (path.to_owned(), format!("{error:#}"));
        let pictures = vec![BadPicture { path, reason }];
        let (folder, of) = (self.folder.path.clone(), self.folder.samples.len());
        BadPictures(vec![BadFolder { folder, of, pictures }]).into()
    }
}

thread_local! {
    /// Each decoding thread's own.
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// What to try when a picture has changed.
const RESTORE: &str = "try restoring it";

/// A requested batch: `[N, height, width, channels]` u8, or why it cannot be decoded.
pub type Promise = Receiver<Result<Vec<u8>>>;

/// The decoding threads. They take batches in the order of the requests, and each batch is decoded
/// by one thread. Dropped, they end after their current picture.
#[derive(Debug)]
pub struct Decoders {
    stream: Arc<Stream>,
    pool: ThreadPool,
    stop: Arc<AtomicBool>,
}

impl Decoders {
    /// Starts the threads.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn start(stream: Stream) -> Result<Self> {
        let pool = pool(stream.threads)?;
        Ok(Self { stream: Arc::new(stream), pool, stop: Arc::default() })
    }

    /// Number of batches to request ahead, enough to keep every thread busy.
    pub fn ahead(&self) -> usize {
        self.pool.current_num_threads() + 1
    }

    /// Size and color mode of the decoded pictures.
    pub fn target(&self) -> Target {
        self.stream.target
    }

    /// Requests a batch of the samples at `indices`.
    pub fn ask(&self, indices: Vec<usize>) -> Promise {
        let (reply, promise) = sync_channel(1);
        let (stream, stop) = (Arc::clone(&self.stream), Arc::clone(&self.stop));
        self.pool.spawn_fifo(move || {
            let batch = SCRATCH.with_borrow_mut(|scratch| stream.batch(&indices, scratch, &stop));
            // The receiver may be gone.
            let _ = batch.map(|batch| reply.send(batch));
        });
        promise
    }
}

impl Drop for Decoders {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
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
            let ask = |indices: &[usize]| decoders.ask(indices.to_vec());
            let promises = [ask(&[3, 1]), ask(&[7]), ask(&[0, 2, 4])];
            promises.map(|promise| promise.recv().unwrap().unwrap())
        };
        let one = batches(1);
        assert_eq!(one[0].len(), 2 * 20 * 30 * 3);
        assert_eq!(one, batches(3));

        let decoders = Decoders::start(stream(&folder.path().join("pictures"), 3)).unwrap();
        let promises: Vec<Promise> = (0..1000).map(|_| decoders.ask((0..8).collect())).collect();
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
        let ask = || decoders.ask(vec![0, 1]).recv().unwrap();
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
        let error = decoders.ask(vec![0, 1]).recv().unwrap().unwrap_err();
        assert!(error.is::<BadPictures>());
        let error = format!("{error:#}");
        assert!(error.contains(&path.display().to_string()), "{error}");
        assert!(error.contains("cannot read the file"), "{error}");
        // The next batch is not affected.
        assert!(decoders.ask(vec![0]).recv().unwrap().is_ok());
    }
}
