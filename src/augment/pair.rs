//! Ranges of two numbers, as written in JSON and on the command line.

use schemars::{Schema, json_schema};
use serde_json::Value;

/// A range as written.
pub(super) enum Written {
    /// `0.2`.
    Number(f64),
    /// `[0.8, 1.2]`, or `0.8,1.2` as text.
    Pair(f64, f64),
}

impl Written {
    /// Reads `value`; `None` if it is neither.
    pub(super) fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => {
                let number = |text: &str| text.trim().parse().ok();
                match text.split_once(',') {
                    Some((low, high)) => Some(Self::Pair(number(low)?, number(high)?)),
                    None => number(text).map(Self::Number),
                }
            }
            Value::Array(values) => match values.as_slice() {
                [low, high] => Some(Self::Pair(low.as_f64()?, high.as_f64()?)),
                _ => None,
            },
            _ => value.as_f64().map(Self::Number),
        }
    }
}

/// The schema of a range; help texts call its value `value_name`.
pub(super) fn schema(value_name: &str) -> Schema {
    json_schema!({ "type": ["array", "number", "string"], "x-value-name": value_name })
}
