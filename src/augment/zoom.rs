//! Zooms a picture along rows and columns, each by a step of U(low, high) input pixels per output
//! pixel; below 1 magnifies: Keras's `random_zoom`.

use super::frame::Frame;
use super::pair::{self, Written};
use super::transform::{Dice, Effect, Geometric, Transform};
use crate::error::{ensure_or, fault};
use crate::keras::Conventions;
use anyhow::Result;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;

/// The settings of random zooms.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Zoom {
    /// Zoom height and width each by a random factor from 1 - Z to 1 + Z, or from LOW to HIGH;
    /// below 1 magnifies.
    pub zoom_range: ZoomRange,
}

/// The range of the step: `[low, high]` in JSON, also read from a number z for 1 − z to 1 + z, and
/// from the texts `0.2` and `0.8,1.2`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "[f64; 2]")]
pub struct ZoomRange {
    /// The lowest step, above 0.
    pub low: f64,
    /// The highest step, at most 100.
    pub high: f64,
}

/// How errors about a range begin.
const EXPECTED: &str =
    "expected `zoom_range` of 0 or more and below 1, or LOW,HIGH with 0 < LOW <= HIGH <= 100";

impl ZoomRange {
    /// The range from `low` to `high`.
    ///
    /// # Errors
    /// Unless 0 < low ≤ high ≤ 100.
    pub fn new(low: f64, high: f64) -> Result<Self> {
        ensure_or!(
            Setting,
            low > 0.0 && low <= high && high <= 100.0,
            "{EXPECTED}, found {low},{high}"
        );
        Ok(Self { low, high })
    }
}

/// 1 to 1, which changes nothing.
impl Default for ZoomRange {
    fn default() -> Self {
        Self { low: 1.0, high: 1.0 }
    }
}

impl TryFrom<Value> for ZoomRange {
    type Error = anyhow::Error;

    fn try_from(value: Value) -> Result<Self> {
        match Written::read(&value) {
            Some(Written::Number(z)) if (0.0..1.0).contains(&z) => Self::new(1.0 - z, 1.0 + z),
            Some(Written::Number(z)) => fault!(Setting, "{EXPECTED}, found {z}"),
            Some(Written::Pair(low, high)) => Self::new(low, high),
            None => fault!(Setting, "{EXPECTED}, found {value}"),
        }
    }
}

impl From<ZoomRange> for [f64; 2] {
    fn from(range: ZoomRange) -> Self {
        [range.low, range.high]
    }
}

impl JsonSchema for ZoomRange {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ZoomRange".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        pair::schema("Z|LOW,HIGH")
    }
}

/// The steps from one output pixel to the next, in input pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Steps {
    /// Along rows: Keras's zx.
    pub rows: f64,
    /// Along columns: Keras's zy.
    pub columns: f64,
}

impl Transform for Zoom {
    type Drawn = Steps;

    fn draw(&self, _: &Frame, dice: &mut Dice) -> Steps {
        let ZoomRange { low, high } = self.zoom_range;
        Steps { rows: dice.between(low, high), columns: dice.between(low, high) }
    }

    fn check(&self) -> Result<()> {
        ZoomRange::new(self.zoom_range.low, self.zoom_range.high).map(drop)
    }

    fn names(&self) -> Vec<String> {
        let ZoomRange { low, high } = self.zoom_range;
        self.is_active().then(|| format!("zoom {low} to {high}")).into_iter().collect()
    }

    fn caption(steps: &Steps) -> String {
        format!("zoom {:.2}, {:.2}", steps.columns, steps.rows)
    }
}

impl Geometric for Zoom {
    /// `[[zx, 0, 0], [0, zy, 0], [0, 0, 1]]`.
    fn effect(steps: &Steps, _: &Conventions) -> Effect {
        let &Steps { rows, columns } = steps;
        Effect::Matrix([[rows, 0.0, 0.0], [0.0, columns, 0.0], [0.0, 0.0, 1.0]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `zoom_range = [1 − z, 1 + z]` of a number z: 0.2 is 0.8 to 1.2, and 0 is 1 to 1.
    #[test]
    fn a_range_is_read_as_people_write_it_and_written_as_a_pair() {
        let read = |json: &str| serde_json::from_str::<ZoomRange>(json);
        for json in ["0.2", "\"0.2\"", "[0.8, 1.2]", "\"0.8,1.2\"", "\"0.8, 1.2\""] {
            assert_eq!(read(json).unwrap(), ZoomRange { low: 0.8, high: 1.2 }, "{json}");
        }
        assert_eq!(read("0").unwrap(), ZoomRange::default());
        assert_eq!(serde_json::to_string(&read("0.25").unwrap()).unwrap(), "[0.75,1.25]");
        for wrong in ["1", "-0.1", "[1.2, 0.8]", "[0, 1]", "[1, 101]", "[1]", "\"wide\"", "\"nan\""]
        {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.starts_with("expected `zoom_range` of 0 or more"), "{wrong}: {error}");
            assert!(error.contains(", found "), "{wrong}: {error}");
        }
        for typed in ["2", "-0.1"] {
            let error = read(typed).unwrap_err().to_string();
            assert!(error.ends_with(&format!(", found {typed}")), "{error}");
        }
    }
}
