//! Adds U(−r, r) levels to the values of a picture, clipped to its smallest and largest value:
//! Keras's `random_channel_shift`. Keras 2.0.8 draws once per channel, later versions once per
//! picture.

use super::frame::Frame;
use super::transform::{Color, Dice, Transform, named};
use crate::keras::Conventions;
use crate::machine::device::upload;
use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// The settings of random channel shifts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ChannelShift {
    /// Shift channel values up or down by up to this many of 255 levels.
    #[schemars(range(min = 0, max = 255), extend("x-value-name" = "LEVELS", "x-unit" = "levels"))]
    pub channel_shift_range: f64,
}

impl Transform for ChannelShift {
    /// The levels added to each of up to three channels.
    type Drawn = [f64; 3];

    fn draw(&self, frame: &Frame, dice: &mut Dice) -> [f64; 3] {
        let shifts = [(); 3].map(|()| dice.within(self.channel_shift_range));
        if frame.conventions.shift_per_channel { shifts } else { [shifts[0]; 3] }
    }

    fn names(&self) -> Vec<String> {
        named("channel shift", self.channel_shift_range).into_iter().collect()
    }

    fn caption([first, second, third]: &[f64; 3]) -> String {
        format!("channels {first:+.0}, {second:+.0}, {third:+.0}")
    }
}

impl Color for ChannelShift {
    /// `clip(x + shift, min(x), max(x))`.
    fn recolor(images: &Tensor, drawn: &[[f64; 3]], _: &Conventions) -> Result<Tensor> {
        let (count, _, _, channels) = images.size4()?;
        let shifts: Vec<f32> = drawn
            .iter()
            .flat_map(|shifts| shifts.iter().take(channels as usize))
            .map(|&shift| shift as f32)
            .collect();
        let shifts = Tensor::f_from_slice(&shifts)?.f_reshape([count, 1, 1, channels])?;
        let shifts = upload(&shifts, images.device())?;
        let (low, high) = (images.f_amin([1, 2, 3], true)?, images.f_amax([1, 2, 3], true)?);
        Ok(images.f_add(&shifts)?.f_clamp_tensor(Some(&low), Some(&high))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keras::KerasProfile;

    /// Two pixels, (10, 100, 250) and (20, 30, 40): adding 20, −5 and 9 gives (30, 95, 259) and
    /// (40, 25, 49), of which 259 is above the picture's largest value.
    #[test]
    fn values_stay_between_the_smallest_and_the_largest() {
        let picture = [10.0f32, 100.0, 250.0, 20.0, 30.0, 40.0];
        let picture = Tensor::from_slice(&picture).reshape([1, 1, 2, 3]);
        let conventions = KerasProfile::V2_0_8.conventions();
        let found = ChannelShift::recolor(&picture, &[[20.0, -5.0, 9.0]], &conventions).unwrap();
        let found = Vec::<f32>::try_from(found.flatten(0, -1)).unwrap();
        assert_eq!(found, [30.0, 95.0, 250.0, 40.0, 25.0, 49.0]);
    }
}
