//! Resampling on the CPU, without the tensors of coordinates and indices that other devices need.

use super::coordinates::{into_range, nearest, neighbors};
use super::fill::FillMode;
use super::placement::{Axis, Placement};
use super::sampling::Sampling;
use crate::keras::InterpolationOrder;
use anyhow::{Result, ensure};
use std::slice;
use std::sync::Mutex;
use tch::{Device, Kind, Tensor};

/// As [`resample`](super::resample::resample), for pixels on the CPU, with as many threads as
/// libtorch. Order 0 gives the same values as on other devices, order 1 the same up to f32
/// rounding.
///
/// # Errors
/// If `pixels` is not `[N, H, W, C]` u8 with 1 to 4 channels on the CPU and with a placement each,
/// or libtorch is out of memory.
pub fn resample(pixels: &Tensor, placements: &[Placement], sampling: Sampling) -> Result<Tensor> {
    let (count, height, width, channels) = pixels.size4()?;
    ensure!(
        (pixels.kind(), pixels.device()) == (Kind::Uint8, Device::Cpu),
        "expected u8 pixels on the CPU, found {:?} on {:?}",
        pixels.kind(),
        pixels.device()
    );
    ensure!(
        placements.len() as i64 == count,
        "expected {count} placements, found {}",
        placements.len()
    );
    let picture = match channels {
        1 => picture::<1>,
        2 => picture::<2>,
        3 => picture::<3>,
        4 => picture::<4>,
        _ => anyhow::bail!("expected 1 to 4 channels, found {channels}"),
    };
    let pixels = pixels.f_contiguous()?;
    let mut out = Tensor::f_empty(pixels.size(), (Kind::Float, Device::Cpu))?;
    if out.numel() == 0 {
        return Ok(out);
    }

    let size = (height as usize, width as usize);
    let stride = out.numel() / placements.len();
    let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1).clamp(1, placements.len());
    let (bytes, values) = (bytes_of(&pixels), values_of(&mut out));
    let pictures = bytes.chunks_exact(stride).zip(values.chunks_exact_mut(stride)).zip(placements);
    // Threads take pictures one at a time: libtorch's threads keep spinning on their cores for a
    // while after its last operation, so equal shares would take unequal times.
    let pictures = Mutex::new(pictures);
    let next = || pictures.lock().ok().and_then(|mut pictures| pictures.next());
    let work = || {
        let mut lines = Lines::new(size);
        while let Some(((pixels, out), placement)) = next() {
            picture(pixels, out, placement, sampling, &mut lines);
        }
    };
    rayon::in_place_scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|_| work());
        }
        work();
    });
    Ok(out)
}

/// The memory of a contiguous, nonempty u8 tensor on the CPU.
fn bytes_of(tensor: &Tensor) -> &[u8] {
    // SAFETY: such a tensor has numel() bytes at data_ptr(), which live as long as it does. Nothing
    // writes to decoded pixels.
    unsafe { slice::from_raw_parts(tensor.data_ptr().cast(), tensor.numel()) }
}

/// The memory of a contiguous, nonempty f32 tensor on the CPU that nothing else shares.
fn values_of(tensor: &mut Tensor) -> &mut [f32] {
    let count = tensor.numel();
    // SAFETY: such a tensor has count aligned f32 at data_ptr(), which live as long as it does;
    // every bit pattern is an f32; the mutable borrow excludes its only owner.
    unsafe { slice::from_raw_parts_mut(tensor.data_ptr().cast(), count) }
}

/// Scratch memory that is reused from picture to picture.
struct Lines {
    /// Height and width.
    size: (usize, usize),
    /// Source rows and columns of an output row's pixels: `width` coordinates each, in pixels.
    rows: Vec<f64>,
    columns: Vec<f64>,
    /// The parts of both that depend on the output column.
    rows_by_column: Vec<f64>,
    columns_by_column: Vec<f64>,
    /// Whether a source is outside the picture.
    outside: Vec<bool>,
    /// The picture in f32, padded to four channels per pixel: a pixel is one SIMD register.
    padded: Vec<[f32; 4]>,
}

impl Lines {
    fn new(size: (usize, usize)) -> Self {
        let line = || vec![0.0; size.1];
        Self {
            size,
            rows: line(),
            columns: line(),
            rows_by_column: line(),
            columns_by_column: line(),
            outside: vec![false; size.1],
            padded: Vec::new(),
        }
    }

    /// Computes the sources of an output row; `row` and `column` are their parts by the output row.
    fn locate(&mut self, row: f64, column: f64, fill_mode: FillMode) {
        let (height, width) = self.size;
        for (coordinate, by_column) in self.rows.iter_mut().zip(&self.rows_by_column) {
            *coordinate = row + by_column;
        }
        for (coordinate, by_column) in self.columns.iter_mut().zip(&self.columns_by_column) {
            *coordinate = column + by_column;
        }
        if fill_mode == FillMode::Constant {
            let (last_row, last_column) = ((height - 1) as f64, (width - 1) as f64);
            let coordinates = self.rows.iter().zip(&self.columns);
            for (outside, (row, column)) in self.outside.iter_mut().zip(coordinates) {
                *outside = *row < 0.0 || *row > last_row || *column < 0.0 || *column > last_column;
            }
        }
        into_range(&mut self.rows, height, fill_mode);
        into_range(&mut self.columns, width, fill_mode);
    }
}

/// Transforms one picture of `C` channels, `pixels`, into `out`.
fn picture<const C: usize>(
    pixels: &[u8],
    out: &mut [f32],
    placement: &Placement,
    sampling: Sampling,
    lines: &mut Lines,
) {
    let (height, width) = lines.size;
    let (pixels, _) = pixels.as_chunks::<C>();
    let (out, _) = out.as_chunks_mut::<C>();
    let fill = |line: &mut Vec<f64>, coordinates: &mut dyn Iterator<Item = f64>| {
        line.clear();
        line.extend(coordinates);
    };
    fill(&mut lines.rows_by_column, &mut placement.by_column(Axis::Row, width));
    fill(&mut lines.columns_by_column, &mut placement.by_column(Axis::Column, width));
    if sampling.order == InterpolationOrder::Linear {
        lines.padded.clear();
        lines.padded.extend(pixels.iter().map(|pixel| {
            let mut padded = [0.0; 4];
            for (value, &level) in padded.iter_mut().zip(pixel) {
                *value = f32::from(level);
            }
            padded
        }));
    }
    let rows = placement.by_row(Axis::Row, height).zip(placement.by_row(Axis::Column, height));
    for (out, (row, column)) in out.chunks_exact_mut(width).zip(rows) {
        lines.locate(row, column, sampling.fill.fill_mode);
        let coordinates = lines.rows.iter().zip(&lines.columns);
        match sampling.order {
            InterpolationOrder::Nearest => {
                for (out, (&row, &column)) in out.iter_mut().zip(coordinates) {
                    let pixel = pixels[nearest(row, height) * width + nearest(column, width)];
                    *out = pixel.map(f32::from);
                }
            }
            InterpolationOrder::Linear => {
                for (out, (&row, &column)) in out.iter_mut().zip(coordinates) {
                    let (above, below, down) = neighbors(row, height);
                    let (left, right, across) = neighbors(column, width);
                    let at = |row: usize, column: usize| &lines.padded[row * width + column];
                    let upper = lerp(at(above, left), at(above, right), across);
                    let lower = lerp(at(below, left), at(below, right), across);
                    let value = lerp(&upper, &lower, down);
                    for (out, value) in out.iter_mut().zip(value) {
                        *out = value;
                    }
                }
            }
        }
        if sampling.fill.fill_mode == FillMode::Constant {
            for (out, _) in out.iter_mut().zip(&lines.outside).filter(|(_, outside)| **outside) {
                *out = [sampling.fill.cval as f32; C];
            }
        }
    }
}

fn lerp(from: &[f32; 4], to: &[f32; 4], weight: f32) -> [f32; 4] {
    let mut out = *from;
    for (value, to) in out.iter_mut().zip(to) {
        *value += weight * (to - *value);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::affine::Affine;
    use super::super::fill::Fill;
    use super::super::resample_device;
    use super::*;

    /// Rotations, shears, shifts and zooms whose sources are between pixels, halfway between them,
    /// on the edge and far outside.
    fn placements() -> Vec<Placement> {
        let affines = [
            ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
            ([1.0, 0.0, 0.5], [0.0, 1.0, -0.5]),
            ([0.0, 1.0, -3.0], [-1.0, 0.0, 12.5]),
            ([0.83, -0.41, 2.7], [0.37, 1.19, -4.1]),
            ([0.25, 0.0, 0.125], [0.0, 0.25, -0.375]),
            ([2.9, 1.3, -61.0], [-1.1, 3.1, 47.0]),
        ];
        let flips = [(false, false), (true, false), (false, true), (true, true)];
        let placed = affines.iter().flat_map(|&(row, column)| {
            flips.map(|(flip_horizontal, flip_vertical)| Placement {
                affine: Affine { row, column },
                flip_horizontal,
                flip_vertical,
            })
        });
        placed.collect()
    }

    #[test]
    fn the_two_ways_give_the_same_values() {
        let placements = placements();
        let count = placements.len() as i64;
        for (height, width, channels) in [(13, 17, 3), (13, 17, 1), (1, 5, 3), (4, 1, 2)] {
            let shape = [count, height, width, channels];
            let numbers = Tensor::arange(shape.iter().product::<i64>(), (Kind::Int64, Device::Cpu));
            let pixels = (numbers * 7919).remainder(251).to_kind(Kind::Uint8).reshape(shape);
            for fill_mode in
                [FillMode::Nearest, FillMode::Reflect, FillMode::Wrap, FillMode::Constant]
            {
                for order in [InterpolationOrder::Nearest, InterpolationOrder::Linear] {
                    let sampling = Sampling { order, fill: Fill { fill_mode, cval: 7.3 } };
                    let found = resample(&pixels, &placements, sampling).unwrap();
                    let expected =
                        resample_device::resample(&pixels, &placements, sampling).unwrap();
                    let difference = (found - expected).abs().max().double_value(&[]);
                    let bound = if order == InterpolationOrder::Nearest { 0.0 } else { 1e-4 };
                    assert!(difference <= bound, "{shape:?} {sampling:?}: {difference}");
                }
            }
        }
    }

    /// Every other picture of a batch, a view that is not contiguous.
    #[test]
    fn pixels_need_not_lie_together() {
        let shape = [4, 5, 6, 3];
        let pixels = Tensor::arange(360, (Kind::Int64, Device::Cpu)).remainder(256);
        let pixels = pixels.to_kind(Kind::Uint8).reshape(shape);
        let every_other = pixels.slice(0, 0, None, 2);
        let identity = Affine { row: [1.0, 0.0, 0.0], column: [0.0, 1.0, 0.0] };
        let placement =
            Placement { affine: identity, flip_horizontal: false, flip_vertical: false };
        let sampling = Sampling { order: InterpolationOrder::Nearest, fill: Fill::default() };
        let found = resample(&every_other, &[placement; 2], sampling).unwrap();
        assert_eq!(found, every_other.to_kind(Kind::Float));
        assert!(resample(&every_other, &[placement; 3], sampling).is_err());
        assert!(resample(&found, &[placement; 2], sampling).is_err());
    }
}
