//! Which Keras is followed where its versions differ, as one table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A version of Keras whose arithmetic is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum KerasProfile {
    /// Keras 2.0.8 of 2017, the book's.
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

/// Where RMSprop's ε stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EpsilonPlace {
    /// √a + ε: Keras 2.
    OutsideRoot,
    /// √(a + ε): Keras 3.
    InsideRoot,
}

/// What the number given as `shear_range` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShearUnit {
    Radians,
    Degrees,
}

/// How a value between pixels is found: scipy's spline orders 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InterpolationOrder {
    Nearest,
    Linear,
}

/// What happens to the position in the pictures when an epoch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Iteration {
    /// It is carried into the next epoch; an epoch may be longer or shorter than a pass.
    Endless,
    /// Every epoch is a new pass, and ends with it at the latest.
    WholePass,
}

/// What one version of Keras does where versions differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conventions {
    /// RMSprop's ε.
    pub epsilon: f64,
    pub epsilon_place: EpsilonPlace,
    pub shear_unit: ShearUnit,
    pub interpolation_order: InterpolationOrder,
    /// The fixed point of rotation, shear and zoom, in pixels from half the height and half the
    /// width: −0.5 is the middle of the picture.
    pub center_offset: f64,
    /// Whether the matrix is taken as one on (column, row) instead of (row, column).
    pub columns_first: bool,
    /// Whether a shift range of 1 or more counts pixels, not heights and widths.
    pub shift_in_pixels_from_one: bool,
    /// Whether `channel_shift_range` draws a shift for each channel, not one for all.
    pub shift_per_channel: bool,
    /// Whether `brightness_range` first stretches a picture's values to 0..=255.
    pub brightness_stretches: bool,
    pub iteration: Iteration,
}

impl KerasProfile {
    /// The name by which `--keras` takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V2_0_8 => "2.0.8",
            Self::V2_2 => "2.2",
            Self::V3 => "3",
        }
    }

    /// The table. Sources: `keras/preprocessing/image.py` and `optimizers.py` of Keras 2.0.8,
    /// `affine_transformations.py` of Keras-Preprocessing 1.1.2, `legacy/preprocessing/image.py`
    /// and `optimizers/rmsprop.py` of Keras 3.15.
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
                // 2.0.8 had no brightness_range; it is taken as Keras 3 does it.
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
