//! The `depth` setting: what becomes black and white in pictures of 16 bits per sample.

use super::folder::Sample;
use super::pixels::{Scratch, pool};
use super::target::Target;
use crate::error::{ErrorKind, Fault};
use crate::stop::Stop;
use anyhow::Result;
use rayon::prelude::*;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// The values of 16-bit samples that become black and white; 12 bits are `0-4095`. Serialized like
/// that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Levels {
    /// This value and lower ones become 0.
    low: u16,
    /// This value and higher ones become 255. Higher than `low`.
    high: u16,
}

/// Which values of 16-bit samples become black and white.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Depth {
    /// The lowest and the highest value in the training pictures.
    Auto,
    /// These.
    Levels(Levels),
}

impl Levels {
    /// From `low` to `high`; `None` unless the second is higher.
    pub fn new(low: u16, high: u16) -> Option<Self> {
        (low < high).then_some(Self { low, high })
    }

    /// A sample as 8 bits: `255 · (sample − low) / (high − low)`, clipped, and rounded to the nearest,
    /// halves up.
    pub(super) fn byte(self, sample: u16) -> u8 {
        let span = u32::from(self.high - self.low);
        let above = u32::from(sample.clamp(self.low, self.high) - self.low);
        ((above * 510 + span) / (2 * span)) as u8
    }

    /// The lowest and the highest color sample of all pictures with 16 bits per sample that are good
    /// under `target`; `None` if there are none, or all their samples are equal. `threads` is 0 for one
    /// per core, which does not change the result. `on_read` is called after each file, from any
    /// thread.
    ///
    /// # Errors
    /// If a thread cannot be started, or a stop was requested.
    pub fn used_by(
        samples: &[Sample],
        target: Target,
        threads: usize,
        stop: &Stop,
        on_read: &(dyn Fn() + Sync),
    ) -> Result<Option<Self>> {
        let target = Target { depth: None, height: 1, width: 1, ..target };
        let range = |scratch: &mut Scratch, sample: &Sample| {
            let mut slot = [0; 3];
            let slot = &mut slot[..target.bytes()];
            let read = stop.check().and_then(|()| scratch.decode(&sample.path, target, slot));
            on_read();
            read.ok().and(scratch.traits.range)
        };
        let ranges = pool(threads)?.install(|| {
            let ranges = samples.par_iter().map_init(Scratch::default, range);
            ranges.flatten().reduce_with(|one, other| (one.0.min(other.0), one.1.max(other.1)))
        });
        stop.check()?;
        Ok(ranges.and_then(|(low, high)| Self::new(low, high)))
    }
}

impl Depth {
    /// The values, unless they are still to be found.
    pub fn levels(self) -> Option<Levels> {
        match self {
            Self::Auto => None,
            Self::Levels(levels) => Some(levels),
        }
    }
}

/// `0-4095`.
impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.low, self.high)
    }
}

impl FromStr for Levels {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let levels = text
            .split_once('-')
            .and_then(|(low, high)| Self::new(low.trim().parse().ok()?, high.trim().parse().ok()?));
        levels.ok_or_else(|| Fault {
            kind: ErrorKind::Setting,
            message: format!(
                "expected auto, or the values LOW-HIGH, 0 to 65535, that become black and white, found {text}; try 0-4095"
            ),
        })
    }
}

impl TryFrom<String> for Levels {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self, Fault> {
        text.parse()
    }
}

impl From<Levels> for String {
    fn from(levels: Levels) -> Self {
        levels.to_string()
    }
}

impl TryFrom<String> for Depth {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self, Fault> {
        match text.as_str() {
            "auto" => Ok(Self::Auto),
            levels => levels.parse().map(Self::Levels),
        }
    }
}

impl From<Depth> for String {
    fn from(depth: Depth) -> Self {
        depth.levels().map_or("auto".to_owned(), String::from)
    }
}

impl JsonSchema for Depth {
    fn schema_name() -> Cow<'static, str> {
        "Depth".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-value-name": "auto|LOW-HIGH" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_scaled_to_the_nearest_level_and_clipped() {
        for (low, high) in [(0, 4095), (0, 65_535), (100, 101), (1000, 1255), (3, 60_000)] {
            let levels = Levels::new(low, high).unwrap();
            for sample in (0..=u16::MAX).step_by(13).chain([low, high, u16::MAX]) {
                let share = f64::from(sample.clamp(low, high) - low) / f64::from(high - low);
                assert_eq!(levels.byte(sample), (share * 255.0 + 0.5).floor() as u8, "{sample}");
            }
        }
    }

    #[test]
    fn a_depth_is_read_as_it_is_written() {
        for text in ["auto", "0-4095", "12-65535"] {
            assert_eq!(String::from(Depth::try_from(text.to_owned()).unwrap()), text);
        }
        for wrong in ["", "12", "5-5", "9-3", "0-65536", "-1-5", "AUTO"] {
            let error = Depth::try_from(wrong.to_owned()).unwrap_err().message;
            assert!(error.starts_with("expected auto, or the values LOW-HIGH"), "{wrong}: {error}");
        }
    }
}
