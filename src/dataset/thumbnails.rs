//! Thumbnails by which pictures are compared.

use crate::pictures::pixels::{Pixels, Target};
use crate::pictures::traits::FLAT;
use anyhow::Result;
use std::borrow::Cow;
use tch::{Kind, Tensor};

/// Side of a thumbnail: small enough to be nearly invariant to sharpening, noise and
/// recompression.
const SIDE: usize = 16;

/// Means over the cells of a 16×16 grid, `[N, 16 · 16 · C]` f32. Each row is normalized to mean 0
/// and length 1, so that the dot product of two rows is their correlation. The row of a picture of nearly
/// one color, such as 12 bits in the low bits of 16, is all zeros: it is like no other.
///
/// # Errors
/// If libtorch is out of memory, or a picture cannot be read.
pub fn of<'a>(
    pictures: impl ExactSizeIterator<Item = Result<Cow<'a, [u8]>>>,
    target: Target,
) -> Result<Tensor> {
    let (height, width, count) = (target.height, target.width, pictures.len());
    let channels = target.color_mode.channels();
    // The first pixel of a cell. If the picture is smaller than the grid, cells share pixels.
    let first = |cell: usize, pixels: usize| cell * pixels / SIDE;
    let mut values = Vec::with_capacity(count * SIDE * SIDE * channels);
    // Summing whole lines first, then cells, vectorizes well.
    let mut lines = vec![0u32; width * channels];
    for picture in pictures {
        let picture = picture?;
        let start = values.len();
        for row in 0..SIDE {
            let top = first(row, height);
            let bottom = first(row + 1, height).max(top + 1);
            lines.fill(0);
            for line in picture[top * width * channels..bottom * width * channels]
                .chunks_exact(width * channels)
            {
                for (sum, &value) in lines.iter_mut().zip(line) {
                    // The sum stays below 2³²; an overflow check would cost one branch per value.
                    *sum = sum.wrapping_add(u32::from(value));
                }
            }
            for column in 0..SIDE {
                let left = first(column, width);
                let right = first(column + 1, width).max(left + 1);
                let mut sums = [0u32; 3];
                for pixel in lines[left * channels..right * channels].chunks_exact(channels) {
                    for (sum, &value) in sums.iter_mut().zip(pixel) {
                        *sum += value;
                    }
                }
                let area = ((bottom - top) * (right - left)) as f32;
                values.extend(sums[..channels].iter().map(|&sum| sum as f32 / area));
            }
        }
        if is_flat(&values[start..], channels) {
            values[start..].fill(0.0);
        }
    }
    let shape = [count as i64, (SIDE * SIDE * channels) as i64];
    let values = Tensor::f_from_slice(&values)?.f_view(shape)?;
    let centered = values.f_sub(&values.f_mean_dim(1i64, true, Kind::Float)?)?;
    let lengths = centered.f_norm_scalaropt_dim(2.0, 1i64, true)?;
    // Rows of zeros stay.
    Ok(centered.f_div(&lengths.f_clamp_min(1e-3)?)?)
}

/// Whether the means of a picture, one of each channel per cell, are nearly the same in all cells.
fn is_flat(means: &[f32], channels: usize) -> bool {
    (0..channels).all(|channel| {
        let of_channel = || means.iter().skip(channel).step_by(channels).copied();
        let low = of_channel().fold(f32::INFINITY, f32::min);
        of_channel().fold(f32::NEG_INFINITY, f32::max) - low < f32::from(FLAT)
    })
}

/// The thumbnails of decoded pictures.
///
/// # Errors
/// If libtorch is out of memory, or a picture cannot be read.
pub fn of_pixels(pixels: &Pixels) -> Result<Tensor> {
    of(pixels.pictures(), pixels.target)
}

/// The thumbnails of the pictures' mirror images; `thumbnails` is `[N, 16 · 16 · C]`.
///
/// # Errors
/// If the shape is another.
pub fn mirrored(thumbnails: &Tensor) -> Result<Tensor> {
    let side = SIDE as i64;
    let columns = thumbnails.size().get(1).copied().unwrap_or(0);
    let pictures = thumbnails.f_view([-1, side, side, columns / (side * side)])?;
    Ok(pictures.f_flip([2])?.f_reshape([-1, columns])?)
}
