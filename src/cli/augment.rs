//! The flags of the augmentation, under the names of `ImageDataGenerator`.

use clap::Args;
use petite::augment::config::{AugmentConfig, FillMode};

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
    #[arg(long, value_name = "Z|LOW,HIGH", value_parser = parse_zoom)]
    pub zoom_range: Option<(f64, f64)>,
    /// Mirror every other picture [=false switches it off].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub horizontal_flip: Option<bool>,
    /// Turn every other picture upside down.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub vertical_flip: Option<bool>,
    /// What stands where a picture shows what lay outside it [default: nearest].
    #[arg(long, value_enum)]
    pub fill_mode: Option<FillMode>,
    /// The value outside with --fill-mode constant, 0 to 255 [default: 0].
    #[arg(long, value_name = "LEVEL")]
    pub cval: Option<f64>,
    /// Multiply the values by LOW to HIGH.
    #[arg(long, value_name = "LOW,HIGH", value_parser = parse_pair)]
    pub brightness_range: Option<(f64, f64)>,
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
        set(&mut config.rotation_range, self.rotation_range);
        set(&mut config.width_shift_range, self.width_shift_range);
        set(&mut config.height_shift_range, self.height_shift_range);
        set(&mut config.shear_range, self.shear_range);
        set(&mut config.zoom_range, self.zoom_range);
        set(&mut config.horizontal_flip, self.horizontal_flip);
        set(&mut config.vertical_flip, self.vertical_flip);
        set(&mut config.fill_mode, self.fill_mode);
        set(&mut config.cval, self.cval);
        config.brightness_range = self.brightness_range.or(config.brightness_range);
        set(&mut config.channel_shift_range, self.channel_shift_range);
    }
}

/// `0.2` for 0.8 to 1.2, or `0.8,1.2`.
fn parse_zoom(text: &str) -> Result<(f64, f64), String> {
    match text.parse::<f64>() {
        Ok(zoom) => Ok((1.0 - zoom, 1.0 + zoom)),
        Err(_) => parse_pair(text),
    }
}

fn parse_pair(text: &str) -> Result<(f64, f64), String> {
    let pair = text
        .split_once(',')
        .and_then(|(low, high)| Some((low.trim().parse().ok()?, high.trim().parse().ok()?)));
    pair.ok_or_else(|| format!("expected two numbers such as 0.8,1.2, found {text}"))
}
