//! Places along an axis, and the pixels there.

use super::config::FillMode;

/// The pixel nearest to a place that lies at most one pixel outside; half way is the next one.
pub(super) fn nearest(place: f64, size: usize) -> usize {
    // Below 0 the cast stops at 0, where the place belongs.
    ((place + 0.5) as u32 as usize).min(size - 1)
}

/// The two pixels on either side of such a place, and the share of the second.
pub(super) fn neighbours(place: f64, size: usize) -> (usize, usize, f32) {
    // Rounded down without a call: the target's oldest processors have no instruction for it.
    let toward_zero = place as i32;
    let floor = toward_zero - i32::from(place < f64::from(toward_zero));
    let within = |index: i32| (index.max(0) as usize).min(size - 1);
    (within(floor), within(floor + 1), (place - f64::from(floor)) as f32)
}

/// Places of scipy's `map_coordinate`, as the device's `into_range`.
pub(super) fn into_range(places: &mut [f64], size: usize, fill_mode: FillMode) {
    let last = (size - 1) as f64;
    match fill_mode {
        FillMode::Nearest | FillMode::Constant => {
            for place in places {
                *place = place.max(0.0).min(last);
            }
        }
        FillMode::Reflect => {
            let period = 2.0 * size as f64;
            for place in places {
                let once = *place - (*place / period).floor() * period;
                *place = if once < size as f64 { once } else { period - 1.0 - once };
            }
        }
        FillMode::Wrap if size == 1 => places.fill(0.0),
        FillMode::Wrap => {
            for place in places {
                let passes = *place / last;
                if *place < 0.0 {
                    *place += ((-passes).floor() + 1.0) * last;
                } else if *place > last {
                    *place -= passes.floor() * last;
                }
            }
        }
    }
}
