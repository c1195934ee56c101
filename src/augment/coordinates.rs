//! Coordinates along an axis, in pixels, and the pixels there.

use super::fill::FillMode;

/// The pixel nearest to a coordinate that lies at most one pixel outside; half way is the next one.
pub(super) fn nearest(coordinate: f64, size: usize) -> usize {
    // Below 0 the cast stops at 0, where the coordinate belongs.
    ((coordinate + 0.5) as u32 as usize).min(size - 1)
}

/// The two pixels on either side of such a coordinate, and the share of the second.
pub(super) fn neighbours(coordinate: f64, size: usize) -> (usize, usize, f32) {
    // Rounded down without a call: the target's oldest processors have no instruction for it.
    let toward_zero = coordinate as i32;
    let floor = toward_zero - i32::from(coordinate < f64::from(toward_zero));
    let within = |index: i32| (index.max(0) as usize).min(size - 1);
    (within(floor), within(floor + 1), (coordinate - f64::from(floor)) as f32)
}

/// Brings coordinates into the picture, as scipy's `map_coordinate` and the device's `into_range` do.
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
