//! The parts that a data set is split into, and how large they are to be.

use crate::error::{ErrorKind, Fault};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::str::FromStr;

/// A part of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Pictures to train on.
    Train,
    /// Pictures to validate on after every epoch.
    Validation,
    /// Pictures to evaluate the trained network on.
    Test,
}

impl Part {
    /// All parts, in order.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// The name in messages and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// The part that `name` stands for, in any case: `train` or `training`; `validation`, `valid`
    /// or `val`; `test` or `testing`.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "train" | "training" => Some(Self::Train),
            "validation" | "valid" | "val" => Some(Self::Validation),
            "test" | "testing" => Some(Self::Test),
            _ => None,
        }
    }
}

/// The size of a part: a share of the pictures, such as 0.2, or a number of pictures of each class,
/// such as 500. Serialized as that number: below 1 it is a share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub enum PartSize {
    /// A share of the pictures of each class, 0..1.
    Share(f64),
    /// A number of pictures of each class.
    Count(usize),
}

impl TryFrom<f64> for PartSize {
    type Error = Fault;

    fn try_from(size: f64) -> Result<Self, Fault> {
        if (0.0..1.0).contains(&size) {
            return Ok(Self::Share(size));
        }
        if size >= 1.0 && size.fract() == 0.0 && size <= f64::from(u32::MAX) {
            return Ok(Self::Count(size as usize));
        }
        Err(Fault {
            kind: ErrorKind::Setting,
            message: format!(
                "expected a share of 0 or more and below 1, or a number of pictures, found {size}; try 0.2"
            ),
        })
    }
}

impl From<PartSize> for f64 {
    fn from(size: PartSize) -> Self {
        match size {
            PartSize::Share(share) => share,
            PartSize::Count(count) => count as f64,
        }
    }
}

impl FromStr for PartSize {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        text.parse::<f64>()
            .unwrap_or(f64::NAN)
            .try_into()
            .map_err(|fault: Fault| Fault { message: fault.message.replace("NaN", text), ..fault })
    }
}

impl JsonSchema for PartSize {
    fn schema_name() -> Cow<'static, str> {
        "PartSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "x-value-name": "SHARE|N" })
    }
}

/// The sizes of the parts that a data set is to be split into.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartSizes {
    /// Of the training pictures; `None` is all that the other parts leave.
    pub train: Option<PartSize>,
    /// Of the validation pictures.
    pub validation: PartSize,
    /// Of the test pictures.
    pub test: PartSize,
}

impl PartSizes {
    /// The share of validation pictures, unless another is asked for.
    pub const VALIDATION: PartSize = PartSize::Share(0.2);
    /// The share of test pictures, unless another is asked for.
    pub const TEST: PartSize = PartSize::Share(0.1);
}

impl Default for PartSizes {
    fn default() -> Self {
        Self { train: None, validation: Self::VALIDATION, test: Self::TEST }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_share_or_a_count() {
        let read = |json: &str| serde_json::from_str::<PartSize>(json);
        assert_eq!(read("0.2").unwrap(), PartSize::Share(0.2));
        assert_eq!(read("0").unwrap(), PartSize::Share(0.0));
        assert_eq!(read("500").unwrap(), PartSize::Count(500));
        assert_eq!("1".parse::<PartSize>().unwrap(), PartSize::Count(1));
        for wrong in ["1.5", "-1", "1e300"] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.starts_with("expected a share"), "{error}");
        }
        let error = "half".parse::<PartSize>().unwrap_err().to_string();
        assert!(error.contains("found half"), "{error}");
    }
}
