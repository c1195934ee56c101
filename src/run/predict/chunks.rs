//! Any number of pictures, decoded in chunks on another thread.

use crate::error::BadPicture;
use crate::pictures::folder::{Folder, Sample};
use crate::pictures::pixels::{Pixels, Target, decode_all};
use crate::run::activity::Counter;
use crate::stop::Stop;
use anyhow::Result;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender};

/// Largest number of pictures in a chunk.
const PICTURES: usize = 512;

/// Largest size of a chunk in bytes, unless a single picture is larger.
const BYTES: usize = 128 << 20;

/// A decoded chunk of the pictures.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// The good pictures. The label of a sample is its position among all pictures of the chunk.
    pub pixels: Pixels,
    /// The bad pictures, in order.
    pub bad: Vec<BadPicture>,
}

/// Decodes pictures in chunks.
pub(crate) struct Chunks<'a> {
    /// The pictures.
    pub paths: &'a [PathBuf],
    /// Size and color mode to decode to.
    pub target: Target,
    /// Number of decoding threads; 0 is one per core.
    pub threads: usize,
    /// Ends the decoding when requested.
    pub stop: &'a Stop,
    /// Counts the pictures.
    pub counter: &'a Counter<'a>,
}

impl Chunks<'_> {
    /// Decodes a chunk for each request and sends it, in order: up to the first error, or until the
    /// other ends are dropped.
    pub fn answer(&self, requests: &Receiver<()>, chunks: &SyncSender<Result<Chunk>>) {
        let count = (BYTES / self.target.bytes()).clamp(1, PICTURES);
        for paths in self.paths.chunks(count) {
            if requests.recv().is_err() {
                return;
            }
            let chunk = self.decode(paths);
            let failed = chunk.is_err();
            if chunks.send(chunk).is_err() || failed {
                return;
            }
        }
    }

    fn decode(&self, paths: &[PathBuf]) -> Result<Chunk> {
        let sample = |(label, path): (usize, &PathBuf)| Sample { path: path.clone(), label };
        let samples = paths.iter().enumerate().map(sample).collect();
        let name = "pictures".to_owned();
        let folder = Folder { path: PathBuf::new(), name, classes: Vec::new(), samples };
        let on_decoded = || self.counter.add(1);
        let (pixels, mut bad) =
            decode_all(&folder, self.target, self.threads, self.stop, &on_decoded)?;
        for picture in &mut bad {
            if !picture.path.exists() {
                picture.reason = "expected a picture or a folder, found nothing".to_owned();
            }
        }
        Ok(Chunk { pixels, bad })
    }
}
