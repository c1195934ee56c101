//! The source of a split's pixels.

use super::folder::Sample;
use super::pixels::Pixels;
use super::stream::Stream;

/// Where a loader reads a split's pixels from.
#[derive(Debug)]
pub enum Source {
    /// Decoded pixels, in memory or in a file.
    Held(Pixels),
    /// Picture files, decoded again for every batch.
    Streamed(Stream),
}

impl From<Pixels> for Source {
    fn from(pixels: Pixels) -> Self {
        Self::Held(pixels)
    }
}

impl Source {
    /// The good pictures, in order.
    pub fn samples(&self) -> &[Sample] {
        match self {
            Self::Held(pixels) => &pixels.samples,
            Self::Streamed(stream) => &stream.folder.samples,
        }
    }

    /// The pixels, if they are decoded already.
    pub fn pixels(&self) -> Option<&Pixels> {
        match self {
            Self::Held(pixels) => Some(pixels),
            Self::Streamed(_) => None,
        }
    }
}
