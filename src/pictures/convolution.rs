//! Pillow's resampling with a filter (`Resample.c`), value for value: a horizontal and a vertical pass
//! with weights in fixed point, each rounded to 8 bits.

#[cfg(target_arch = "x86_64")]
use super::convolution_avx2::{self as avx2, Quads};
use super::picture::Area;
use super::picture::Picture;
use super::taps::{Filter, PRECISION_BITS, Taps};

/// The memory of the passes, reused from picture to picture.
#[derive(Debug, Default)]
pub(super) struct Convolution {
    columns: Taps,
    rows: Taps,
    /// Lines of the output's width, from the horizontal pass.
    lines: Vec<u8>,
    /// A copy of source lines that are not followed by enough bytes.
    #[cfg(target_arch = "x86_64")]
    padded: Vec<u8>,
    #[cfg(target_arch = "x86_64")]
    quads: Quads,
}

impl Convolution {
    /// Resizes `area` of `picture` into `out`, `[height, width, channels]`. (At some sizes Pillow 13
    /// starts with the vertical pass; values then differ by one level.)
    pub fn resize(
        &mut self,
        filter: Filter,
        picture: &Picture,
        area: Area,
        (height, width): (usize, usize),
        out: &mut [u8],
    ) {
        let whole = |from: f32, to: f32, input: usize, output: usize| {
            input == output && from == 0.0 && to == output as f32
        };
        let is_horizontal = !whole(area.left, area.right, picture.width, width);
        let is_vertical = !whole(area.top, area.bottom, picture.height, height);
        let (mut first, mut last) = (0, picture.height);
        if is_vertical {
            self.rows.set(filter, picture.height, (area.top, area.bottom), height);
            (first, last) = self.rows.used();
        }
        let stride = picture.width * picture.channels;
        let source = &picture.pixels[first * stride..last * stride];
        if !is_horizontal {
            match is_vertical {
                true => vertical(source, first, &self.rows, out),
                false => out.copy_from_slice(source),
            }
            return;
        }
        self.columns.set(filter, picture.width, (area.left, area.right), width);
        if !is_vertical {
            self.horizontal(source, picture.channels, stride, out);
            return;
        }
        let mut lines = std::mem::take(&mut self.lines);
        lines.resize((last - first) * width * picture.channels, 0);
        self.horizontal(source, picture.channels, stride, &mut lines);
        vertical(&lines, first, &self.rows, out);
        self.lines = lines;
    }

    /// Resizes every line of `source` to a line of `out`.
    fn horizontal(&mut self, source: &[u8], channels: usize, stride: usize, out: &mut [u8]) {
        let width = self.columns.outputs();
        if channels != 3 {
            for (line, out) in source.chunks_exact(stride).zip(out.chunks_exact_mut(width)) {
                gray_line(line, &self.columns, out);
            }
            return;
        }
        let (out, _) = out.as_chunks_mut::<3>();
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            self.quads.set(&self.columns);
            let parts =
                source.chunks(stride * avx2::LINES).zip(out.chunks_mut(width * avx2::LINES));
            for (index, (lines, out)) in parts.enumerate() {
                let mut rest = &source[index * stride * avx2::LINES..];
                let needed = lines.len() - stride + self.quads.reach();
                if rest.len() < needed {
                    self.padded.clear();
                    self.padded.extend(rest);
                    self.padded.resize(needed, 0);
                    rest = &self.padded;
                }
                // SAFETY: the processor has AVX2.
                unsafe { avx2::rgb_lines(rest, stride, &self.quads, out) };
            }
            return;
        }
        for (line, out) in source.chunks_exact(stride).zip(out.chunks_exact_mut(width)) {
            rgb_line(line, &self.columns, out);
        }
    }
}

/// Defines a function twice: for the baseline, and for processors with AVX2. The values are the same.
macro_rules! with_avx2 {
    ($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),*) $body:block) => {
        $(#[$doc])*
        fn $name($($argument: $type),*) {
            #[inline(always)]
            fn body($($argument: $type),*) $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2($($argument: $type),*) {
                    body($($argument),*)
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has AVX2.
                    return unsafe { avx2($($argument),*) };
                }
            }
            body($($argument),*)
        }
    };
}

/// Resizes a line of RGB pixels.
fn rgb_line(line: &[u8], taps: &Taps, out: &mut [[u8; 3]]) {
    let (line, _) = line.as_chunks::<3>();
    for ((start, weights), pixel) in taps.iter().zip(out) {
        let mut sums = [HALF; 3];
        for (weight, values) in weights.iter().zip(&line[start..]) {
            for (sum, &value) in sums.iter_mut().zip(values) {
                *sum = added(*sum, *weight, value);
            }
        }
        *pixel = sums.map(rounded);
    }
}

with_avx2! {
    /// Resizes a line of gray pixels.
    fn gray_line(line: &[u8], taps: &Taps, out: &mut [u8]) {
        for ((start, weights), pixel) in taps.iter().zip(out) {
            let values = &line[start..][..weights.len()];
            let weighted = weights.iter().zip(values);
            let sum = weighted.fold(HALF, |sum, (&weight, &value)| added(sum, weight, value));
            *pixel = rounded(sum);
        }
    }
}

/// Values of a line that are summed at a time, in registers.
const BLOCK: usize = 32;

with_avx2! {
    /// Resizes the columns of `lines`, the first of which is the source's line `first`.
    fn vertical(lines: &[u8], first: usize, taps: &Taps, out: &mut [u8]) {
        let stride = out.len() / taps.outputs();
        for ((start, weights), line) in taps.iter().zip(out.chunks_exact_mut(stride)) {
            let source = &lines[(start - first) * stride..];
            let mut at = 0;
            let (blocks, rest) = line.as_chunks_mut::<BLOCK>();
            for block in blocks {
                let mut sums = [HALF; BLOCK];
                for (weight, line) in weights.iter().zip(source.chunks_exact(stride)) {
                    let values = &line[at..][..BLOCK];
                    for (sum, &value) in sums.iter_mut().zip(values) {
                        *sum = added(*sum, *weight, value);
                    }
                }
                for (value, sum) in block.iter_mut().zip(sums) {
                    *value = rounded(sum);
                }
                at += BLOCK;
            }
            for (offset, value) in rest.iter_mut().enumerate() {
                let values = source[at + offset..].iter().step_by(stride);
                let weighted = weights.iter().zip(values);
                let sum = weighted.fold(HALF, |sum, (&weight, &value)| added(sum, weight, value));
                *value = rounded(sum);
            }
        }
    }
}

const HALF: i32 = 1 << (PRECISION_BITS - 1);

/// Wrapping, since checks for overflow, which cannot happen, would keep the sums out of vectors.
#[inline(always)]
fn added(sum: i32, weight: i32, value: u8) -> i32 {
    sum.wrapping_add(weight.wrapping_mul(i32::from(value)))
}

#[inline(always)]
fn rounded(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;
    use crate::pictures::taps::{CUBIC, TRIANGLE};

    #[test]
    fn avx2_gives_the_values_of_the_general_pass() {
        if !is_x86_feature_detected!("avx2") {
            return;
        }
        let (mut taps, mut quads) = (Taps::default(), Quads::default());
        for (input, output) in [(1, 1), (1, 9), (2, 7), (7, 3), (50, 31), (333, 40), (40, 333)] {
            // Black and white pixels, so that bicubic sums exceed 0..=255.
            let value = |index: usize| if (index * 2_654_435_761) >> 9 & 1 == 0 { 0 } else { 255 };
            let line: Vec<u8> = (0..input * 3).map(value).collect();
            for filter in [TRIANGLE, CUBIC] {
                taps.set(filter, input, (0.0, input as f32), output);
                quads.set(&taps);
                let padded = [&line[..], &vec![99; quads.reach()]].concat();
                let (mut general, mut fast) = (vec![[0; 3]; output], vec![[0; 3]; output]);
                rgb_line(&line, &taps, &mut general);
                // SAFETY: the processor has AVX2.
                unsafe { avx2::rgb_lines(&padded, input * 3, &quads, &mut fast) };
                assert_eq!(general, fast, "{input} to {output}");
            }
        }
    }
}
