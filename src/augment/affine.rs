//! Affine transforms from the pixels of an output picture to those of its input.

use super::frame::Frame;

/// A matrix on (row, column, 1), in pixels from the center.
pub type Matrix = [[f64; 3]; 3];

/// The identity.
pub const IDENTITY: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// The source of an output pixel: `row = r[0]·i + r[1]·j + r[2]`, `column` likewise, for output row
/// `i` and column `j`, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine {
    /// `r` of the source row: the factors of `i` and `j`, and the offset.
    pub row: [f64; 3],
    /// The same of the source column.
    pub column: [f64; 3],
}

impl Affine {
    /// `matrix` about the center, with the center and the order of axes of the frame's version of
    /// Keras: `transform_matrix_offset_center`, and `apply_affine_transform` in Keras 3.
    pub fn new(matrix: &Matrix, frame: &Frame) -> Self {
        let conventions = &frame.conventions;
        let center =
            [frame.height, frame.width].map(|size| size as f64 / 2.0 + conventions.center_offset);
        let offset = |[x, y]: [f64; 2]| [[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]];
        let centered = product(&product(&offset(center), matrix), &offset(center.map(|c| -c)));
        let [[a, b, x], [c, d, y], _] = centered;
        if conventions.columns_first {
            Self { row: [d, c, y], column: [b, a, x] }
        } else {
            Self { row: [a, b, x], column: [c, d, y] }
        }
    }
}

/// The matrix product `left · right`.
pub fn product(left: &Matrix, right: &Matrix) -> Matrix {
    let entry = |i: usize, j: usize| (0..3).map(|k| left[i][k] * right[k][j]).sum();
    [0, 1, 2].map(|i| [0, 1, 2].map(|j| entry(i, j)))
}
