//! Resizes pictures with exactly the values of Pillow's `Image.resize`.

use super::convolution::Convolution;
use super::picture::{Area, Picture};
use super::taps::{CUBIC, TRIANGLE};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How pictures are resized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Interpolation {
    /// The nearest original pixel, as in Keras's `ImageDataGenerator`.
    #[default]
    Nearest,
    /// A weighted mean of all original pixels covered; close to Keras's
    /// `image_dataset_from_directory`.
    Bilinear,
    /// A weighted mean of more pixels, some with negative weights: sharper than bilinear.
    Bicubic,
}

/// Resizes pictures and reuses its memory.
#[derive(Debug, Default)]
pub struct Resizer {
    convolution: Convolution,
}

impl Resizer {
    /// Resizes `area` of `picture` into `out`, `[height, width, channels]`, ignoring its aspect
    /// ratio: Pillow's `resize((width, height), interpolation, area)`.
    ///
    /// # Panics
    /// If the length of `out` is not `height · width · channels`, or `area` is not inside the picture.
    pub fn resize(
        &mut self,
        picture: &Picture,
        area: Area,
        (height, width): (usize, usize),
        interpolation: Interpolation,
        out: &mut [u8],
    ) {
        assert_eq!(out.len(), height * width * picture.channels);
        let Area { left, top, right, bottom } = area;
        if left.fract() == 0.0
            && top.fract() == 0.0
            && (right - left, bottom - top) == (width as f32, height as f32)
        {
            copy(picture, (top as usize, left as usize), width, out);
            return;
        }
        match interpolation {
            // With the pixel size known at compile time, a copy is a register move, not a call.
            Interpolation::Nearest if picture.channels == 3 => {
                nearest::<3>(picture, area, (height, width), out);
            }
            Interpolation::Nearest => nearest::<1>(picture, area, (height, width), out),
            Interpolation::Bilinear => {
                self.convolution.resize(TRIANGLE, picture, area, (height, width), out);
            }
            Interpolation::Bicubic => {
                self.convolution.resize(CUBIC, picture, area, (height, width), out);
            }
        }
    }
}

/// Resizes `picture` into `out`, `[height, width, channels]`, ignoring its aspect ratio.
///
/// # Panics
/// If the length of `out` is not `height · width · channels`.
pub fn resize(
    picture: &Picture,
    height: usize,
    width: usize,
    interpolation: Interpolation,
    out: &mut [u8],
) {
    let area = Area::of(picture);
    Resizer::default().resize(picture, area, (height, width), interpolation, out);
}

/// `picture` with its longer side at most `longest` pixels, and the same aspect ratio up to rounding.
pub fn shrunk(picture: &Picture, longest: usize) -> Picture {
    let longer = picture.width.max(picture.height);
    if longer <= longest {
        return picture.clone();
    }
    let scaled = |side: usize| (side * longest / longer).max(1);
    let (width, height) = (scaled(picture.width), scaled(picture.height));
    let mut pixels = vec![0; width * height * picture.channels];
    resize(picture, height, width, Interpolation::Bilinear, &mut pixels);
    Picture { width, height, channels: picture.channels, pixels }
}

/// Copies a part of a picture.
fn copy(picture: &Picture, (top, left): (usize, usize), width: usize, out: &mut [u8]) {
    let (stride, start) = (picture.width * picture.channels, left * picture.channels);
    let rows = picture.pixels.chunks_exact(stride).skip(top);
    for (row, line) in rows.zip(out.chunks_exact_mut(width * picture.channels)) {
        line.copy_from_slice(&row[start..][..line.len()]);
    }
}

/// Pillow's `ImagingScaleAffine` (`Geometry.c`): accumulates the source position in f64 and
/// truncates.
fn nearest<const CHANNELS: usize>(
    picture: &Picture,
    area: Area,
    (height, width): (usize, usize),
    out: &mut [u8],
) {
    let columns = positions_in(picture.width, (area.left, area.right), width);
    let rows = positions_in(picture.height, (area.top, area.bottom), height);
    let (source, _) = picture.pixels.as_chunks::<CHANNELS>();
    let (out, _) = out.as_chunks_mut::<CHANNELS>();
    for (row, line) in rows.iter().zip(out.chunks_exact_mut(width)) {
        let source = &source[row * picture.width..][..picture.width];
        for (column, pixel) in columns.iter().zip(line) {
            *pixel = source[*column];
        }
    }
}

/// The source index of each of `output` pixels along an axis of `input` pixels; see
/// [`Interpolation::Nearest`].
pub fn nearest_positions(input: usize, output: usize) -> Vec<usize> {
    positions_in(input, (0.0, input as f32), output)
}

/// The source index of each of `output` pixels in the part `from..to` of an axis of `input` pixels.
fn positions_in(input: usize, (from, to): (f32, f32), output: usize) -> Vec<usize> {
    let scale = f64::from(to - from) / output as f64;
    let mut position = f64::from(from) + scale * 0.5;
    let mut positions = Vec::with_capacity(output);
    for _ in 0..output {
        positions.push((position as usize).min(input - 1));
        position += scale;
    }
    positions
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Image.frombytes('L', (7, 1), bytes([0, 10, 50, 90, 200, 255, 30])).resize((3, 1), …)`
    /// in Pillow 12.0.
    #[test]
    fn a_row_matches_pillow() {
        let row =
            Picture { width: 7, height: 1, channels: 1, pixels: vec![0, 10, 50, 90, 200, 255, 30] };
        let mut out = [0; 3];
        resize(&row, 1, 3, Interpolation::Nearest, &mut out);
        assert_eq!(out, [10, 90, 255]);
    }

    #[test]
    fn positions_are_inside_the_input() {
        for input in 1..400 {
            for output in [1, 2, 3, 7, 149, 150, 151, 224] {
                let positions = nearest_positions(input, output);
                assert_eq!(positions.len(), output);
                assert!(positions.is_sorted() && positions[output - 1] < input);
            }
        }
    }
}
