//! The horizontal pass on RGB pixels for processors with AVX2, with the values of the general one.

use super::taps::{PRECISION_BITS, Taps};
use std::arch::x86_64::*;

/// Bits of the lower part of a weight. Both parts fit i16, whose products the processor adds in pairs.
const LOW_BITS: u32 = 11;

/// Weights of four source pixels, as the sums take them: of the first two pixels in four pairs, then
/// of the last two; the upper parts, then the lower ones.
type Quad = [[i16; 16]; 2];

/// Lines that are resized at a time, with the same weights.
pub(super) const LINES: usize = 4;

/// The source pixels and weights of an axis, for lines of RGB pixels.
#[derive(Debug, Default)]
pub(super) struct Quads {
    /// Offset of the first source pixel of every output pixel in bytes.
    offsets: Vec<usize>,
    /// As many for every output pixel.
    weights: Vec<Quad>,
    /// Quads per output pixel.
    count: usize,
    /// Bytes that are read from the start of a line on.
    reach: usize,
}

impl Quads {
    pub fn set(&mut self, taps: &Taps) {
        self.count = taps.longest().div_ceil(4).max(1);
        self.offsets.clear();
        self.weights.clear();
        for (start, weights) in taps.iter() {
            self.offsets.push(start * 3);
            for quad in 0..self.count {
                let weight = |at: usize| weights.get(quad * 4 + at).copied().unwrap_or(0);
                let lane = |part: fn(i32) -> i32| {
                    std::array::from_fn(|at| part(weight(at / 8 * 2 + at % 2)) as i16)
                };
                let low = |weight| weight & ((1 << LOW_BITS) - 1);
                self.weights.push([lane(|weight| weight >> LOW_BITS), lane(low)]);
            }
        }
        // Of a quad's 16 bytes, 12 are its pixels.
        self.reach = self.offsets.iter().max().unwrap_or(&0) + self.count * 12 + 4;
    }

    /// Bytes that are read from the start of a line on, perhaps beyond its end.
    pub fn reach(&self) -> usize {
        self.reach
    }
}

/// Resizes up to [`LINES`] lines of RGB pixels, each `stride` bytes after the previous one, to lines of
/// `out`.
///
/// # Panics
/// If `source` does not have the last line's [`Quads::reach`].
#[target_feature(enable = "avx2")]
pub(super) fn rgb_lines(source: &[u8], stride: usize, quads: &Quads, out: &mut [[u8; 3]]) {
    match quads.count {
        1 => rgb_lines_of::<1>(source, stride, quads, out),
        2 => rgb_lines_of::<2>(source, stride, quads, out),
        3 => rgb_lines_of::<3>(source, stride, quads, out),
        _ => rgb_lines_of::<0>(source, stride, quads, out),
    }
}

/// `COUNT` is the number of quads per output pixel; 0 is any.
#[inline]
#[target_feature(enable = "avx2")]
fn rgb_lines_of<const COUNT: usize>(
    source: &[u8],
    stride: usize,
    quads: &Quads,
    out: &mut [[u8; 3]],
) {
    let count = if COUNT == 0 { quads.count } else { COUNT };
    let width = quads.offsets.len();
    // Missing lines repeat the last one.
    let last = (out.len() / width).clamp(1, LINES) - 1;
    assert!(last * stride + quads.reach <= source.len());
    let lines = [0, 1, 2, 3].map(|line: usize| source[line.min(last) * stride..].as_ptr());
    let mut rows = out.chunks_exact_mut(width);
    let mut rows: [_; LINES] = std::array::from_fn(|_| rows.next().unwrap_or_default());
    // Of four pixels, puts the colors of the first two beside each other, as i16, and of the last two.
    #[rustfmt::skip]
    let order = _mm256_setr_epi8(
        0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1,
        6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1,
    );
    let pixels = quads.offsets.iter().zip(quads.weights.chunks_exact(count));
    for (column, (&offset, weights)) in pixels.enumerate() {
        let (mut high, mut low) =
            ([_mm256_setzero_si256(); LINES], [_mm256_setzero_si256(); LINES]);
        // SAFETY: every line's reach is inside the source, which was checked.
        let mut at = lines.map(|line| unsafe { line.add(offset) });
        for [upper, lower] in weights {
            // SAFETY: a quad is two times 32 bytes.
            let (upper, lower) = unsafe {
                let upper = _mm256_loadu_si256(upper.as_ptr().cast());
                (upper, _mm256_loadu_si256(lower.as_ptr().cast()))
            };
            for line in 0..LINES {
                // SAFETY: the 16 bytes are within the line's reach.
                let bytes = unsafe { _mm_loadu_si128(at[line].cast()) };
                // SAFETY: as above; after the last quad, 4 bytes are left.
                at[line] = unsafe { at[line].add(12) };
                let values = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(bytes), order);
                high[line] = _mm256_add_epi32(high[line], _mm256_madd_epi16(values, upper));
                low[line] = _mm256_add_epi32(low[line], _mm256_madd_epi16(values, lower));
            }
        }
        let sum = |line: usize| {
            let high = _mm256_slli_epi32::<{ LOW_BITS as i32 }>(high[line]);
            _mm256_add_epi32(high, low[line])
        };
        let rounded = rounded([sum(0), sum(1), sum(2), sum(3)]);
        for (row, rounded) in rows.iter_mut().zip(rounded) {
            // There is no row for a line that is repeated.
            if let Some(pixel) = row.get_mut(column) {
                *pixel = rounded;
            }
        }
    }
}

/// Four pixels from the weighted sums of their colors, whose halves are yet to be added.
#[inline]
#[target_feature(enable = "avx2")]
fn rounded([a, b, c, d]: [__m256i; 4]) -> [[u8; 3]; 4] {
    // Both conversions clamp. They work on either half alone.
    let words = _mm256_packs_epi32(halves_added(a, c), halves_added(b, d));
    let bytes = _mm256_packus_epi16(words, words);
    let ab = _mm_cvtsi128_si64(_mm256_castsi256_si128(bytes)).to_le_bytes();
    let cd = _mm_cvtsi128_si64(_mm256_extracti128_si256::<1>(bytes)).to_le_bytes();
    let [[a, b], [c, d]] = [ab, cd].map(|[a, b, c, _, d, e, f, _]| [[a, b, c], [d, e, f]]);
    [a, b, c, d]
}

/// The sums of two pixels, rounded.
#[inline]
#[target_feature(enable = "avx2")]
fn halves_added(one: __m256i, other: __m256i) -> __m256i {
    let first = _mm256_permute2x128_si256::<0x20>(one, other);
    let second = _mm256_permute2x128_si256::<0x31>(one, other);
    let half = _mm256_set1_epi32(1 << (PRECISION_BITS - 1));
    let sum = _mm256_add_epi32(_mm256_add_epi32(first, second), half);
    _mm256_srai_epi32::<{ PRECISION_BITS as i32 }>(sum)
}
