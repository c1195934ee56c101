//! Finds pictures that occur in two splits, which makes a measurement on one of them say little
//! about new pictures.

use super::thumbnails;
use crate::pictures::pixels::Pixels;
use crate::text::numbers::with_thousands;
use anyhow::Result;
use tch::{Kind, Tensor};

/// Least correlation of two thumbnails of the same picture. Among 2,001 pictures of cats and dogs,
/// no two different ones reach 0.9; sharpened and recompressed copies exceed 0.97.
pub(super) const LEAST_CORRELATION: f64 = 0.95;

/// Rows compared at a time, to bound memory.
const BLOCK: i64 = 1024;

/// How a duplicate relates to its original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// The same picture, perhaps recompressed, sharpened or brightened.
    Same,
    /// Flipped horizontally.
    Mirrored,
    /// With inverted colors.
    Negative,
}

impl Likeness {
    /// All of them, in the order of declaration.
    pub const ALL: [Self; 3] = [Self::Same, Self::Mirrored, Self::Negative];

    /// The name in counts, such as `249 mirrored`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "the same",
            Self::Mirrored => "mirrored",
            Self::Negative => "as negatives",
        }
    }
}

/// A picture of one split that also occurs in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicate {
    /// Index into the first split's samples.
    pub of: usize,
    /// Index into the second split's samples.
    pub copy: usize,
    /// How the copy relates to the original.
    pub likeness: Likeness,
}

/// Finds the pictures of `copies` that occur in `originals`, in order, each with its most similar
/// original. Both must be decoded to the same target. A picture of nearly one color is never a
/// duplicate.
///
/// # Errors
/// If libtorch is out of memory.
pub fn find(originals: &Pixels, copies: &Pixels) -> Result<Vec<Duplicate>> {
    find_in(&thumbnails::of_pixels(originals)?, &thumbnails::of_pixels(copies)?)
}

/// As [`find`], among the thumbnails of the pictures.
///
/// # Errors
/// As [`find`].
pub(crate) fn find_in(originals: &Tensor, copies: &Tensor) -> Result<Vec<Duplicate>> {
    let originals = originals.f_transpose(0, 1)?;
    let mut found = Vec::new();
    for start in (0..copies.size()[0]).step_by(BLOCK as usize) {
        let block = copies.f_narrow(0, start, BLOCK.min(copies.size()[0] - start))?;
        let mirrored = thumbnails::mirrored(&block)?;
        let products = block.f_matmul(&originals)?;
        let best = [
            Best::of(&products)?,
            Best::of(&mirrored.f_matmul(&originals)?)?,
            Best::of(&products.f_neg()?)?,
        ];
        for row in 0..block.size()[0] as usize {
            let likeliest = Likeness::ALL
                .into_iter()
                .zip(&best)
                .map(|(likeness, best)| (best.correlations[row], likeness, best.columns[row]))
                .max_by(|a, b| a.0.total_cmp(&b.0));
            if let Some((correlation, likeness, of)) = likeliest
                && correlation >= LEAST_CORRELATION
            {
                found.push(Duplicate { of: of as usize, copy: start as usize + row, likeness });
            }
        }
    }
    Ok(found)
}

/// `749 of 1,000 validation pictures are train pictures (250 the same, 249 mirrored, …)`.
pub fn describe(found: &[Duplicate], of: usize, original: &str, copy: &str) -> String {
    let counts: Vec<String> = Likeness::ALL
        .into_iter()
        .map(|likeness| (found.iter().filter(|d| d.likeness == likeness).count(), likeness.name()))
        .filter(|&(count, _)| count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    let are = match found.len() {
        1 => format!("is a {original} picture"),
        _ => format!("are {original} pictures"),
    };
    format!(
        "{} of {} {copy} pictures {are} ({})",
        with_thousands(found.len() as i64),
        with_thousands(of as i64),
        counts.join(", ")
    )
}

/// The largest value of each row, and its column.
struct Best {
    correlations: Vec<f64>,
    columns: Vec<i64>,
}

impl Best {
    fn of(products: &Tensor) -> Result<Self> {
        let (correlations, columns) = products.f_max_dim(1, false)?;
        Ok(Self {
            correlations: Vec::try_from(&correlations.f_to_kind(Kind::Double)?)?,
            columns: Vec::try_from(&columns)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::folder::Sample;
    use crate::pictures::pixels::{Bytes, Target};
    use crate::random::{Purpose, generator};
    use memmap2::MmapMut;
    use rand::Rng;

    const SIZE: usize = 40;

    /// Coarse noise: cells of 8×8 pixels of random colors.
    fn picture(seed: u64) -> Vec<u8> {
        let mut random = generator(seed, Purpose::Drawing, 0);
        let cells: Vec<u8> = (0..5 * 5 * 3).map(|_| (random.next_u32() % 200) as u8 + 20).collect();
        (0..SIZE * SIZE * 3)
            .map(|i| {
                let (y, x, channel) = (i / 3 / SIZE, i / 3 % SIZE, i % 3);
                cells[(y / 8 * 5 + x / 8) * 3 + channel]
            })
            .collect()
    }

    fn pixels(pictures: &[Vec<u8>]) -> Pixels {
        let mut bytes = MmapMut::map_anon(pictures.len() * SIZE * SIZE * 3).unwrap();
        bytes.copy_from_slice(&pictures.concat());
        Pixels {
            target: Target::rgb(SIZE, SIZE),
            bytes: Bytes::Memory(bytes),
            samples: vec![Sample { path: "picture.jpg".into(), label: 0 }; pictures.len()],
            traits: Vec::new(),
            classes: vec!["a".to_owned(), "b".to_owned()],
        }
    }

    #[test]
    fn finds_exactly_the_copies() {
        let originals: Vec<Vec<u8>> = (0..20).map(picture).collect();
        let noisy = originals[3].iter().enumerate().map(|(i, v)| v + (i % 7) as u8).collect();
        let mirrored = originals[5]
            .chunks_exact(SIZE * 3)
            .flat_map(|line| line.chunks_exact(3).rev().flatten().copied())
            .collect();
        let negative = originals[7].iter().map(|v| 255 - v).collect();
        let flat = vec![90; SIZE * SIZE * 3];
        // 12 bits, of which the high byte of 16 is left.
        let dim: Vec<u8> = originals[9].iter().map(|v| v / 16).collect();
        let copies =
            [picture(100), noisy, mirrored, flat.clone(), negative, picture(101), dim.clone()];
        let mut with_flat = originals;
        with_flat.extend([flat, dim]);

        let found = find(&pixels(&with_flat), &pixels(&copies)).unwrap();
        let expected =
            [(3, 1, Likeness::Same), (5, 2, Likeness::Mirrored), (7, 4, Likeness::Negative)];
        let expected = expected.map(|(of, copy, likeness)| Duplicate { of, copy, likeness });
        assert_eq!(found, expected);
    }
}
