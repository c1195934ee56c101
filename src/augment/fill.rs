//! What stands where a transformed picture shows what lay outside it (`fill_mode` and `cval` of
//! Keras's `apply_affine_transform`, `mode` and `cval` of scipy's `ndimage.affine_transform`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A way to fill what lay outside, by where a picture's row `abcd` is continued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FillMode {
    /// The nearest edge pixel: aaaa|abcd|dddd.
    #[default]
    Nearest,
    /// Mirrored at the edge: dcba|abcd|dcba.
    Reflect,
    /// Started over: bcd|abcd|abc, as scipy's `wrap` with its period of one pixel less.
    Wrap,
    /// One value, `cval`.
    Constant,
}

/// The settings.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Fill {
    /// What stands where a picture shows what lay outside it.
    pub fill_mode: FillMode,
    /// The value outside the picture if `fill_mode` is constant.
    #[schemars(range(min = 0, max = 255), extend("x-value-name" = "LEVEL", "x-unit" = "levels"))]
    pub cval: f64,
}
