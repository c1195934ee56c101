//! The square windows that convolutions and poolings look through.

use crate::nn::onnx::AttributeProto;
use anyhow::{Result, bail};

/// The border around the input of a convolution, where it is zero, or of a pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// None.
    Valid,
    /// TensorFlow's `same`: the output's size is the input's divided by the strides, rounded up; an
    /// odd border is wider at the end.
    Same,
    /// One row below and one column on the right: Keras's `ZeroPadding2D(((0, 1), (0, 1)))`.
    End,
    /// This many pixels on each of the four sides, as in PyTorch.
    Around(i64),
}

/// Square windows on an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// Height and width of a window.
    pub size: i64,
    /// Pixels from one window to the next, in both directions.
    pub strides: i64,
    /// The border around the input.
    pub padding: Padding,
}

impl Windows {
    /// Adjacent windows; a remainder smaller than a window is ignored.
    pub const fn tiled(size: i64) -> Self {
        Self { size, strides: size, padding: Padding::Valid }
    }

    /// The border before and after a side of this length.
    pub fn border(self, side: i64) -> (i64, i64) {
        match self.padding {
            Padding::Valid => (0, 0),
            Padding::Same => {
                let output = (side + self.strides - 1) / self.strides;
                let border = ((output - 1) * self.strides + self.size - side).max(0);
                (border / 2, border - border / 2)
            }
            Padding::End => (0, 1),
            Padding::Around(border) => (border, border),
        }
    }

    /// How many windows fit along a side of this length; 0 or less if it is too short for one.
    pub(super) fn count(self, side: i64) -> i64 {
        let (before, after) = self.border(side);
        (side + before + after - self.size).div_euclid(self.strides) + 1
    }

    /// The attributes of an ONNX operator with these windows on an input of `[H, W, C]`.
    ///
    /// # Errors
    /// If the input has other axes.
    pub(super) fn attributes(self, input: &[i64]) -> Result<Vec<AttributeProto>> {
        let &[height, width, _] = input else { bail!("expected [H, W, C], found {input:?}") };
        let ((top, bottom), (left, right)) = (self.border(height), self.border(width));
        Ok(vec![
            AttributeProto::ints("kernel_shape", &[self.size; 2]),
            AttributeProto::ints("strides", &[self.strides; 2]),
            AttributeProto::ints("pads", &[top, left, bottom, right]),
        ])
    }
}
