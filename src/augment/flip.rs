//! Flips pictures left to right or upside down, each with probability 1/2: Keras's `flip_axis`,
//! after all other geometric transforms.

use super::frame::Frame;
use super::transform::{Dice, Effect, Geometric, Transform};
use crate::keras::Conventions;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The settings of random flips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Flip {
    /// Flip pictures left to right with probability 1/2.
    pub horizontal_flip: bool,
    /// Flip pictures upside down with probability 1/2.
    pub vertical_flip: bool,
}

/// How a picture is flipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mirrored {
    /// Left to right.
    pub horizontally: bool,
    /// Upside down.
    pub vertically: bool,
}

impl Transform for Flip {
    type Drawn = Mirrored;

    fn draw(&self, _: &Frame, dice: &mut Dice) -> Mirrored {
        Mirrored {
            horizontally: dice.coin() && self.horizontal_flip,
            vertically: dice.coin() && self.vertical_flip,
        }
    }

    fn names(&self) -> Vec<String> {
        let names =
            [("horizontal flip", self.horizontal_flip), ("vertical flip", self.vertical_flip)];
        names.into_iter().filter(|(_, is_on)| *is_on).map(|(name, _)| name.to_owned()).collect()
    }

    fn caption(mirrored: &Mirrored) -> String {
        let caption = match (mirrored.horizontally, mirrored.vertically) {
            (false, false) => "",
            (true, false) => "mirrored",
            (false, true) => "upside down",
            (true, true) => "mirrored, upside down",
        };
        caption.to_owned()
    }
}

impl Geometric for Flip {
    fn effect(mirrored: &Mirrored, _: &Conventions) -> Effect {
        Effect::Flip { horizontal: mirrored.horizontally, vertical: mirrored.vertically }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keras::KerasProfile;
    use crate::random::{Purpose, generator};

    /// `if self.horizontal_flip: if np.random.random() < 0.5`: half of 10,000 pictures, within five
    /// standard deviations of √(10,000 / 4) = 50.
    #[test]
    fn every_other_picture_is_mirrored() {
        let flip = Flip { horizontal_flip: true, vertical_flip: false };
        let frame = Frame { height: 5, width: 5, conventions: KerasProfile::V3.conventions() };
        let draws = (0..10_000).map(|index| {
            let mut dice = Dice::new(generator(1, Purpose::Augmentation, index));
            flip.draw(&frame, &mut dice)
        });
        let draws: Vec<Mirrored> = draws.collect();
        let count = draws.iter().filter(|mirrored| mirrored.horizontally).count();
        assert!(count.abs_diff(5000) < 250, "{count}");
        assert!(draws.iter().all(|mirrored| !mirrored.vertically));
    }
}
