//! Rotates a picture about its center by an angle of U(−r, r) degrees: Keras's `random_rotation`. A
//! positive angle rotates clockwise in Keras 2 and counterclockwise in Keras 3, which swapped the
//! axes.

use super::frame::Frame;
use super::transform::{Dice, Effect, Geometric, Transform, named};
use crate::keras::Conventions;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The settings of random rotations.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Rotation {
    /// Rotate pictures by up to this many degrees in either direction.
    #[schemars(range(min = 0, max = 360), extend("x-value-name" = "DEGREES", "x-unit" = "degrees"))]
    pub rotation_range: f64,
}

impl Transform for Rotation {
    /// θ in degrees.
    type Drawn = f64;

    fn draw(&self, _: &Frame, dice: &mut Dice) -> f64 {
        dice.within(self.rotation_range)
    }

    fn names(&self) -> Vec<String> {
        named("rotation", self.rotation_range).into_iter().collect()
    }

    fn caption(theta: &f64) -> String {
        format!("{theta:+.0}°")
    }
}

impl Geometric for Rotation {
    /// `[[cos θ, −sin θ, 0], [sin θ, cos θ, 0], [0, 0, 1]]`.
    fn effect(theta: &f64, _: &Conventions) -> Effect {
        let (sin, cos) = theta.to_radians().sin_cos();
        Effect::Matrix([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keras::KerasProfile;

    /// cos 30° = √3 / 2 = 0.8660254, sin 30° = 0.5.
    #[test]
    fn the_matrix_is_keras_s() {
        let effect = Rotation::effect(&30.0, &KerasProfile::V3.conventions());
        let Effect::Matrix(found) = effect else { panic!("{effect:?}") };
        let expected = [[0.866_025_4, -0.5, 0.0], [0.5, 0.866_025_4, 0.0], [0.0, 0.0, 1.0]];
        for (found, expected) in found.as_flattened().iter().zip(expected.as_flattened()) {
            assert!((found - expected).abs() < 1e-7, "{found} {expected}");
        }
    }
}
