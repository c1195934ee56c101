//! Where pixels come from.

use super::folder::Sample;
use super::pixels::Pixels;
use super::stream::Stream;

/// Where a loader takes the pixels of a split from.
#[derive(Debug)]
pub enum Source {
    /// Memory, or a file mapped into it.
    Held(Pixels),
    /// The files, decoded for each batch anew.
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
            Self::Held(Pixels { samples, .. }) | Self::Streamed(Stream { samples, .. }) => samples,
        }
    }

    /// The pixels, if they are held.
    pub fn pixels(&self) -> Option<&Pixels> {
        match self {
            Self::Held(pixels) => Some(pixels),
            Self::Streamed(_) => None,
        }
    }
}
