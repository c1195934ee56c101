//! GIF → pixels: the first frame.

use super::background::Background;
use super::orientation::Orientation;
use super::picture::{ColorMode, Picture, check_size, luma};
use super::target::Target;
use super::traits::{Traits, is_transparent};
use anyhow::{Context, Result, ensure};
use gif::{ColorOutput, DecodeOptions, Decoder, Frame, MemoryLimit};

const NO_FRAME: &str = "expected a GIF with a picture, found none";

/// Decodes a file into an existing picture and returns its orientation, which is always upright, and
/// what was noticed.
pub(super) fn decode_into(
    bytes: &[u8],
    target: &Target,
    picture: &mut Picture,
) -> Result<(Orientation, Traits)> {
    let mut decoder = open(bytes, target.max_pixels)?;
    let frame = decoder.current_frame_info().context(NO_FRAME)?;
    let (width, height) = size(&decoder, frame);
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let across = usize::from(frame.width);
    // Outside the frame, Pillow shows the transparent color, or the first one.
    let transparent = frame.transparent;
    let outside = transparent.unwrap_or(0);
    let mut indices = vec![0; decoder.buffer_size()];
    decoder.read_into_buffer(&mut indices)?;
    let (palette, _) = decoder.palette()?.as_chunks::<3>();
    let color = |index: u8| match target.background {
        Some(Background(color)) if transparent == Some(index) => color,
        _ => palette.get(usize::from(index)).copied().unwrap_or_default(),
    };

    let screen = if indices.len() == width * height {
        indices
    } else {
        let mut screen = vec![outside; width * height];
        for (row, line) in indices.chunks_exact(across.max(1)).enumerate() {
            screen[(top + row) * width + left..][..across].copy_from_slice(line);
        }
        screen
    };
    picture.pixels.clear();
    match target.color_mode {
        ColorMode::Rgb => picture.pixels.extend(screen.iter().flat_map(|&index| color(index))),
        ColorMode::Grayscale => picture.pixels.extend(screen.iter().map(|&index| {
            let [red, green, blue] = color(index);
            luma(red, green, blue)
        })),
    }
    (picture.width, picture.height, picture.channels) =
        (width, height, target.color_mode.channels());
    let clear = || screen.iter().filter(|&&index| transparent == Some(index)).count();
    let is_transparent = target.background.is_none()
        && transparent.is_some()
        && is_transparent(clear(), screen.len());
    Ok((Orientation::NoTransforms, Traits { is_transparent, ..Traits::default() }))
}

/// Checks the headers up to the first frame, and that all blocks are present.
pub(super) fn check(bytes: &[u8], max_pixels: u64) -> Result<()> {
    open(bytes, max_pixels).map(|_| ())
}

/// A decoder at its first frame.
fn open(bytes: &[u8], max_pixels: u64) -> Result<Decoder<&[u8]>> {
    let frames = count_frames(bytes);
    ensure!(frames != Some(0), "expected a GIF with a picture, found none");
    ensure!(frames.is_some(), "expected a complete GIF, found a truncated one");
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.set_memory_limit(MemoryLimit::Bytes(max_pixels.max(1).try_into()?));
    options.allow_unknown_blocks(true);
    let mut decoder = options.read_info(bytes)?;
    decoder.next_frame_info()?;
    let frame = decoder.current_frame_info().context(NO_FRAME)?;
    let (width, height) = size(&decoder, frame);
    check_size(width, height, max_pixels)?;
    Ok(decoder)
}

/// Width and height of the picture: the screen's, enlarged to the frame.
fn size(decoder: &Decoder<&[u8]>, frame: &Frame<'_>) -> (usize, usize) {
    let right = usize::from(frame.left) + usize::from(frame.width);
    let bottom = usize::from(frame.top) + usize::from(frame.height);
    (right.max(decoder.width().into()), bottom.max(decoder.height().into()))
}

/// The number of frames, if the file's blocks lead to the trailer. Unknown bytes between blocks are
/// skipped.
fn count_frames(bytes: &[u8]) -> Option<usize> {
    let palette = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 * (2 << (flags & 7)) };
    let mut at = 13 + palette(*bytes.get(10)?);
    let mut frames = 0;
    while let Some(&block) = bytes.get(at) {
        match block {
            0x3B => return Some(frames),
            0x21 => at = after_blocks(bytes, at + 2),
            0x2C => {
                frames += 1;
                at = after_blocks(bytes, at + 10 + palette(*bytes.get(at + 9)?) + 1);
            }
            _ => at += 1,
        }
    }
    None
}

/// The offset after the data blocks at `at` and their empty last one.
fn after_blocks(bytes: &[u8], mut at: usize) -> usize {
    while let Some(&length) = bytes.get(at) {
        at += 1 + usize::from(length);
        if length == 0 {
            break;
        }
    }
    at
}
