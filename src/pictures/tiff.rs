//! TIFF → pixels: the first page.

use super::directory::{Directories, Directory};
use super::orientation::{self, ORIENTATION, Orientation};
use super::picture::{Picture, check_size};
use super::samples::{self, Alpha, high};
use super::target::Target;
use super::tiff_page::{Page, Photometric};
use super::traits::Traits;
use anyhow::{Context, Result, bail, ensure};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Cursor;
use tiff::decoder::{Decoder, DecodingResult, Limits};

/// Decodes a file into an existing picture. As in Pillow, its orientation is always applied, so that the
/// one returned is upright. Also returns what was noticed.
pub(super) fn decode_into(
    bytes: &[u8],
    target: &Target,
    picture: &mut Picture,
) -> Result<(Orientation, Traits)> {
    let (directory, page) = read_headers(bytes, target.max_pixels)?;
    let mut traits = Traits::default();
    let (interleaved, channels) = read_samples(bytes, &directory, &page, target, &mut traits)?;
    let size = (page.width, page.height);
    let alpha: Option<Alpha<u8>> = page.alpha(channels).map(|at| (at, (|sample| sample) as _));
    traits.is_transparent =
        samples::fill(picture, size, (&interleaved, channels), target, |sample| sample, alpha);
    let stored = directory.number(ORIENTATION).and_then(|number| u8::try_from(number).ok());
    let stored = stored.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms);
    orientation::apply(stored, picture);
    Ok((Orientation::NoTransforms, traits))
}

/// Checks the directories and that the pixels of all pages are present.
pub(super) fn check(bytes: &[u8], max_pixels: u64) -> Result<()> {
    read_headers(bytes, max_pixels).map(|_| ())
}

fn read_headers(bytes: &[u8], max_pixels: u64) -> Result<(Directory<'_>, Page)> {
    let directories = Directories::new(bytes).context("expected a TIFF, found another format")?;
    let first = directories.first();
    let Some(directory) = first.and_then(|first| directories.read(first)) else {
        bail!("expected a complete TIFF, found a truncated one");
    };
    ensure!(are_whole(directories), "expected a complete TIFF, found a truncated one");
    let page = Page::new(&directory, max_pixels)?;
    check_size(page.width, page.height, max_pixels)?;
    Ok((directory, page))
}

/// Whether all directories, and the strips and tiles of all pages, are inside the file.
fn are_whole(directories: Directories<'_>) -> bool {
    let mut seen = BTreeSet::new();
    let mut next = directories.first();
    while let Some(at) = next.filter(|&at| at != 0 && seen.insert(at)) {
        let Some(page) = directories.read(at) else { return false };
        if !page.is_whole() || !page.has_data(directories.length()) {
            return false;
        }
        next = page.next();
    }
    next.is_some()
}

/// The first page's interleaved samples as bytes, converted to gray or RGB, and their channels.
fn read_samples(
    bytes: &[u8],
    directory: &Directory<'_>,
    page: &Page,
    target: &Target,
    traits: &mut Traits,
) -> Result<(Vec<u8>, usize)> {
    let pixels = page.width * page.height;
    directory.check_jpegs(bytes)?;
    let mut decoder = Decoder::new(Cursor::new(page.readable(bytes)))
        .map(|decoder| decoder.with_limits(limits(page, bytes.len())))?;
    let mut result = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut result)?;
    let found: Vec<u8> = match result {
        DecodingResult::U8(samples) if page.bits < 8 => page.unpack(&samples),
        DecodingResult::U8(samples) => samples,
        DecodingResult::U16(samples) => {
            let channels = (samples.len() / pixels).max(1);
            let of_colors = page.photometric.channels();
            // The channel of the sample at an index, in one plane or several.
            let is_color = |at: usize| match layout.planes {
                _ if channels == of_colors => true,
                0 | 1 => at % channels < of_colors,
                _ => at / pixels < of_colors,
            };
            let numbered = samples.iter().copied().enumerate();
            if matches!(page.photometric, Photometric::Gray | Photometric::Rgb) {
                let colors = numbered.clone().filter(|&(at, _)| is_color(at));
                traits.range = samples::range(colors.map(|(_, sample)| sample));
            }
            match target.depth.filter(|_| traits.range.is_some()) {
                None => samples.iter().copied().map(high).collect(),
                Some(levels) => numbered
                    .map(
                        |(at, sample)| {
                            if is_color(at) { levels.byte(sample) } else { high(sample) }
                        },
                    )
                    .collect(),
            }
        }
        _ => bail!("expected a TIFF of unsigned samples, found others"),
    };
    let interleaved = match layout.planes {
        0 | 1 => found,
        planes => (0..pixels)
            .flat_map(|pixel| (0..planes).map(move |plane| plane * pixels + pixel))
            .map(|at| found.get(at).copied().context("expected all planes of the TIFF, found some"))
            .collect::<Result<_>>()?,
    };
    let channels = interleaved.len() / pixels;
    ensure!(
        channels * pixels == interleaved.len() && channels >= page.photometric.channels(),
        "expected {} channels in the TIFF, found {channels}",
        page.photometric.channels()
    );
    page.convert(interleaved, channels, directory)
}

fn limits(page: &Page, file: usize) -> Limits {
    let mut limits = Limits::default();
    let samples = page.width * page.height * page.samples;
    limits.decoding_buffer_size = samples * 2;
    limits.intermediate_buffer_size = file.max(limits.intermediate_buffer_size);
    limits.ifd_value_size = file;
    limits
}

impl Page {
    /// The file as the tiff crate reads it, which knows no palettes: their indices count as gray.
    fn readable<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let (Photometric::Palette, Some(at)) = (self.photometric, self.photometric_at) else {
            return Cow::Borrowed(bytes);
        };
        let mut copy = bytes.to_vec();
        // Of the number 3, in either order of bytes.
        for byte in copy.iter_mut().skip(at).take(2).filter(|byte| **byte == 3) {
            *byte = 1;
        }
        Cow::Owned(copy)
    }
}
