//! The height and width that pictures are resized to.

use crate::error::{Fault, ensure_or};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// The longest side that pictures can be resized to, in pixels.
const LONGEST: usize = 4096;

/// Height and width in pixels, 1 to 4096. In JSON `[height, width]`; read from `150` and `150x200`
/// (height, width) too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "(usize, usize)", try_from = "Written")]
pub struct ImageSize {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

/// The ways in which a size may be written.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a size such as 150 or 150x200")]
enum Written {
    Pair(usize, usize),
    Side(usize),
    Text(String),
}

impl ImageSize {
    /// # Errors
    /// If a side is 0 or longer than 4096 pixels.
    pub fn new(height: usize, width: usize) -> anyhow::Result<Self> {
        let sides = 1..=LONGEST;
        ensure_or!(
            Setting,
            sides.contains(&height) && sides.contains(&width),
            "expected `image_size` of 1 to {LONGEST}, found {height}x{width}"
        );
        Ok(Self { height, width })
    }
}

impl FromStr for ImageSize {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (height, width) = text.split_once('x').unwrap_or((text, text));
        match (height.parse(), width.parse()) {
            (Ok(height), Ok(width)) => Self::new(height, width),
            _ => Err(Fault {
                kind: crate::error::ErrorKind::Setting,
                message: format!("expected a size such as 150 or 150x200, found {text}"),
            }
            .into()),
        }
    }
}

impl TryFrom<Written> for ImageSize {
    type Error = anyhow::Error;

    fn try_from(written: Written) -> anyhow::Result<Self> {
        match written {
            Written::Pair(height, width) => Self::new(height, width),
            Written::Side(side) => Self::new(side, side),
            Written::Text(text) => text.parse(),
        }
    }
}

impl From<ImageSize> for (usize, usize) {
    fn from(size: ImageSize) -> Self {
        (size.height, size.width)
    }
}

/// As `height×width`.
impl fmt::Display for ImageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}", self.height, self.width)
    }
}

impl JsonSchema for ImageSize {
    fn schema_name() -> Cow<'static, str> {
        "ImageSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["array", "string"], "x-value-name": "SIZE", "x-separator": "x" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_people_write_it_and_written_as_a_pair() {
        let read = |json: &str| serde_json::from_str::<ImageSize>(json);
        let oblong = ImageSize { height: 150, width: 200 };
        assert_eq!(read("[150, 200]").unwrap(), oblong);
        assert_eq!(read("\"150x200\"").unwrap(), oblong);
        assert_eq!(read("\"46\"").unwrap(), ImageSize { height: 46, width: 46 });
        assert_eq!(serde_json::to_string(&oblong).unwrap(), "[150,200]");
        for wrong in ["0", "\"150x\"", "[150]", "\"5000\"", "true"] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.starts_with("expected "), "{wrong}: {error}");
        }
    }
}
