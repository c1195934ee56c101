//! The `background` setting: the color that transparent pictures are laid on.

use crate::error::{ErrorKind, Fault};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::str::FromStr;

/// Red, green and blue of the color behind transparent pictures. Serialized as `white`, `black` or six
/// hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Background(pub [u8; 3]);

impl Background {
    /// A color of the opacity `alpha` laid on it, rounded to the nearest level, as in Pillow's
    /// `Image.alpha_composite` on an opaque picture.
    pub(super) fn under(self, color: [u8; 3], alpha: u8) -> [u8; 3] {
        let alpha = u32::from(alpha);
        std::array::from_fn(|channel| {
            let (above, below) = (u32::from(color[channel]), u32::from(self.0[channel]));
            ((above * alpha + below * (255 - alpha) + 127) / 255) as u8
        })
    }
}

impl FromStr for Background {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let is_color = text.len() == 6 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        match (text, u32::from_str_radix(text, 16)) {
            ("white", _) => Ok(Self([255; 3])),
            ("black", _) => Ok(Self([0; 3])),
            (_, Ok(color)) if is_color => {
                let [_, red, green, blue] = color.to_be_bytes();
                Ok(Self([red, green, blue]))
            }
            _ => Err(Fault {
                kind: ErrorKind::Setting,
                message: format!(
                    "expected white, black or a color RRGGBB in hexadecimal digits, found {text}; try white"
                ),
            }),
        }
    }
}

impl TryFrom<String> for Background {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self, Fault> {
        text.parse()
    }
}

impl From<Background> for String {
    fn from(Background(color): Background) -> Self {
        match color {
            [255, 255, 255] => "white".to_owned(),
            [0, 0, 0] => "black".to_owned(),
            [red, green, blue] => format!("{red:02X}{green:02X}{blue:02X}"),
        }
    }
}

impl JsonSchema for Background {
    fn schema_name() -> Cow<'static, str> {
        "Background".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-value-name": "COLOR" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_read_as_they_are_written() {
        let read = |text: &str| text.parse::<Background>();
        assert_eq!(read("white").unwrap(), read("ffffff").unwrap());
        assert_eq!(read("0a14FF").unwrap(), Background([10, 20, 255]));
        for color in ["white", "black", "0A14FF"] {
            assert_eq!(String::from(read(color).unwrap()), color);
        }
        for wrong in ["", "red", "#ffffff", "+fffff", "fffffff"] {
            let error = read(wrong).unwrap_err().message;
            assert!(error.starts_with("expected white, black or"), "{wrong}: {error}");
        }
    }
}
