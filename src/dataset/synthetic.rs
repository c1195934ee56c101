//! Draws pictures of two classes, spots and stripes, for trying things out without a data set.

use super::staging::Staging;
use crate::error::ensure_or;
use crate::random::{Purpose, generator};
use crate::stop::Stop;
use anyhow::{Context, Result};
use image::{Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::path::Path;

/// The two classes, in the order of their labels.
pub const CLASSES: [&str; 2] = ["spot", "stripe"];

/// Side of a drawn picture, in pixels. Differs from the default image size, so that resizing is
/// exercised.
const SIDE: u32 = 200;

/// Draws `each` pictures (at least 1) of each class into the folder `to`, as RGB JPEGs of 200×200
/// pixels that are named like Kaggle's (`spot.0.jpg`, `stripe.0.jpg`), whose
/// numbers [`Prepare`](super::Prepare) splits.
///
/// # Errors
/// If `each` is 0, `to` is not empty or cannot be written, or a stop was requested. Nothing is left
/// behind then.
pub fn synthesize(to: &Path, each: usize, seed: u64, stop: &Stop) -> Result<()> {
    ensure_or!(Setting, each > 0, "expected `each` of 1 or more, found 0");
    let staging = Staging::beside(to)?;
    (0..each * CLASSES.len()).into_par_iter().try_for_each(|index| {
        stop.check()?;
        let (number, class) = (index / CLASSES.len(), index % CLASSES.len());
        let picture = draw(class, &mut generator(seed, Purpose::Drawing, index as u64));
        let path = staging.path().join(format!("{}.{number}.jpg", CLASSES[class]));
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 90)
            .encode_image(&picture)
            .and_then(|()| std::fs::write(&path, bytes).map_err(image::ImageError::IoError))
            .with_context(|| format!("cannot write {}", path.display()))
    })?;
    staging.rename_to(to)
}

/// Spots or stripes in a random color on a shaded, noisy background of another. Colors and covered
/// area have the same distribution in both classes, so that neither color nor brightness reveals
/// the class.
fn draw(class: usize, random: &mut ChaCha8Rng) -> RgbImage {
    let background: [f32; 3] = random.random();
    let mut foreground: [f32; 3] = random.random();
    // Similar colors would make the figures invisible.
    while background.iter().zip(foreground).map(|(a, b)| (a - b).abs()).sum::<f32>() < 0.9 {
        foreground = random.random();
    }
    let period = random.random_range(0.14..0.22) * SIDE as f32;
    let covered = random.random_range(0.3..0.5);
    let tilt = random.random_range(-0.5f32..0.5);
    let phase: [f32; 2] = random.random();
    let shade = [random.random_range(-0.3f32..0.3), random.random_range(-0.3f32..0.3)];
    let (sin, cos) = tilt.sin_cos();

    RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let (x, y) = (x as f32 / period, y as f32 / period);
        // Distances from the center of the cell of a tilted grid, in periods.
        let across = (cos * x + sin * y + phase[0]).rem_euclid(1.0) - 0.5;
        let along = (cos * y - sin * x + phase[1]).rem_euclid(1.0) - 0.5;
        let inside = match class {
            0 => std::f32::consts::PI * (across * across + along * along) <= covered,
            _ => 2.0 * across.abs() <= covered,
        };
        let light =
            (shade[0] * x + shade[1] * y) * period / SIDE as f32 - 0.5 * (shade[0] + shade[1]);
        let color = if inside { foreground } else { background };
        Rgb(color.map(|value| {
            let noise = random.random_range(-0.08..0.08);
            ((value + light + noise).clamp(0.0, 1.0) * 255.0) as u8
        }))
    })
}
