//! Drawn pictures in two classes, discs and squares, for trying things out without a data set.

use super::staging::Staging;
use crate::interrupt;
use crate::random::{Purpose, generator};
use anyhow::{Context, Result, ensure};
use image::{Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::path::Path;

/// The two classes, in the order of their labels.
pub const CLASSES: [&str; 2] = ["disc", "square"];

/// Side of a drawn picture, in pixels. Not the network's 150, so that the loader has to resize.
const SIDE: u32 = 200;

/// Draws `each` pictures of each class into the folder `to`, named as Kaggle names its own
/// (`disc.0.jpg`, `square.0.jpg`), so that [`split`](super::split::split) can take them.
///
/// # Errors
/// If `to` is in use or cannot be written. Nothing is left behind then.
pub fn synthesize(to: &Path, each: usize, seed: u64) -> Result<()> {
    ensure!(each > 0, "expected at least one picture of each class, found --each 0");
    let staging = Staging::beside(to)?;
    (0..each * CLASSES.len()).into_par_iter().try_for_each(|index| {
        interrupt::check()?;
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

/// A disc or a tilted square of any colour, somewhere on a shaded, noisy ground.
fn draw(class: usize, random: &mut ChaCha8Rng) -> RgbImage {
    let ground: [f32; 3] = random.random();
    let mut figure: [f32; 3] = random.random();
    // A figure of nearly the ground's colour could not be told by anyone.
    while ground.iter().zip(figure).map(|(a, b)| (a - b).abs()).sum::<f32>() < 0.6 {
        figure = random.random();
    }
    let radius = random.random_range(0.15..0.35) * SIDE as f32;
    let mut within = || random.random_range(radius..SIDE as f32 - radius);
    let (x0, y0) = (within(), within());
    let (sin, cos) = random.random_range(0.0..std::f32::consts::FRAC_PI_2).sin_cos();
    let shade = [random.random_range(-0.3..0.3), random.random_range(-0.3f32..0.3)];

    RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let (dx, dy) = (x as f32 - x0, y as f32 - y0);
        let inside = match class {
            0 => dx.hypot(dy) <= radius,
            _ => {
                let (across, along) = (cos * dx + sin * dy, cos * dy - sin * dx);
                // Half the side of the square with the disc's area: size tells nothing.
                across.abs().max(along.abs()) <= radius * 0.886
            }
        };
        let light =
            shade[0] * (x as f32 / SIDE as f32 - 0.5) + shade[1] * (y as f32 / SIDE as f32 - 0.5);
        let colour = if inside { figure } else { ground };
        Rgb(colour.map(|value| {
            let noise = random.random_range(-0.08..0.08);
            ((value + light + noise).clamp(0.0, 1.0) * 255.0) as u8
        }))
    })
}
