//! Resampling as operations on whole batches, for any device.

use super::fill::FillMode;
use super::placement::{Axis, Placement};
use super::sampling::Sampling;
use crate::keras::InterpolationOrder;
use crate::machine::device::upload;
use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// As [`resample`](super::resample::resample), on the device of `pixels`.
///
/// # Errors
/// If libtorch is out of memory.
pub fn resample(pixels: &Tensor, placements: &[Placement], sampling: Sampling) -> Result<Tensor> {
    let (count, height, width, channels) = pixels.size4()?;
    let rows = coordinates(pixels, placements, Axis::Row)?;
    let columns = coordinates(pixels, placements, Axis::Column)?;
    let outside = match sampling.fill.fill_mode {
        FillMode::Constant => {
            Some(is_outside(&rows, height)?.f_logical_or_(&is_outside(&columns, width)?)?)
        }
        _ => None,
    };
    let rows = into_range(rows, height, sampling.fill.fill_mode)?;
    let columns = into_range(columns, width, sampling.fill.fill_mode)?;

    // With all pictures in one list of pixels, sampling is one gather per neighbor.
    let list = pixels.f_reshape([count * height * width, channels])?;
    let first = Tensor::f_arange(count, (Kind::Int64, pixels.device()))?
        .f_mul_scalar_(height * width)?
        .f_reshape([count, 1, 1])?;
    let at = |row: &Tensor, column: &Tensor| -> Result<Tensor> {
        let index = row.f_mul_scalar(width)?.f_add_(column)?.f_add_(&first)?;
        let values = list.f_index_select(0, &index.f_flatten(0, -1)?)?;
        Ok(values.f_to_kind(Kind::Float)?.f_reshape([count, height, width, channels])?)
    };
    let mut out = match sampling.order {
        InterpolationOrder::Nearest => {
            let nearest = |mut coordinates: Tensor, size: i64| -> Result<Tensor> {
                let index = coordinates.f_add_scalar_(0.5)?.f_floor_()?.f_clamp_(0, size - 1)?;
                Ok(index.f_to_kind(Kind::Int64)?)
            };
            at(&nearest(rows, height)?, &nearest(columns, width)?)?
        }
        InterpolationOrder::Linear => {
            let row = Neighbors::of(&rows, height)?;
            let column = Neighbors::of(&columns, width)?;
            let across = |row: &Tensor| -> Result<Tensor> {
                Ok(at(row, &column.low)?.f_lerp_tensor(&at(row, &column.high)?, &column.weight)?)
            };
            across(&row.low)?.f_lerp_tensor(&across(&row.high)?, &row.weight)?
        }
    };
    if let Some(outside) = outside {
        let _ = out.f_masked_fill_(&outside.f_unsqueeze(-1)?, sampling.fill.cval)?;
    }
    Ok(out)
}

/// The sources of all output pixels along one axis: `[N, H, W]`, in pixels.
fn coordinates(pixels: &Tensor, placements: &[Placement], axis: Axis) -> Result<Tensor> {
    let (count, height, width, _) = pixels.size4()?;
    let device = pixels.device();
    let kind = if device == Device::Mps { Kind::Float } else { Kind::Double };
    let mut by_row = Vec::with_capacity((count * height) as usize);
    let mut by_column = Vec::with_capacity((count * width) as usize);
    for placement in placements {
        by_row.extend(placement.by_row(axis, height as usize));
        by_column.extend(placement.by_column(axis, width as usize));
    }
    let to_device = |values: &[f64], shape: [i64; 3]| -> Result<Tensor> {
        Ok(upload(&Tensor::f_from_slice(values)?.f_to_kind(kind)?, device)?.f_reshape(shape)?)
    };
    let by_row = to_device(&by_row, [count, height, 1])?;
    Ok(by_row.f_add(&to_device(&by_column, [count, 1, width])?)?)
}

/// Whether a coordinate is beyond the centers of the first and last pixels.
fn is_outside(coordinates: &Tensor, size: i64) -> Result<Tensor> {
    Ok(coordinates.f_lt(0.0)?.f_logical_or_(&coordinates.f_gt((size - 1) as f64)?)?)
}

/// Maps coordinates into the picture like scipy's `map_coordinate`; they may remain up to one pixel
/// outside, which the clamp of the indices corrects.
fn into_range(mut coordinates: Tensor, size: i64, fill_mode: FillMode) -> Result<Tensor> {
    let last = (size - 1) as f64;
    Ok(match fill_mode {
        FillMode::Nearest | FillMode::Constant => coordinates.f_clamp_(0.0, last)?,
        FillMode::Reflect => {
            let period = 2.0 * size as f64;
            let mut passes = coordinates.f_div_scalar(period)?.f_floor_()?;
            let once = coordinates.f_sub_(&passes.f_mul_scalar_(period)?)?;
            let mirrored = once.f_rsub_scalar(period - 1.0)?;
            once.f_where_self(&once.f_lt(size as f64)?, &mirrored)?
        }
        FillMode::Wrap if size == 1 => coordinates.f_zero_()?,
        FillMode::Wrap => {
            // The first and last pixels coincide: the period is size − 1.
            let passes = coordinates.f_div_scalar(last)?;
            let above = coordinates.f_sub(&passes.f_floor()?.f_mul_scalar_(last)?)?;
            let mut passes_below = passes.f_neg()?.f_floor_()?.f_add_scalar_(1.0)?;
            let below = coordinates.f_add(&passes_below.f_mul_scalar_(last)?)?;
            let inside_or_below = below.f_where_self(&coordinates.f_lt(0.0)?, &coordinates)?;
            above.f_where_self(&coordinates.f_gt(last)?, &inside_or_below)?
        }
    })
}

/// The pixels on either side of each coordinate.
struct Neighbors {
    low: Tensor,
    high: Tensor,
    /// The weight of `high`, `[N, H, W, 1]` f32.
    weight: Tensor,
}

impl Neighbors {
    fn of(coordinates: &Tensor, size: i64) -> Result<Self> {
        let floor = coordinates.f_floor()?;
        let weight = coordinates.f_sub(&floor)?.f_to_kind(Kind::Float)?.f_unsqueeze(-1)?;
        let index = |floor: &Tensor| -> Result<Tensor> {
            Ok(floor.f_clamp(0, size - 1)?.f_to_kind(Kind::Int64)?)
        };
        Ok(Self { low: index(&floor)?, high: index(&floor.f_add_scalar(1.0)?)?, weight })
    }
}
