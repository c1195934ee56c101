//! Shears a picture by an angle of U(−r, r), in radians in Keras 2.0.8 and in degrees since:
//! Keras's `random_shear`.

use super::frame::Frame;
use super::transform::{Dice, Effect, Geometric, Transform, named};
use crate::keras::{Conventions, ShearUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The settings of random shears.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Shear {
    /// Shear pictures by up to this angle in either direction: radians in Keras 2.0.8, degrees
    /// since.
    #[schemars(
        range(min = 0, max = 90),
        extend("x-value-name" = "ANGLE", "x-unit" = "radians in Keras 2.0.8, else degrees")
    )]
    pub shear_range: f64,
}

impl Transform for Shear {
    /// The angle s, in the unit of the version of Keras.
    type Drawn = f64;

    fn draw(&self, _: &Frame, dice: &mut Dice) -> f64 {
        dice.within(self.shear_range)
    }

    fn names(&self) -> Vec<String> {
        named("shear", self.shear_range).into_iter().collect()
    }

    fn caption(shear: &f64) -> String {
        format!("shear {shear:+.2}")
    }
}

impl Geometric for Shear {
    /// `[[1, −sin s, 0], [0, cos s, 0], [0, 0, 1]]`.
    fn effect(shear: &f64, conventions: &Conventions) -> Effect {
        let shear = match conventions.shear_unit {
            ShearUnit::Radians => *shear,
            ShearUnit::Degrees => shear.to_radians(),
        };
        Effect::Matrix([[1.0, -shear.sin(), 0.0], [0.0, shear.cos(), 0.0], [0.0, 0.0, 1.0]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keras::KerasProfile;

    /// sin 0.2 = 0.1986693 and cos 0.2 = 0.9800666; 0.2° is 0.0034907, whose sine is the same to
    /// seven digits and whose cosine is 1 − 0.0034907² / 2 = 0.9999939.
    #[test]
    fn the_unit_is_the_version_s() {
        for (profile, sin, cos) in [
            (KerasProfile::V2_0_8, 0.198_669_3, 0.980_066_6),
            (KerasProfile::V2_2, 0.003_490_7, 0.999_993_9),
            (KerasProfile::V3, 0.003_490_7, 0.999_993_9),
        ] {
            let effect = Shear::effect(&0.2, &profile.conventions());
            let Effect::Matrix([[_, above, _], [_, diagonal, _], _]) = effect else {
                panic!("{effect:?}")
            };
            assert!((above + sin).abs() < 1e-7, "{profile:?}: {above}");
            assert!((diagonal - cos).abs() < 1e-7, "{profile:?}: {diagonal}");
        }
    }
}
