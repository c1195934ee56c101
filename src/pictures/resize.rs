//! Pixels → pixels at the network's size, value for value as Pillow's `Image.resize`.

use super::decode::Picture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a resized pixel comes from the original ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// The one original pixel it falls on: what `ImageDataGenerator` does.
    #[default]
    Nearest,
    /// A weighted mean of all original pixels it covers: what `image_dataset_from_directory` does
    /// is close to this.
    Bilinear,
}

/// Resizes `picture` to `height` × `width` without keeping its aspect, into `out`
/// (`height · width · channels` bytes).
///
/// # Panics
/// If `out` has another length.
pub fn resize(
    picture: &Picture,
    height: usize,
    width: usize,
    interpolation: Interpolation,
    out: &mut [u8],
) {
    assert_eq!(out.len(), height * width * picture.channels);
    if (picture.height, picture.width) == (height, width) {
        out.copy_from_slice(&picture.pixels);
        return;
    }
    match interpolation {
        // Pixels of a known size are copied in registers, not by a call each.
        Interpolation::Nearest if picture.channels == 3 => {
            nearest::<3>(picture, height, width, out)
        }
        Interpolation::Nearest => nearest::<1>(picture, height, width, out),
        Interpolation::Bilinear => bilinear(picture, height, width, out),
    }
}

/// Pillow's `ImagingScaleAffine`: the source position is accumulated in f64 and truncated.
fn nearest<const CHANNELS: usize>(picture: &Picture, height: usize, width: usize, out: &mut [u8]) {
    let columns = nearest_positions(picture.width, width);
    let rows = nearest_positions(picture.height, height);
    let (source, _) = picture.pixels.as_chunks::<CHANNELS>();
    let (out, _) = out.as_chunks_mut::<CHANNELS>();
    for (row, line) in rows.iter().zip(out.chunks_exact_mut(width)) {
        let source = &source[row * picture.width..][..picture.width];
        for (column, pixel) in columns.iter().zip(line) {
            *pixel = source[*column];
        }
    }
}

/// The source index of each of `output` positions along an axis of `input` pixels.
pub fn nearest_positions(input: usize, output: usize) -> Vec<usize> {
    let scale = input as f64 / output as f64;
    let mut position = scale * 0.5;
    let mut positions = Vec::with_capacity(output);
    for _ in 0..output {
        positions.push((position as usize).min(input - 1));
        position += scale;
    }
    positions
}

/// Bits of the fixed-point weights in Pillow's `Resample.c` (32 − 8 − 2).
const PRECISION_BITS: u32 = 22;

/// The source pixels that make one output pixel along an axis, and their weights.
struct Taps {
    start: usize,
    weights: Vec<i32>,
}

/// Pillow's `precompute_coeffs` and `normalize_coeffs_8bpc` for the triangle filter, whose support
/// widens with the scale, so that shrinking averages.
fn triangle_taps(input: usize, output: usize) -> Vec<Taps> {
    let scale = input as f64 / output as f64;
    let filter_scale = scale.max(1.0);
    (0..output)
        .map(|index| {
            let center = (index as f64 + 0.5) * scale;
            let start = ((center - filter_scale + 0.5) as i64).max(0) as usize;
            let end = ((center + filter_scale + 0.5) as usize).min(input);
            let weights: Vec<f64> = (start..end)
                .map(|x| (1.0 - ((x as f64 - center + 0.5) / filter_scale).abs()).max(0.0))
                .collect();
            let sum: f64 = weights.iter().sum();
            let one = f64::from(1 << PRECISION_BITS);
            let fixed = |weight: f64| (0.5 + weight / sum * one) as i32;
            Taps { start, weights: weights.into_iter().map(fixed).collect() }
        })
        .collect()
}

/// Pillow's two passes: across, then down, each rounded to 8 bits. (Pillow 13 goes down first at some
/// sizes; values then differ by one level.)
fn bilinear(picture: &Picture, height: usize, width: usize, out: &mut [u8]) {
    let channels = picture.channels;
    let across = if picture.width == width {
        picture.pixels.clone()
    } else {
        let taps = triangle_taps(picture.width, width);
        let mut across = vec![0; picture.height * width * channels];
        let sources = picture.pixels.chunks_exact(picture.width * channels);
        for (source, line) in sources.zip(across.chunks_exact_mut(width * channels)) {
            for (tap, pixel) in taps.iter().zip(line.chunks_exact_mut(channels)) {
                for (channel, value) in pixel.iter_mut().enumerate() {
                    let first = tap.start * channels + channel;
                    *value = weighted(&tap.weights, source[first..].iter().step_by(channels));
                }
            }
        }
        across
    };
    let stride = width * channels;
    let taps = triangle_taps(picture.height, height);
    for (tap, line) in taps.iter().zip(out.chunks_exact_mut(stride)) {
        for (column, value) in line.iter_mut().enumerate() {
            let first = tap.start * stride + column;
            *value = weighted(&tap.weights, across[first..].iter().step_by(stride));
        }
    }
}

fn weighted<'a>(weights: &[i32], values: impl Iterator<Item = &'a u8>) -> u8 {
    let half = 1 << (PRECISION_BITS - 1);
    let sum: i32 =
        weights.iter().zip(values).map(|(weight, &value)| weight * i32::from(value)).sum();
    ((half + sum) >> PRECISION_BITS).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Image.frombytes('L', (7, 1), bytes([0, 10, 50, 90, 200, 255, 30])).resize((3, 1), …)`
    /// in Pillow 12.0.
    #[test]
    fn a_row_resizes_as_in_pillow() {
        let row =
            Picture { width: 7, height: 1, channels: 1, pixels: vec![0, 10, 50, 90, 200, 255, 30] };
        let mut out = [0; 3];
        resize(&row, 1, 3, Interpolation::Nearest, &mut out);
        assert_eq!(out, [10, 90, 255]);
    }

    #[test]
    fn every_position_lies_inside() {
        for input in 1..400 {
            for output in [1, 2, 3, 7, 149, 150, 151, 224] {
                let positions = nearest_positions(input, output);
                assert_eq!(positions.len(), output);
                assert!(positions.is_sorted() && positions[output - 1] < input);
            }
        }
    }
}
