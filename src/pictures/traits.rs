//! What decoding notices about a picture that may look other than meant.

use serde::{Deserialize, Serialize};

/// Levels between the darkest and the brightest value of a channel below which it has one color.
pub const FLAT: u8 = 16;

/// What decoding noticed about a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Traits {
    /// Whether 1 % of the pixels or more are transparent, and their transparency was dropped.
    pub is_transparent: bool,
    /// The lowest and the highest color sample, of 16 bits per sample.
    pub range: Option<(u16, u16)>,
    /// Whether the pixels, as resized, are nearly of one color: those of a channel differ by less
    /// than [`FLAT`].
    pub is_flat: bool,
}

impl Traits {
    /// Whether there is nothing to say.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Whether 16-bit samples use less than a quarter of their range, such as 12 bits, whose high
    /// bytes are nearly equal.
    pub fn is_narrow(&self) -> bool {
        self.range.is_some_and(|(low, high)| high - low < 1 << 14)
    }
}

/// Whether so many of a picture's pixels are transparent that it matters.
pub(super) fn is_transparent(clear: usize, pixels: usize) -> bool {
    clear > 0 && clear.saturating_mul(100) >= pixels
}

/// Whether an opacity counts as transparent.
pub(super) fn is_clear(alpha: u8) -> bool {
    alpha < 128
}

/// Whether pixels are nearly of one color; of most pictures, the first few tell.
pub(super) fn is_flat(pixels: &[u8], channels: usize) -> bool {
    let (mut low, mut high) = ([u8::MAX; 3], [u8::MIN; 3]);
    pixels.chunks_exact(channels).all(|pixel| {
        pixel.iter().enumerate().all(|(channel, &value)| {
            low[channel] = low[channel].min(value);
            high[channel] = high[channel].max(value);
            high[channel] - low[channel] < FLAT
        })
    })
}
