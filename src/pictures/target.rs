//! The format that pictures are decoded to.

use super::aspect::Resize;
use super::background::Background;
use super::depth::Levels;
use super::orientation::ExifOrientation;
use super::picture::{ColorMode, MAX_PIXELS};
use super::resize::Interpolation;
use serde::{Deserialize, Serialize};

/// What pictures are decoded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// RGB or grayscale.
    pub color_mode: ColorMode,
    /// How pictures are resized.
    pub interpolation: Interpolation,
    /// Whether the orientation in EXIF data is applied.
    #[serde(default)]
    pub orientation: ExifOrientation,
    /// How pictures of another aspect ratio are fitted.
    #[serde(default)]
    pub resize: Resize,
    /// Largest picture that is decoded, in pixels. It decides which pictures are good, and so belongs
    /// to what a cache is for.
    #[serde(default = "max_pixels")]
    pub max_pixels: u64,
    /// The color that transparent pictures are laid on; `None` drops their transparency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<Background>,
    /// The values of 16-bit samples that become black and white; `None` keeps their high bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<Levels>,
}

fn max_pixels() -> u64 {
    MAX_PIXELS
}

impl Target {
    /// RGB pictures of `height` by `width` pixels: upright, stretched, the nearest pixels, of the usual
    /// largest size, without transparency, the high bytes of 16 bits.
    pub const fn rgb(height: usize, width: usize) -> Self {
        Self {
            height,
            width,
            color_mode: ColorMode::Rgb,
            interpolation: Interpolation::Nearest,
            orientation: ExifOrientation::Apply,
            resize: Resize::Stretch,
            max_pixels: MAX_PIXELS,
            background: None,
            depth: None,
        }
    }

    /// Bytes per decoded picture: `height · width · channels`.
    pub fn bytes(&self) -> usize {
        self.height * self.width * self.color_mode.channels()
    }
}
