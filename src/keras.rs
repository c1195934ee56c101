//! The conventions in which versions of Keras differ, as a table by version.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of Keras whose arithmetic is reproduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum KerasProfile {
    /// Keras 2.0.8 (2017), used by the book.
    #[default]
    #[serde(rename = "2.0.8")]
    V2_0_8,
    /// Keras 2.2 with Keras-Preprocessing 1.1.
    #[serde(rename = "2.2")]
    V2_2,
    /// Keras 3.
    #[serde(rename = "3")]
    V3,
}

/// Where RMSprop adds ε; a is the mean of the squared gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EpsilonPlace {
    /// √a + ε, as in Keras 2.
    OutsideRoot,
    /// √(a + ε), as in Keras 3.
    InsideRoot,
}

/// The unit of `shear_range`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShearUnit {
    /// Radians.
    Radians,
    /// Degrees.
    Degrees,
}

/// How values between pixels are interpolated: the spline order of scipy's `affine_transform`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InterpolationOrder {
    /// Order 0: the nearest pixel.
    Nearest,
    /// Order 1: bilinear.
    Linear,
}

/// How epochs relate to passes over the pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Iteration {
    /// An epoch starts where the previous one ended and may be longer or shorter than a pass.
    Endless,
    /// Every epoch starts a new pass and is at most one pass long.
    WholePass,
}

/// The conventions of one version of Keras where versions differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conventions {
    /// RMSprop's ε.
    pub epsilon: f64,
    /// Where RMSprop adds ε.
    pub epsilon_place: EpsilonPlace,
    /// The unit of `shear_range`.
    pub shear_unit: ShearUnit,
    /// How geometric augmentations interpolate.
    pub interpolation_order: InterpolationOrder,
    /// The fixed point of rotation, shear and zoom, in pixels relative to (height / 2, width / 2):
    /// −0.5 is the center of the picture.
    pub center_offset: f64,
    /// Whether the transform's matrix acts on (column, row) rather than (row, column).
    pub columns_first: bool,
    /// Whether a shift range of 1 or more is in pixels rather than a fraction of the height or
    /// width.
    pub shift_in_pixels_from_one: bool,
    /// Whether `channel_shift_range` draws one shift per channel rather than one for all channels.
    pub shift_per_channel: bool,
    /// Whether `brightness_range` first stretches a picture's values to 0..=255.
    pub brightness_stretches: bool,
    /// How epochs relate to passes over the pictures.
    pub iteration: Iteration,
}

impl KerasProfile {
    /// The name in the `keras` setting: `2.0.8`, `2.2` or `3`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V2_0_8 => "2.0.8",
            Self::V2_2 => "2.2",
            Self::V3 => "3",
        }
    }

    /// The conventions of this version. Sources: `keras/preprocessing/image.py` and `optimizers.py`
    /// of Keras 2.0.8, `affine_transformations.py` of Keras-Preprocessing 1.1.2,
    /// `legacy/preprocessing/image.py` and `optimizers/rmsprop.py` of Keras 3.15.
    pub const fn conventions(self) -> Conventions {
        match self {
            Self::V2_0_8 => Conventions {
                epsilon: 1e-8,
                epsilon_place: EpsilonPlace::OutsideRoot,
                shear_unit: ShearUnit::Radians,
                interpolation_order: InterpolationOrder::Nearest,
                center_offset: 0.5,
                columns_first: false,
                shift_in_pixels_from_one: false,
                shift_per_channel: true,
                // 2.0.8 has no brightness_range; follows Keras 3.
                brightness_stretches: false,
                iteration: Iteration::Endless,
            },
            Self::V2_2 => Conventions {
                epsilon: 1e-7,
                epsilon_place: EpsilonPlace::OutsideRoot,
                shear_unit: ShearUnit::Degrees,
                interpolation_order: InterpolationOrder::Linear,
                center_offset: 0.5,
                columns_first: false,
                shift_in_pixels_from_one: true,
                shift_per_channel: false,
                brightness_stretches: true,
                iteration: Iteration::Endless,
            },
            Self::V3 => Conventions {
                epsilon: 1e-7,
                epsilon_place: EpsilonPlace::InsideRoot,
                shear_unit: ShearUnit::Degrees,
                interpolation_order: InterpolationOrder::Linear,
                center_offset: -0.5,
                columns_first: true,
                shift_in_pixels_from_one: true,
                shift_per_channel: false,
                brightness_stretches: false,
                iteration: Iteration::WholePass,
            },
        }
    }
}
