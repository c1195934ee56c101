//! Sampling: the values between and outside the pixels of a picture.

use super::fill::Fill;
use crate::keras::InterpolationOrder;

/// How to compute values between and outside the pixels of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// The interpolation between pixels.
    pub order: InterpolationOrder,
    /// The fill outside the picture.
    pub fill: Fill,
}
