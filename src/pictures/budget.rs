//! Memory for large pictures, which are decoded one after the other if they do not fit beside each
//! other.

use crate::machine::memory::free_memory;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};

/// Size above which a picture waits for memory, in pixels.
const LARGE: u64 = 16 << 20;

/// Bytes that decoding takes for a pixel, at most on usual pictures: the pixels, the same turned, and
/// the decoder's own.
const BYTES_PER_PIXEL: u64 = 9;

/// Bytes for large pictures, unless a quarter of the free memory is more.
const LEAST: u64 = 1 << 30;

/// Bytes in use for large pictures.
struct Budget {
    used: Mutex<u64>,
    returned: Condvar,
}

static BUDGET: Budget = Budget { used: Mutex::new(0), returned: Condvar::new() };

/// A share of the memory, returned when dropped.
pub(super) struct Share(u64);

/// Waits for the memory for a picture of this many pixels. A picture that takes more than there is
/// waits to be alone.
pub(super) fn wait_for(pixels: u64) -> Share {
    if pixels <= LARGE {
        return Share(0);
    }
    static TOTAL: OnceLock<u64> = OnceLock::new();
    let total = *TOTAL.get_or_init(|| LEAST.max(free_memory().unwrap_or(0) / 4));
    let bytes = pixels.saturating_mul(BYTES_PER_PIXEL).min(total);
    let used = BUDGET.used.lock().unwrap_or_else(PoisonError::into_inner);
    let is_full = |used: &mut u64| *used + bytes > total;
    let used = BUDGET.returned.wait_while(used, is_full);
    *used.unwrap_or_else(PoisonError::into_inner) += bytes;
    Share(bytes)
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.0 > 0 {
            *BUDGET.used.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
            BUDGET.returned.notify_all();
        }
    }
}
