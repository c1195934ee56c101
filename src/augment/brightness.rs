//! Multiplies a picture by a factor of U(low, high), in whole levels like Pillow's
//! `ImageEnhance.Brightness`: Keras's `apply_brightness_shift`. Keras 2.2 first stretches the
//! values to 0..=255; Keras 2.0.8 has no brightness shift and gets Keras 3's here.

use super::frame::Frame;
use super::pair::{self, Written};
use super::transform::{Color, Dice, Transform};
use crate::error::{ensure_or, fault};
use crate::keras::Conventions;
use crate::machine::device::upload;
use anyhow::Result;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use tch::{Kind, Tensor};

/// The settings of random brightness.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Brightness {
    /// Multiply the brightness of pictures by a random factor from LOW to HIGH.
    pub brightness_range: Option<BrightnessRange>,
}

/// The range of the factor: `[low, high]` in JSON, also read from the text `0.8,1.2`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "[f64; 2]")]
pub struct BrightnessRange {
    /// The lowest factor, 0 or more.
    pub low: f64,
    /// The highest factor, at most 100.
    pub high: f64,
}

/// How errors about a range begin.
const EXPECTED: &str = "expected `brightness_range` LOW,HIGH with 0 <= LOW <= HIGH <= 100";

impl BrightnessRange {
    /// The range from `low` to `high`.
    ///
    /// # Errors
    /// Unless 0 ≤ low ≤ high ≤ 100.
    pub fn new(low: f64, high: f64) -> Result<Self> {
        ensure_or!(
            Setting,
            low >= 0.0 && low <= high && high <= 100.0,
            "{EXPECTED}, found {low},{high}"
        );
        Ok(Self { low, high })
    }
}

impl TryFrom<Value> for BrightnessRange {
    type Error = anyhow::Error;

    fn try_from(value: Value) -> Result<Self> {
        match Written::read(&value) {
            Some(Written::Pair(low, high)) => Self::new(low, high),
            _ => fault!(Setting, "{EXPECTED}, found {value}"),
        }
    }
}

impl From<BrightnessRange> for [f64; 2] {
    fn from(range: BrightnessRange) -> Self {
        [range.low, range.high]
    }
}

impl JsonSchema for BrightnessRange {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "BrightnessRange".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        pair::schema("LOW,HIGH")
    }
}

impl Transform for Brightness {
    /// The factor.
    type Drawn = f64;

    fn draw(&self, _: &Frame, dice: &mut Dice) -> f64 {
        let none = BrightnessRange { low: 1.0, high: 1.0 };
        let BrightnessRange { low, high } = self.brightness_range.unwrap_or(none);
        dice.between(low, high)
    }

    fn check(&self) -> Result<()> {
        match self.brightness_range {
            Some(BrightnessRange { low, high }) => BrightnessRange::new(low, high).map(drop),
            None => Ok(()),
        }
    }

    fn names(&self) -> Vec<String> {
        let name =
            |BrightnessRange { low, high }: BrightnessRange| format!("brightness {low} to {high}");
        self.brightness_range.map(name).into_iter().collect()
    }

    fn caption(factor: &f64) -> String {
        format!("brightness {factor:.2}")
    }
}

impl Color for Brightness {
    /// `trunc(clip(trunc(x) · factor, 0, 255))`, after stretching x to
    /// `(x − min) / (max − min) · 255` in versions of Keras that do.
    fn recolor(images: &Tensor, drawn: &[f64], conventions: &Conventions) -> Result<Tensor> {
        let factors: Vec<f32> = drawn.iter().map(|&factor| factor as f32).collect();
        let factors = Tensor::f_from_slice(&factors)?.f_reshape([images.size()[0], 1, 1, 1])?;
        let factors = upload(&factors, images.device())?;
        let stretched = if conventions.brightness_stretches {
            let above = images.f_sub(&images.f_amin([1, 2, 3], true)?)?;
            // A picture of a single value becomes black, not NaN.
            let highest = above.f_amax([1, 2, 3], true)?;
            let divisor = highest.f_masked_fill(&highest.f_eq(0.0)?, 1.0)?;
            above.f_div(&divisor)?.f_mul_scalar_(255.0)?
        } else {
            images.f_to_kind(Kind::Float)?
        };
        Ok(stretched.f_trunc()?.f_mul_(&factors)?.f_clamp_(0.0, 255.0)?.f_trunc_()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keras::KerasProfile;

    /// One pixel (50, 101, 200) times 1.5 is (75, 151.5, 300): (75, 151, 255). Stretched first, it
    /// is (0, 51 / 150 · 255 = 86.7, 255), and 86 · 1.5 = 129.
    #[test]
    fn levels_are_whole_and_stretched_in_keras_2_2() {
        let picture = Tensor::from_slice(&[50.0f32, 101.0, 200.0]).reshape([1, 1, 1, 3]);
        for (profile, expected) in [
            (KerasProfile::V2_0_8, [75.0, 151.0, 255.0]),
            (KerasProfile::V2_2, [0.0, 129.0, 255.0]),
            (KerasProfile::V3, [75.0, 151.0, 255.0]),
        ] {
            let found = Brightness::recolor(&picture, &[1.5], &profile.conventions()).unwrap();
            let found = Vec::<f32>::try_from(found.flatten(0, -1)).unwrap();
            assert_eq!(found, expected, "{profile:?}");
        }
    }

    #[test]
    fn a_range_is_read_from_a_pair_or_text() {
        let read = |json: &str| serde_json::from_str::<Brightness>(json);
        let expected = BrightnessRange { low: 0.5, high: 1.5 };
        for range in ["[0.5, 1.5]", "\"0.5,1.5\""] {
            let found = read(&format!("{{\"brightness_range\": {range}}}")).unwrap();
            assert_eq!(found.brightness_range, Some(expected));
        }
        assert_eq!(read("{\"brightness_range\": null}").unwrap(), Brightness::default());
        for wrong in ["1", "[-1, 1]", "[1.5, 0.5]", "\"1\"", "\"nan,1\""] {
            let error = read(&format!("{{\"brightness_range\": {wrong}}}")).unwrap_err();
            let error = error.to_string();
            assert!(error.contains("expected `brightness_range` LOW,HIGH"), "{wrong}: {error}");
        }
    }
}
