//! Buffers for decoding one file after the other.

use super::aspect::Fitter;
use super::decode;
use super::file::read_within;
use super::picture::{LARGEST_LIMIT, Picture};
use super::resize::shrunk;
use super::target::Target;
use super::traits::{Traits, is_flat};
use anyhow::Result;
use std::path::Path;
use twox_hash::XxHash3_64;

/// Bytes of a buffer that is kept for the next picture.
const KEPT: usize = 128 << 20;

/// Buffers that a thread reuses from file to file.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    file: Vec<u8>,
    picture: Picture,
    fitter: Fitter,
    /// What was noticed about the picture that was last decoded.
    pub traits: Traits,
}

impl Scratch {
    /// Decodes and resizes one file into `slot`, `target.bytes()` bytes.
    pub fn decode(&mut self, path: &Path, target: Target, slot: &mut [u8]) -> Result<()> {
        self.read(path, target.max_pixels)?;
        self.decode_file(target, slot)
    }

    /// Reads a file; returns the XXH3 of its bytes.
    pub fn hash(&mut self, path: &Path) -> Result<u64> {
        // A picture keeps its hash under any limit.
        self.read(path, LARGEST_LIMIT)?;
        Ok(self.content())
    }

    /// As [`hash`](Self::hash), of what is read to decode the file to `target`.
    pub fn hash_for(&mut self, path: &Path, target: Target) -> Result<u64> {
        self.read(path, target.max_pixels)?;
        Ok(self.content())
    }

    /// XXH3 of what was read last.
    pub fn content(&self) -> u64 {
        XxHash3_64::oneshot(&self.file)
    }

    /// Decodes and resizes the file that was last read into `slot`, `target.bytes()` bytes.
    pub fn decode_file(&mut self, target: Target, slot: &mut [u8]) -> Result<()> {
        let file = std::mem::take(&mut self.file);
        let decoded = self.decode_bytes(&file, target, slot, None);
        self.file = file;
        decoded.map(drop)
    }

    /// Decodes and resizes the bytes of a file into `slot`, `target.bytes()` bytes. With `longest`, also
    /// returns the picture before that, [`shrunk`] to this side.
    pub fn decode_bytes(
        &mut self,
        bytes: &[u8],
        target: Target,
        slot: &mut [u8],
        longest: Option<usize>,
    ) -> Result<Option<Picture>> {
        let Target { height, width, interpolation, resize, .. } = target;
        let picture = &mut self.picture;
        self.traits = decode::decode_to(bytes, &target, picture)?;
        self.fitter.fit(picture, (height, width), resize, interpolation, slot);
        self.traits.is_flat = is_flat(slot, picture.channels);
        let shown = longest.map(|longest| shrunk(picture, longest));
        // A single huge picture does not keep its memory until the end of the run.
        if picture.pixels.capacity() > KEPT {
            picture.pixels = Vec::new();
        }
        Ok(shown)
    }

    /// The picture in a file, [`shrunk`] to the side `longest`.
    pub fn shown(&mut self, path: &Path, target: Target, longest: usize) -> Result<Picture> {
        self.read(path, target.max_pixels)?;
        decode::decode_to(&self.file, &target, &mut self.picture)?;
        Ok(shrunk(&self.picture, longest))
    }

    /// Checks one file without decoding it.
    pub fn check(&mut self, path: &Path, target: Target) -> Result<()> {
        self.read(path, target.max_pixels)?;
        decode::check_within(target.max_pixels, &self.file)
    }

    fn read(&mut self, path: &Path, max_pixels: u64) -> Result<()> {
        if self.file.capacity() > KEPT {
            self.file = Vec::new();
        }
        read_within(max_pixels, path, &mut self.file)
    }
}
