//! The weights of Pillow's resampling filters (`Resample.c`), in fixed point.

/// Bits of the fixed-point weights (32 − 8 − 2).
pub(super) const PRECISION_BITS: u32 = 22;

/// A filter: its half width at scale 1, and its value at a distance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filter {
    pub support: f64,
    pub at: fn(f64) -> f64,
}

pub(super) const TRIANGLE: Filter = Filter { support: 1.0, at: |x| (1.0 - x.abs()).max(0.0) };

/// Keys's cubic with a = −0.5.
pub(super) const CUBIC: Filter = Filter {
    support: 2.0,
    at: |x| {
        const A: f64 = -0.5;
        match x.abs() {
            x if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            x if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            _ => 0.0,
        }
    },
};

/// The source pixels of every output pixel along an axis, and their fixed-point weights.
#[derive(Debug, Default)]
pub(super) struct Taps {
    /// First source pixel and number of source pixels.
    spans: Vec<(usize, usize)>,
    /// `stride` weights per output pixel; those beyond its number are unused.
    weights: Vec<i32>,
    stride: usize,
    /// Weights of one output pixel before rounding.
    exact: Vec<f64>,
}

impl Taps {
    /// Pillow's `precompute_coeffs` and `normalize_coeffs_8bpc`, for the part `from..to` of `input`
    /// pixels. The filter's support grows with the scale, so that shrinking averages.
    pub fn set(&mut self, filter: Filter, input: usize, (from, to): (f32, f32), output: usize) {
        let scale = f64::from(to - from) / output as f64;
        let filter_scale = scale.max(1.0);
        let support = filter.support * filter_scale;
        let step = 1.0 / filter_scale;
        self.stride = support.ceil() as usize * 2 + 1;
        self.spans.clear();
        self.weights.clear();
        self.weights.resize(output * self.stride, 0);
        for (index, weights) in self.weights.chunks_exact_mut(self.stride).enumerate() {
            let center = f64::from(from) + (index as f64 + 0.5) * scale;
            let start = ((center - support + 0.5) as i64).max(0) as usize;
            let end = ((center + support + 0.5) as usize).min(input);
            self.exact.clear();
            self.exact.extend((start..end).map(|x| (filter.at)((x as f64 - center + 0.5) * step)));
            let sum: f64 = self.exact.iter().sum();
            for (fixed, &exact) in weights.iter_mut().zip(&self.exact) {
                let exact = if sum == 0.0 { exact } else { exact / sum };
                let half = 0.5_f64.copysign(exact);
                *fixed = (half + exact * f64::from(1 << PRECISION_BITS)) as i32;
            }
            self.spans.push((start, end - start));
        }
    }

    /// Number of output pixels.
    pub fn outputs(&self) -> usize {
        self.spans.len()
    }

    /// The first source pixel and the weights of every output pixel.
    #[inline(always)]
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[i32])> {
        let weights = self.weights.chunks_exact(self.stride);
        self.spans.iter().zip(weights).map(|(&(start, count), weights)| (start, &weights[..count]))
    }

    /// The largest number of source pixels of an output pixel.
    #[cfg(target_arch = "x86_64")]
    pub fn longest(&self) -> usize {
        self.spans.iter().map(|&(_, count)| count).max().unwrap_or(0)
    }

    /// The source pixels that are used, from the first to after the last.
    pub fn used(&self) -> (usize, usize) {
        let first = self.spans.first().map_or(0, |&(start, _)| start);
        let last = self.spans.last().map_or(0, |&(start, count)| start + count);
        (first, last)
    }
}
