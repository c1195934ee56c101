//! What is drawn for one picture.

use super::config::AugmentConfig;
use crate::keras::Conventions;
use rand::{Rng, RngExt};

/// One picture's transform: `ImageDataGenerator.get_random_transform`'s dictionary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transform {
    /// Rotation in degrees.
    pub theta: f64,
    /// Shift along rows (down), in pixels.
    pub tx: f64,
    /// Shift along columns (across), in pixels.
    pub ty: f64,
    /// Shear, in the unit of the profile.
    pub shear: f64,
    /// Step along rows.
    pub zx: f64,
    /// Step along columns.
    pub zy: f64,
    pub flip_horizontal: bool,
    pub flip_vertical: bool,
    /// Added to each of up to three channels.
    pub channel_shift: [f64; 3],
    pub brightness: f64,
}

impl Transform {
    /// What changes nothing.
    pub const IDENTITY: Self = Self {
        theta: 0.0,
        tx: 0.0,
        ty: 0.0,
        shear: 0.0,
        zx: 1.0,
        zy: 1.0,
        flip_horizontal: false,
        flip_vertical: false,
        channel_shift: [0.0; 3],
        brightness: 1.0,
    };

    /// Draws one, in Keras's order: rotation, shifts, shear, zooms, flips, colours. Every number
    /// is drawn whether it is used or not, so that switching one on leaves the others.
    pub fn draw(
        config: &AugmentConfig,
        conventions: &Conventions,
        (height, width): (usize, usize),
        random: &mut impl Rng,
    ) -> Self {
        let mut between = |low: f64, high: f64| low + (high - low) * random.random::<f64>();
        let pixels = |range: f64, size: usize| {
            let in_pixels = range >= 1.0 && conventions.shift_in_pixels_from_one;
            if in_pixels { range } else { range * size as f64 }
        };
        let rows = pixels(config.height_shift_range, height);
        let columns = pixels(config.width_shift_range, width);
        let zoom = config.zoom_range;
        let shift = config.channel_shift_range;
        let brightness = config.brightness_range.unwrap_or((1.0, 1.0));
        let mut transform = Self {
            theta: between(-config.rotation_range, config.rotation_range),
            tx: between(-rows, rows),
            ty: between(-columns, columns),
            shear: between(-config.shear_range, config.shear_range),
            zx: between(zoom.0, zoom.1),
            zy: between(zoom.0, zoom.1),
            flip_horizontal: between(0.0, 1.0) < 0.5 && config.horizontal_flip,
            flip_vertical: between(0.0, 1.0) < 0.5 && config.vertical_flip,
            channel_shift: [(); 3].map(|()| between(-shift, shift)),
            brightness: between(brightness.0, brightness.1),
        };
        if !conventions.shift_per_channel {
            transform.channel_shift = [transform.channel_shift[0]; 3];
        }
        transform
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keras::KerasProfile;
    use crate::random::{Purpose, generator};

    /// A range of 2 is two heights in Keras 2.0.8 and two pixels since, one of 0.5 always half a
    /// height.
    #[test]
    fn large_shifts_are_pixels_since_2_2() {
        let farthest = |profile: KerasProfile, range: f64| {
            let config = AugmentConfig { height_shift_range: range, ..AugmentConfig::default() };
            let draw = |index| {
                let mut random = generator(1, Purpose::Augmentation, index);
                Transform::draw(&config, &profile.conventions(), (100, 50), &mut random).tx.abs()
            };
            (0..1000).map(draw).fold(0.0, f64::max)
        };
        for (profile, range, most) in [
            (KerasProfile::V2_0_8, 2.0, 200.0),
            (KerasProfile::V2_2, 2.0, 2.0),
            (KerasProfile::V3, 2.0, 2.0),
            (KerasProfile::V2_0_8, 0.5, 50.0),
            (KerasProfile::V3, 0.5, 50.0),
        ] {
            let found = farthest(profile, range);
            assert!(found <= most && found > 0.98 * most, "{profile:?} {range}: {found}");
        }
    }
}
