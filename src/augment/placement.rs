//! The sources of an output picture's pixels: all geometric augmentations combined.

use super::affine::{Affine, IDENTITY, product};
use super::frame::Frame;
use super::transform::Effect;

/// The sources of one output picture's pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// The transform.
    pub affine: Affine,
    /// Whether it is flipped left to right after the transform.
    pub flip_horizontal: bool,
    /// Whether it is flipped upside down after the transform.
    pub flip_vertical: bool,
}

/// The axis of a coordinate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// From top to bottom.
    Row,
    /// From left to right.
    Column,
}

/// The source of output pixel `(i, j)` along an axis is `by_row[i] + by_column[j]`, in f64 and
/// added in scipy's order, so that a source halfway between two pixels rounds as in scipy.
impl Placement {
    /// The product of the effects' matrices from left to right, about the center, followed by their
    /// flips: Keras's `apply_transform`.
    pub fn new(effects: &[Effect], frame: &Frame) -> Self {
        let mut matrix = None;
        let (mut flip_horizontal, mut flip_vertical) = (false, false);
        for effect in effects {
            match *effect {
                Effect::Matrix(factor) => {
                    matrix = Some(matrix.map_or(factor, |left| product(&left, &factor)));
                }
                Effect::Flip { horizontal, vertical } => {
                    flip_horizontal ^= horizontal;
                    flip_vertical ^= vertical;
                }
            }
        }
        let affine = Affine::new(&matrix.unwrap_or(IDENTITY), frame);
        Self { affine, flip_horizontal, flip_vertical }
    }

    /// The part of the sources that depends on the output row, with the offset: one value per row.
    pub fn by_row(&self, axis: Axis, height: usize) -> impl Iterator<Item = f64> {
        let [along_rows, _, offset] = self.along(axis);
        positions(height, self.flip_vertical).map(move |row| offset + row * along_rows)
    }

    /// The part of the sources that depends on the output column: one value per column.
    pub fn by_column(&self, axis: Axis, width: usize) -> impl Iterator<Item = f64> {
        let [_, along_columns, _] = self.along(axis);
        positions(width, self.flip_horizontal).map(move |column| column * along_columns)
    }

    fn along(&self, axis: Axis) -> [f64; 3] {
        match axis {
            Axis::Row => self.affine.row,
            Axis::Column => self.affine.column,
        }
    }
}

/// 0, 1, … `size − 1`, or the reverse.
fn positions(size: usize, flipped: bool) -> impl Iterator<Item = f64> {
    (0..size).map(move |index| (if flipped { size - 1 - index } else { index }) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::Draws;
    use crate::augment::config::AugmentConfig;
    use crate::augment::transform::Dice;
    use crate::keras::KerasProfile;
    use crate::random::{Purpose, generator};

    fn nothing_drawn(frame: &Frame) -> Draws {
        let mut dice = Dice::new(generator(1, Purpose::Augmentation, 0));
        AugmentConfig::default().draw(frame, &mut dice)
    }

    #[test]
    fn nothing_drawn_is_exactly_the_identity() {
        for profile in [KerasProfile::V2_0_8, KerasProfile::V2_2, KerasProfile::V3] {
            let frame = Frame { height: 150, width: 97, conventions: profile.conventions() };
            let affine = Affine { row: [1.0, 0.0, 0.0], column: [0.0, 1.0, 0.0] };
            let expected = Placement { affine, flip_horizontal: false, flip_vertical: false };
            assert_eq!(nothing_drawn(&frame).placement(&frame), expected);
            assert_eq!(Placement::new(&[], &frame), expected);
        }
    }

    /// A quarter turn to the left about the center puts the first column at the bottom.
    #[test]
    fn a_quarter_turn_keeps_the_middle() {
        let frame = Frame { height: 5, width: 5, conventions: KerasProfile::V3.conventions() };
        let quarter = Draws { rotation: 90.0, ..nothing_drawn(&frame) };
        let Affine { row, column } = quarter.placement(&frame).affine;
        let at = |[a, b, c]: [f64; 3], i: f64, j: f64| (a * i + b * j + c).round();
        assert_eq!((at(row, 2.0, 2.0), at(column, 2.0, 2.0)), (2.0, 2.0));
        assert_eq!((at(row, 4.0, 1.0), at(column, 4.0, 1.0)), (1.0, 0.0));
    }
}
