//! Rotation, shift, shear and zoom as one matrix, from output to input.

use super::draw::Transform;
use crate::keras::{Conventions, ShearUnit};

/// Where an output pixel comes from: `row = r[0]·i + r[1]·j + r[2]`, `column` likewise, for
/// output row `i` and column `j`, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine {
    pub row: [f64; 3],
    pub column: [f64; 3],
}

type Matrix = [[f64; 3]; 3];

/// Rotation · Shift · Shear · Zoom, around the profile's centre: Keras's
/// `apply_affine_transform`, in its order of operations.
pub fn affine(
    transform: &Transform,
    conventions: &Conventions,
    (height, width): (usize, usize),
) -> Affine {
    let &Transform { theta, tx, ty, shear, zx, zy, .. } = transform;
    let (sin, cos) = theta.to_radians().sin_cos();
    let shear = match conventions.shear_unit {
        ShearUnit::Radians => shear,
        ShearUnit::Degrees => shear.to_radians(),
    };
    let rotation = [[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]];
    let shift = [[1.0, 0.0, tx], [0.0, 1.0, ty], [0.0, 0.0, 1.0]];
    let shear = [[1.0, -shear.sin(), 0.0], [0.0, shear.cos(), 0.0], [0.0, 0.0, 1.0]];
    let zoom = [[zx, 0.0, 0.0], [0.0, zy, 0.0], [0.0, 0.0, 1.0]];
    let matrix = product(&product(&product(&rotation, &shift), &shear), &zoom);

    let center = [height, width].map(|size| size as f64 / 2.0 + conventions.center_offset);
    let offset = |[x, y]: [f64; 2]| [[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]];
    let centered = product(&product(&offset(center), &matrix), &offset(center.map(|c| -c)));
    let [[a, b, x], [c, d, y], _] = centered;
    if conventions.columns_first {
        Affine { row: [d, c, y], column: [b, a, x] }
    } else {
        Affine { row: [a, b, x], column: [c, d, y] }
    }
}

fn product(left: &Matrix, right: &Matrix) -> Matrix {
    let entry = |i: usize, j: usize| (0..3).map(|k| left[i][k] * right[k][j]).sum();
    [0, 1, 2].map(|i| [0, 1, 2].map(|j| entry(i, j)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keras::KerasProfile;

    #[test]
    fn nothing_drawn_is_exactly_the_identity() {
        for profile in [KerasProfile::V2_0_8, KerasProfile::V2_2, KerasProfile::V3] {
            let found = affine(&Transform::IDENTITY, &profile.conventions(), (150, 97));
            assert_eq!(found, Affine { row: [1.0, 0.0, 0.0], column: [0.0, 1.0, 0.0] });
        }
    }

    /// A quarter turn to the left about the middle of the picture puts its first column at the bottom.
    #[test]
    fn a_quarter_turn_keeps_the_middle() {
        let quarter = Transform { theta: 90.0, ..Transform::IDENTITY };
        let Affine { row, column } = affine(&quarter, &KerasProfile::V3.conventions(), (5, 5));
        let at = |[a, b, c]: [f64; 3], i: f64, j: f64| (a * i + b * j + c).round();
        assert_eq!((at(row, 2.0, 2.0), at(column, 2.0, 2.0)), (2.0, 2.0));
        assert_eq!((at(row, 4.0, 1.0), at(column, 4.0, 1.0)), (1.0, 0.0));
    }
}
