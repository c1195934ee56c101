//! Groups pictures that are copies of each other, so that a split keeps them on one side.

use super::duplicates::LEAST_CORRELATION;
use super::thumbnails;
use crate::pictures::folder::Sample;
use crate::pictures::pixels::{Scratch, Target, pool};
use crate::pictures::resize::Interpolation;
use crate::stop::Stop;
use anyhow::Result;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::HashMap;
use tch::Tensor;
use twox_hash::XxHash3_64;

/// The size at which pictures are compared.
const TARGET: Target =
    // Bilinear, so that copies of another size average to the same colors.
    Target { interpolation: Interpolation::Bilinear, ..Target::rgb(64, 64) };

/// Least correlations at which two pictures count as copies, tried in order: in a set of pictures
/// that are all alike, such as X-ray images of one view, the first would group different ones.
const LEAST_CORRELATIONS: [f64; 3] = [LEAST_CORRELATION, 0.98, 0.995];

/// A group of near copies has at most this share of the pictures, or [`SMALL`].
const LARGEST_SHARE: f64 = 0.02;
const SMALL: usize = 25;

/// Number of pictures up to which near copies are looked for, which takes about 15 s on two cores.
/// Among more, only equal files are grouped.
pub const MOST: usize = 30_000;

/// Rows compared at a time, to bound memory.
const BLOCK: i64 = 1024;

/// The groups of a set of pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// A hash of each picture's file.
    pub hashes: Vec<u64>,
    /// For each picture, the index of the first picture of its group.
    pub first: Vec<usize>,
}

impl Groups {
    /// Number of pictures that are in a group with an earlier one.
    pub fn copies(&self) -> usize {
        self.first.iter().enumerate().filter(|&(index, &first)| first != index).count()
    }
}

/// Groups the files of `samples` that are equal, or whose pictures are the same but recompressed,
/// resized, sharpened, brightened, mirrored or inverted. A file that cannot be read or decoded is a
/// group of its own. `on_read` is called after each file, from any thread; `threads` is 0 for one
/// per core. The result does not depend on the number of threads, nor on the run's settings.
///
/// # Errors
/// If libtorch is out of memory, a thread cannot be started, or a stop was requested.
pub fn group(
    samples: &[Sample],
    threads: usize,
    stop: &Stop,
    on_read: &(dyn Fn() + Sync),
) -> Result<Groups> {
    let compared = samples.len() <= MOST;
    let read: Vec<(u64, Option<Vec<u8>>)> = pool(threads)?.install(|| {
        let read = |scratch: &mut Scratch, sample: &Sample| {
            let mut pixels = vec![0; if compared { TARGET.bytes() } else { 0 }];
            let hash = stop.check().and_then(|()| scratch.hash(&sample.path));
            let is_picture =
                compared && hash.is_ok() && scratch.decode_file(TARGET, &mut pixels).is_ok();
            on_read();
            // The path identifies a file that cannot be read.
            let of_path = || XxHash3_64::oneshot(sample.path.as_os_str().as_encoded_bytes());
            (hash.unwrap_or_else(|_| of_path()), is_picture.then_some(pixels))
        };
        samples.par_iter().map_init(Scratch::default, read).collect()
    });
    stop.check()?;
    let hashes: Vec<u64> = read.iter().map(|(hash, _)| *hash).collect();
    let equal = equal(&hashes);
    let (indices, pictures): (Vec<usize>, Vec<&[u8]>) = read
        .iter()
        .enumerate()
        .filter_map(|(index, (_, pixels))| Some((index, pixels.as_deref()?)))
        .unzip();
    let pictures = pictures.into_iter().map(|one| Ok(Cow::from(one)));
    let first = with_near(equal, &indices, &thumbnails::of(pictures, TARGET)?, stop)?;
    Ok(Groups { hashes, first })
}

/// The groups `equal` of equal pictures, joined where some of their pictures are near copies. The rows of
/// `thumbnails` are the pictures at `indices`.
///
/// # Errors
/// If libtorch is out of memory, or a stop was requested.
pub fn with_near(
    equal: Vec<usize>,
    indices: &[usize],
    thumbnails: &Tensor,
    stop: &Stop,
) -> Result<Vec<usize>> {
    let pairs = pairs(thumbnails, stop)?;
    let largest = SMALL.max((equal.len() as f64 * LARGEST_SHARE) as usize);
    let first = LEAST_CORRELATIONS
        .iter()
        .map(|&least| {
            let alike = pairs.iter().filter(|pair| pair.correlation >= least);
            let alike = alike.map(|pair| (indices[pair.one], indices[pair.other]));
            joined(equal.clone(), alike)
        })
        .find(|first| size_of_largest(first) <= largest);
    Ok(first.unwrap_or(equal))
}

/// For each picture, the first with an equal file.
pub fn equal(hashes: &[u64]) -> Vec<usize> {
    let mut known = HashMap::new();
    hashes.iter().enumerate().map(|(index, hash)| *known.entry(*hash).or_insert(index)).collect()
}

/// Two pictures, and how alike they are.
struct Pair {
    one: usize,
    other: usize,
    correlation: f64,
}

/// The pairs of rows of `thumbnails` whose correlation, with either mirrored or inverted, is at
/// least the lowest of [`LEAST_CORRELATIONS`].
fn pairs(thumbnails: &Tensor, stop: &Stop) -> Result<Vec<Pair>> {
    let count = thumbnails.size()[0];
    let mut found = Vec::new();
    for start in (0..count).step_by(BLOCK as usize) {
        stop.check()?;
        let block = thumbnails.f_narrow(0, start, BLOCK.min(count - start))?;
        // Earlier rows were compared with this block already.
        let others = thumbnails.f_narrow(0, start, count - start)?.f_transpose(0, 1)?;
        let products = block.f_matmul(&others)?;
        let mirrored = thumbnails::mirrored(&block)?.f_matmul(&others)?;
        let likeness = products.f_abs()?.f_maximum(&mirrored)?;
        let alike = likeness.f_ge(LEAST_CORRELATIONS[0])?;
        let places = Vec::<i64>::try_from(&alike.f_nonzero()?.f_flatten(0, -1)?)?;
        let correlations = Vec::<f32>::try_from(&likeness.f_masked_select(&alike)?)?;
        for (place, correlation) in places.chunks_exact(2).zip(correlations) {
            let (one, other) = ((start + place[0]) as usize, (start + place[1]) as usize);
            if one < other {
                found.push(Pair { one, other, correlation: correlation.into() });
            }
        }
    }
    Ok(found)
}

/// `first` with the groups of each of `pairs` joined.
fn joined(mut first: Vec<usize>, pairs: impl Iterator<Item = (usize, usize)>) -> Vec<usize> {
    fn root(first: &mut [usize], mut index: usize) -> usize {
        while first[index] != index {
            first[index] = first[first[index]];
            index = first[index];
        }
        index
    }
    for (one, other) in pairs {
        let (one, other) = (root(&mut first, one), root(&mut first, other));
        first[one.max(other)] = one.min(other);
    }
    for index in 0..first.len() {
        first[index] = root(&mut first, index);
    }
    first
}

fn size_of_largest(first: &[usize]) -> usize {
    let mut sizes = vec![0; first.len()];
    first.iter().for_each(|&first| sizes[first] += 1);
    sizes.into_iter().max().unwrap_or(0)
}
