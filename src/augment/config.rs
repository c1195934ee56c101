//! The ranges from which a picture's transform is drawn.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What stands where a transformed picture shows what lay outside it (scipy's `mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FillMode {
    /// The nearest edge pixel: aaaa|abcd|dddd.
    #[default]
    Nearest,
    /// Mirrored at the edge: dcba|abcd|dcba.
    Reflect,
    /// Started over: bcd|abcd|abc, as scipy's `wrap` with its period of one pixel less.
    Wrap,
    /// One value, `cval`.
    Constant,
}

/// `ImageDataGenerator`'s ranges, with its names. The default changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentConfig {
    /// Degrees: turned by U(−r, r).
    pub rotation_range: f64,
    /// Moved sideways by U(−r, r), in widths; from 1 on in pixels, but for Keras 2.0.8.
    pub width_shift_range: f64,
    /// Moved up or down likewise, in heights or pixels.
    pub height_shift_range: f64,
    /// Sheared by U(−r, r): radians in Keras 2.0.8, degrees since.
    pub shear_range: f64,
    /// The sampled step along rows and columns, each U(low, high): below 1 magnifies.
    pub zoom_range: (f64, f64),
    /// Mirrored left to right, every other time.
    pub horizontal_flip: bool,
    /// Upside down, every other time.
    pub vertical_flip: bool,
    pub fill_mode: FillMode,
    /// The value outside for [`FillMode::Constant`], 0..=255.
    pub cval: f64,
    /// Values multiplied by U(low, high), as Pillow's `ImageEnhance.Brightness`.
    pub brightness_range: Option<(f64, f64)>,
    /// U(−r, r) added to a picture's values (0..=255), kept between its smallest and largest.
    pub channel_shift_range: f64,
}

impl Default for AugmentConfig {
    fn default() -> Self {
        Self {
            rotation_range: 0.0,
            width_shift_range: 0.0,
            height_shift_range: 0.0,
            shear_range: 0.0,
            zoom_range: (1.0, 1.0),
            horizontal_flip: false,
            vertical_flip: false,
            fill_mode: FillMode::Nearest,
            cval: 0.0,
            brightness_range: None,
            channel_shift_range: 0.0,
        }
    }
}

impl AugmentConfig {
    /// The book's listing 5.11.
    pub fn book() -> Self {
        Self {
            rotation_range: 40.0,
            width_shift_range: 0.2,
            height_shift_range: 0.2,
            shear_range: 0.2,
            zoom_range: (0.8, 1.2),
            horizontal_flip: true,
            ..Self::default()
        }
    }

    /// The book's, with shorter shifts and no shear: what fine-tunes a base other than VGG16.
    pub fn gentle() -> Self {
        Self { width_shift_range: 0.1, height_shift_range: 0.1, shear_range: 0.0, ..Self::book() }
    }

    /// Whether pixels move.
    pub fn is_geometric(&self) -> bool {
        self.is_affine() || self.horizontal_flip || self.vertical_flip
    }

    /// Whether there is more to moving than flips.
    pub fn is_affine(&self) -> bool {
        let ranges = [
            self.rotation_range,
            self.width_shift_range,
            self.height_shift_range,
            self.shear_range,
        ];
        ranges.iter().any(|&range| range != 0.0) || self.zoom_range != (1.0, 1.0)
    }

    /// Whether values change where they are.
    pub fn is_color(&self) -> bool {
        self.channel_shift_range != 0.0 || self.brightness_range.is_some()
    }

    /// Whether anything changes.
    pub fn is_active(&self) -> bool {
        self.is_geometric() || self.is_color()
    }

    /// # Errors
    /// If a range is outside what it can be: its flag, and what was expected.
    pub fn check(&self) -> Result<()> {
        let ranges = [
            ("--rotation-range", self.rotation_range, 360.0, "degrees"),
            ("--width-shift-range", self.width_shift_range, 4096.0, "widths, or pixels from 1 on"),
            (
                "--height-shift-range",
                self.height_shift_range,
                4096.0,
                "heights, or pixels from 1 on",
            ),
            ("--shear-range", self.shear_range, 90.0, "radians in Keras 2.0.8, else degrees"),
            ("--channel-shift-range", self.channel_shift_range, 255.0, "levels"),
            ("--cval", self.cval, 255.0, "levels"),
        ];
        for (flag, range, highest, unit) in ranges {
            ensure!(
                (0.0..=highest).contains(&range),
                "expected {flag} of 0 to {highest} ({unit}), found {range}"
            );
        }
        let (low, high) = self.zoom_range;
        ensure!(
            low > 0.0 && low <= high && high <= 100.0,
            "expected --zoom-range below 1, or LOW,HIGH with 0 < LOW <= HIGH <= 100, found {low},{high}"
        );
        if let Some((low, high)) = self.brightness_range {
            ensure!(
                low >= 0.0 && low <= high && high <= 100.0,
                "expected --brightness-range LOW,HIGH with 0 <= LOW <= HIGH <= 100, found {low},{high}"
            );
        }
        Ok(())
    }
}

/// The ranges that change something, by name.
impl fmt::Display for AugmentConfig {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mut parts = Vec::new();
        for (name, range) in [
            ("rotation", self.rotation_range),
            ("width shift", self.width_shift_range),
            ("height shift", self.height_shift_range),
            ("shear", self.shear_range),
            ("channel shift", self.channel_shift_range),
        ] {
            parts.extend((range != 0.0).then(|| format!("{name} {range}")));
        }
        let pair = |name: &str, (low, high): (f64, f64)| format!("{name} {low} to {high}");
        parts.extend((self.zoom_range != (1.0, 1.0)).then(|| pair("zoom", self.zoom_range)));
        parts.extend(self.brightness_range.map(|range| pair("brightness", range)));
        parts.extend(self.horizontal_flip.then(|| "horizontal flip".to_owned()));
        parts.extend(self.vertical_flip.then(|| "vertical flip".to_owned()));
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_changes_nothing_and_the_book_s_does() {
        assert!(!AugmentConfig::default().is_active());
        assert!(AugmentConfig::book().is_affine() && !AugmentConfig::book().is_color());
        AugmentConfig::default().check().unwrap();
        AugmentConfig::book().check().unwrap();
    }
}
