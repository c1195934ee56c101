//! Coordinates along an axis, in pixels, and the pixels next to them.

use super::fill::FillMode;

/// The pixel nearest to a coordinate at most one pixel outside the picture; halves round up.
pub(super) fn nearest(coordinate: f64, size: usize) -> usize {
    // The cast saturates at 0, the nearest pixel of negative coordinates.
    ((coordinate + 0.5) as u32 as usize).min(size - 1)
}

/// The pixels on either side of such a coordinate, and the weight of the second.
pub(super) fn neighbors(coordinate: f64, size: usize) -> (usize, usize, f32) {
    // floor() would be a function call: baseline x86-64 has no instruction for it.
    let toward_zero = coordinate as i32;
    let floor = toward_zero - i32::from(coordinate < f64::from(toward_zero));
    let within = |index: i32| (index.max(0) as usize).min(size - 1);
    (within(floor), within(floor + 1), (coordinate - f64::from(floor)) as f32)
}

/// Maps coordinates into the picture like scipy's `map_coordinate` and `resample::into_range`.
pub(super) fn into_range(coordinates: &mut [f64], size: usize, fill_mode: FillMode) {
    let last = (size - 1) as f64;
    match fill_mode {
        FillMode::Nearest | FillMode::Constant => {
            for coordinate in coordinates {
                *coordinate = coordinate.max(0.0).min(last);
            }
        }
        FillMode::Reflect => {
            let period = 2.0 * size as f64;
            for coordinate in coordinates {
                let once = *coordinate - (*coordinate / period).floor() * period;
                *coordinate = if once < size as f64 { once } else { period - 1.0 - once };
            }
        }
        FillMode::Wrap if size == 1 => coordinates.fill(0.0),
        FillMode::Wrap => {
            for coordinate in coordinates {
                let passes = *coordinate / last;
                if *coordinate < 0.0 {
                    *coordinate += ((-passes).floor() + 1.0) * last;
                } else if *coordinate > last {
                    *coordinate -= passes.floor() * last;
                }
            }
        }
    }
}
