//! The flags of the augmentation, under the names of `ImageDataGenerator`.

use clap::Args;
use petite::augment::brightness::BrightnessRange;
use petite::augment::config::AugmentConfig;
use petite::augment::fill::FillMode;
use petite::augment::zoom::ZoomRange;
use serde::de::DeserializeOwned;

/// What training pictures go through; each replaces the recipe's range.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Augmentation")]
pub struct AugmentArgs {
    /// Turn pictures by up to this many degrees.
    #[arg(long, value_name = "DEGREES")]
    pub rotation_range: Option<f64>,
    /// Move pictures sideways by up to this share of the width; from 1 on pixels, but with
    /// --keras 2.0.8.
    #[arg(long, value_name = "SHARE")]
    pub width_shift_range: Option<f64>,
    /// Move pictures up or down by up to this share of the height; from 1 on pixels, but
    /// with --keras 2.0.8.
    #[arg(long, value_name = "SHARE")]
    pub height_shift_range: Option<f64>,
    /// Shear pictures by up to this angle: radians with --keras 2.0.8, else degrees.
    #[arg(long, value_name = "ANGLE")]
    pub shear_range: Option<f64>,
    /// Zoom by 1 - Z to 1 + Z, or LOW,HIGH, along each side; below 1 magnifies.
    #[arg(long, value_name = "Z|LOW,HIGH", value_parser = parse::<ZoomRange>)]
    pub zoom_range: Option<ZoomRange>,
    /// Mirror every other picture [=false switches it off].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub horizontal_flip: Option<bool>,
    /// Turn every other picture upside down.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub vertical_flip: Option<bool>,
    /// What stands where a picture shows what lay outside it [default: nearest].
    #[arg(long, value_name = "MODE", value_parser = parse::<FillMode>)]
    pub fill_mode: Option<FillMode>,
    /// The value outside with --fill-mode constant, 0 to 255 [default: 0].
    #[arg(long, value_name = "LEVEL")]
    pub cval: Option<f64>,
    /// Multiply the values by LOW to HIGH.
    #[arg(long, value_name = "LOW,HIGH", value_parser = parse::<BrightnessRange>)]
    pub brightness_range: Option<BrightnessRange>,
    /// Add up to this many levels of 255, up or down.
    #[arg(long, value_name = "LEVELS")]
    pub channel_shift_range: Option<f64>,
}

impl AugmentArgs {
    /// Puts what was given as flags into `config`.
    pub fn override_in(&self, config: &mut AugmentConfig) {
        fn set<T: Copy>(setting: &mut T, flag: Option<T>) {
            *setting = flag.unwrap_or(*setting);
        }
        set(&mut config.rotation.rotation_range, self.rotation_range);
        set(&mut config.shift.width_shift_range, self.width_shift_range);
        set(&mut config.shift.height_shift_range, self.height_shift_range);
        set(&mut config.shear.shear_range, self.shear_range);
        set(&mut config.zoom.zoom_range, self.zoom_range);
        set(&mut config.flip.horizontal_flip, self.horizontal_flip);
        set(&mut config.flip.vertical_flip, self.vertical_flip);
        set(&mut config.fill.fill_mode, self.fill_mode);
        set(&mut config.fill.cval, self.cval);
        let brightness = &mut config.brightness.brightness_range;
        *brightness = self.brightness_range.or(*brightness);
        set(&mut config.channel_shift.channel_shift_range, self.channel_shift_range);
    }
}

/// A setting from the text that its JSON takes.
fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}
