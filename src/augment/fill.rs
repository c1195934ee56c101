//! The fill of the area outside the original picture: `fill_mode` and `cval` of Keras's
//! `apply_affine_transform`, `mode` and `cval` of scipy's `ndimage.affine_transform`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to fill the area outside the original picture; the examples extend a row `abcd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FillMode {
    /// Repeat the edge pixel: aaaa|abcd|dddd.
    #[default]
    Nearest,
    /// Mirror the picture at the edge: dcba|abcd|dcba.
    Reflect,
    /// Repeat the picture, its last pixel over its first as in scipy: bc|abcd|bc.
    Wrap,
    /// Use the value of cval.
    Constant,
}

/// The settings of the fill.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Fill {
    /// How to fill the area outside the original picture.
    pub fill_mode: FillMode,
    /// Value to fill with in the constant fill mode.
    #[schemars(range(min = 0, max = 255), extend("x-value-name" = "LEVEL", "x-unit" = "levels"))]
    pub cval: f64,
}
