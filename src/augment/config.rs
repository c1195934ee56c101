//! The settings of all augmentations together.

pub use super::AugmentConfig;
use super::flip::Flip;
use super::rotation::Rotation;
use super::shear::Shear;
use super::shift::Shift;
use super::zoom::{Zoom, ZoomRange};
use crate::settings;
use anyhow::Result;
use std::fmt;

impl AugmentConfig {
    /// The book's listing 5.11.
    pub fn book() -> Self {
        Self {
            rotation: Rotation { rotation_range: 40.0 },
            shift: Shift { width_shift_range: 0.2, height_shift_range: 0.2 },
            shear: Shear { shear_range: 0.2 },
            zoom: Zoom { zoom_range: ZoomRange { low: 0.8, high: 1.2 } },
            flip: Flip { horizontal_flip: true, vertical_flip: false },
            ..Self::default()
        }
    }

    /// Whether any augmentation is active.
    pub fn is_active(&self) -> bool {
        self.is_geometric() || self.is_color()
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// If a setting is outside its range; the error names both.
    pub fn check(&self) -> Result<()> {
        settings::check(self)?;
        self.check_each()
    }
}

/// The active augmentations with their ranges: `rotation 40, horizontal flip`.
impl fmt::Display for AugmentConfig {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.names().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_default_changes_nothing_and_the_book_s_does() {
        assert!(!AugmentConfig::default().is_active());
        assert!(AugmentConfig::book().is_geometric() && !AugmentConfig::book().is_color());
        AugmentConfig::default().check().unwrap();
        AugmentConfig::book().check().unwrap();
    }

    #[test]
    fn the_active_ranges_are_named() {
        let book = AugmentConfig::book().to_string();
        let expected = "rotation 40, width shift 0.2, height shift 0.2, shear 0.2, zoom 0.8 to 1.2, horizontal flip";
        assert_eq!(book, expected);
        assert_eq!(AugmentConfig::default().to_string(), "");
    }

    /// The format of `config.json`.
    #[test]
    fn json_is_flat_and_any_part_of_it_may_be_given() {
        let flat = json!({
            "rotation_range": 40.0, "width_shift_range": 0.2, "height_shift_range": 0.2,
            "shear_range": 0.2, "zoom_range": [0.8, 1.2], "horizontal_flip": true,
            "vertical_flip": false, "fill_mode": "nearest", "cval": 0.0, "brightness_range": null,
            "channel_shift_range": 0.0,
        });
        let json = serde_json::to_value(AugmentConfig::book()).unwrap();
        for (name, value) in flat.as_object().unwrap() {
            assert_eq!(&json[name], value, "{name}");
        }
        let read = |json| serde_json::from_value::<AugmentConfig>(json).unwrap();
        assert_eq!(read(flat), AugmentConfig::book());
        assert_eq!(read(json!({})), AugmentConfig::default());
        let mut expected = AugmentConfig::default();
        (expected.shear.shear_range, expected.fill.cval) = (10.0, 7.0);
        assert_eq!(read(json!({ "shear_range": 10, "cval": 7 })), expected);
    }

    /// The program's flags and range checks are generated from the schema.
    #[test]
    fn the_schema_has_every_setting_with_its_range_unit_and_help() {
        let schema = schemars::schema_for!(AugmentConfig);
        let settings = schema.get("properties").unwrap().as_object().unwrap();
        let json = serde_json::to_value(AugmentConfig::default()).unwrap();
        let names = |map: &serde_json::Map<_, _>| {
            let mut names: Vec<String> = map.keys().cloned().collect();
            names.sort();
            names
        };
        assert_eq!(names(settings), names(json.as_object().unwrap()));
        for (name, setting) in settings {
            assert!(setting.get("description").is_some(), "{name}");
        }
        let rotation = &settings["rotation_range"];
        assert_eq!((&rotation["minimum"], &rotation["maximum"]), (&json!(0), &json!(360)));
        assert_eq!(rotation["x-unit"], "degrees");
        assert_eq!(settings["zoom_range"]["x-value-name"], "Z|LOW,HIGH");
        assert_eq!(settings["zoom_range"]["default"], json!([1.0, 1.0]));
        assert_eq!(settings["brightness_range"]["x-value-name"], "LOW,HIGH");
        assert_eq!(schema.get("title").unwrap(), "Augmentation");
    }
}
