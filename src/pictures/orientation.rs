//! The orientation that a camera stores with a picture, and turning the picture upright.

use super::directory::Directories;
use super::picture::Picture;
pub(super) use image::metadata::Orientation;
use memchr::memmem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What to do with the orientation in a picture's EXIF data. A TIFF's own is always applied, as in
/// Pillow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExifOrientation {
    /// Turn the picture upright, as viewers show it; Pillow's ImageOps.exif_transpose.
    #[default]
    Apply,
    /// Leave the picture as it is stored, as Keras does.
    Ignore,
}

impl ExifOrientation {
    /// The behavior of earlier versions.
    pub(crate) fn ignored() -> Self {
        Self::Ignore
    }
}

/// EXIF's tag, and TIFF's.
pub(super) const ORIENTATION: u16 = 274;

/// The orientation in EXIF data or, if they have none, in XMP. Anything invalid counts as upright.
pub(super) fn read(exif: Option<&[u8]>, xmp: Option<&[u8]>) -> Orientation {
    let number = exif.and_then(in_exif).or_else(|| xmp.and_then(in_xmp));
    number.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms)
}

fn in_exif(exif: &[u8]) -> Option<u8> {
    let directories = Directories::new(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif))?;
    let number = directories.read(directories.first()?)?.number(ORIENTATION)?;
    Some(u8::try_from(number).unwrap_or(0))
}

/// Pillow's pattern: `tiff:Orientation="6"` or `<tiff:Orientation>6`.
fn in_xmp(xmp: &[u8]) -> Option<u8> {
    const NAME: &[u8] = b"tiff:Orientation";
    memmem::find_iter(xmp, NAME).find_map(|at| match &xmp[at + NAME.len()..] {
        [b'=', b'"', digit @ b'0'..=b'9', ..] | [b'>', digit @ b'0'..=b'9', ..] => {
            Some(digit - b'0')
        }
        _ => None,
    })
}

/// Turns a picture that is stored in `orientation` upright.
pub(super) fn apply(orientation: Orientation, picture: &mut Picture) {
    if orientation == Orientation::NoTransforms {
        return;
    }
    match picture.channels {
        3 => turn_in_place::<3>(orientation, picture),
        _ => turn_in_place::<1>(orientation, picture),
    }
    if swaps_sides(orientation) {
        std::mem::swap(&mut picture.width, &mut picture.height);
    }
}

/// Turns a picture, with a second one in memory only if rows become columns.
fn turn_in_place<const CHANNELS: usize>(orientation: Orientation, picture: &mut Picture) {
    let (pixels, _) = picture.pixels.as_chunks_mut::<CHANNELS>();
    let (width, height) = (picture.width, picture.height);
    match orientation {
        Orientation::Rotate180 => pixels.reverse(),
        Orientation::FlipHorizontal => pixels.chunks_exact_mut(width).for_each(<[_]>::reverse),
        Orientation::FlipVertical => {
            let (upper, lower) = pixels.split_at_mut(height / 2 * width);
            let lower = lower.chunks_exact_mut(width).rev();
            upper.chunks_exact_mut(width).zip(lower).for_each(|(a, b)| a.swap_with_slice(b));
        }
        _ => picture.pixels = turn::<CHANNELS>(orientation, picture),
    }
}

fn swaps_sides(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate90FlipH | Rotate270 | Rotate270FlipH)
}

/// Side of the blocks that are turned one after the other, so that the lines of a block stay cached.
const BLOCK: usize = 64;

/// The pixels with rows and columns swapped.
fn turn<const CHANNELS: usize>(orientation: Orientation, picture: &Picture) -> Vec<u8> {
    let (width, height) = (picture.width, picture.height);
    let (right, bottom) = (width - 1, height - 1);
    // The source column and row of the pixel at column x and row y.
    let source = |x: usize, y: usize| match orientation {
        Orientation::Rotate90 => (y, bottom - x),
        Orientation::Rotate270FlipH => (right - y, bottom - x),
        Orientation::Rotate270 => (right - y, x),
        _ => (y, x),
    };
    let (across, down) = (height, width);
    let mut turned = vec![0; picture.pixels.len()];
    let (from, _) = picture.pixels.as_chunks::<CHANNELS>();
    let (to, _) = turned.as_chunks_mut::<CHANNELS>();
    for top in (0..down).step_by(BLOCK) {
        for left in (0..across).step_by(BLOCK) {
            for y in top..(top + BLOCK).min(down) {
                for x in left..(left + BLOCK).min(across) {
                    let (column, row) = source(x, y);
                    to[y * across + x] = from[row * width + column];
                }
            }
        }
    }
    turned
}
