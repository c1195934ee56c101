//! Shifts a picture horizontally and vertically by U(−r, r) of its width and height: Keras's
//! `random_shift`. A range of 1 or more is in pixels, except in Keras 2.0.8.

use super::frame::Frame;
use super::transform::{Dice, Effect, Geometric, Transform, named};
use crate::keras::Conventions;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The settings of random shifts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Shift {
    /// Shift pictures left or right by up to this share of the width; values from 1 are pixels,
    /// except in Keras 2.0.8.
    #[schemars(
        range(min = 0, max = 4096),
        extend("x-value-name" = "SHARE", "x-unit" = "widths, or pixels from 1 on")
    )]
    pub width_shift_range: f64,
    /// Shift pictures up or down by up to this share of the height; values from 1 are pixels,
    /// except in Keras 2.0.8.
    #[schemars(
        range(min = 0, max = 4096),
        extend("x-value-name" = "SHARE", "x-unit" = "heights, or pixels from 1 on")
    )]
    pub height_shift_range: f64,
}

/// The offset from an output pixel to its source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offset {
    /// Down, in pixels: Keras's tx.
    pub rows: f64,
    /// To the right, in pixels: Keras's ty.
    pub columns: f64,
}

impl Transform for Shift {
    type Drawn = Offset;

    fn draw(&self, frame: &Frame, dice: &mut Dice) -> Offset {
        let pixels = |range: f64, size: usize| {
            let in_pixels = range >= 1.0 && frame.conventions.shift_in_pixels_from_one;
            if in_pixels { range } else { range * size as f64 }
        };
        Offset {
            rows: dice.within(pixels(self.height_shift_range, frame.height)),
            columns: dice.within(pixels(self.width_shift_range, frame.width)),
        }
    }

    fn names(&self) -> Vec<String> {
        let names = [
            named("width shift", self.width_shift_range),
            named("height shift", self.height_shift_range),
        ];
        names.into_iter().flatten().collect()
    }

    fn caption(offset: &Offset) -> String {
        format!("shift {:+.0}, {:+.0}", offset.columns, offset.rows)
    }
}

impl Geometric for Shift {
    /// `[[1, 0, tx], [0, 1, ty], [0, 0, 1]]`.
    fn effect(offset: &Offset, _: &Conventions) -> Effect {
        let &Offset { rows, columns } = offset;
        Effect::Matrix([[1.0, 0.0, rows], [0.0, 1.0, columns], [0.0, 0.0, 1.0]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keras::KerasProfile;
    use crate::random::{Purpose, generator};

    /// `tx = uniform(−r, r)`, times the height if r < 1 or Keras is 2.0.8: of 100 rows, a range of
    /// 2 is 200 rows in Keras 2.0.8 and 2 rows since; one of 0.5 is 50 rows in all versions.
    #[test]
    fn large_shifts_are_pixels_since_2_2() {
        let farthest = |profile: KerasProfile, range: f64| {
            let shift = Shift { height_shift_range: range, width_shift_range: 0.0 };
            let frame = Frame { height: 100, width: 50, conventions: profile.conventions() };
            let draw = |index| {
                let mut dice = Dice::new(generator(1, Purpose::Augmentation, index));
                shift.draw(&frame, &mut dice).rows.abs()
            };
            (0..1000).map(draw).fold(0.0, f64::max)
        };
        for (profile, range, most) in [
            (KerasProfile::V2_0_8, 2.0, 200.0),
            (KerasProfile::V2_2, 2.0, 2.0),
            (KerasProfile::V3, 2.0, 2.0),
            (KerasProfile::V2_0_8, 0.5, 50.0),
            (KerasProfile::V3, 0.5, 50.0),
        ] {
            let found = farthest(profile, range);
            assert!(found <= most && found > 0.98 * most, "{profile:?} {range}: {found}");
        }
    }
}
