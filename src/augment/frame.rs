//! The frame of a transform: the size of its picture and the conventions of a version of Keras.

use crate::keras::Conventions;

/// What a transform depends on besides its settings and draws: the picture's size and the
/// conventions of a version of Keras.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Rows of the picture.
    pub height: usize,
    /// Columns of the picture.
    pub width: usize,
    /// The conventions of the version of Keras.
    pub conventions: Conventions,
}
