//! The settings of decoding pictures.

use super::aspect::Resize;
use super::background::Background;
use super::cache::CachePolicy;
use super::depth::Depth;
use super::image_size::ImageSize;
use super::orientation::ExifOrientation;
use super::picture::MAX_PIXELS;
use super::resize::Interpolation;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How pictures become pixels of one size, and where these are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PictureConfig {
    /// Size to resize pictures to, in pixels: 150, or HEIGHTxWIDTH.
    #[schemars(extend("x-group" = "Pictures"))]
    pub image_size: ImageSize,
    /// How to resample pictures when resizing them.
    pub interpolation: Interpolation,
    /// How to fit pictures of another aspect ratio into the image size.
    #[serde(default)]
    pub resize: Resize,
    /// What to do with the orientation in a picture's EXIF data.
    #[serde(default = "ExifOrientation::ignored")]
    pub exif_orientation: ExifOrientation,
    /// Color to lay transparent pictures on: white, black or RRGGBB; none to drop their transparency,
    /// as Pillow's convert('RGB') does.
    #[serde(default)]
    pub background: Option<Background>,
    /// Values of 16-bit samples that become black and white: auto for the range that the training
    /// pictures use, or LOW-HIGH, such as 0-4095 for 12 bits; none to keep the high byte.
    #[serde(default)]
    pub depth: Option<Depth>,
    /// Skip files that cannot be used as pictures, and list them.
    pub skip_bad_pictures: bool,
    /// Largest picture that is decoded, in pixels.
    #[serde(default = "max_pixels")]
    #[schemars(range(min = 1, max = 4_294_967_295_u32), extend("x-value-name" = "N", "x-resume" = 0))]
    pub max_pixels: u64,
    /// Number of threads that decode pictures; none for one per core.
    #[schemars(range(min = 1, max = 65_536), extend("x-value-name" = "N", "x-resume" = null))]
    pub loader_threads: Option<usize>,
    /// Where to keep decoded pictures.
    #[serde(default)]
    #[schemars(extend("x-resume" = "auto"))]
    pub cache: CachePolicy,
}

impl PictureConfig {
    /// The defaults, for pictures of this size.
    pub fn of(image_size: ImageSize) -> Self {
        Self {
            image_size,
            interpolation: Interpolation::default(),
            resize: Resize::default(),
            exif_orientation: ExifOrientation::default(),
            background: None,
            depth: None,
            skip_bad_pictures: false,
            max_pixels: MAX_PIXELS,
            loader_threads: None,
            cache: CachePolicy::default(),
        }
    }
}

/// The limit of runs from before it was a setting.
fn max_pixels() -> u64 {
    MAX_PIXELS
}
