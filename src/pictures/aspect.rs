//! Resizing pictures of another aspect ratio than the network's.

use super::picture::Area;
use super::picture::Picture;
use super::resize::{Interpolation, Resizer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to fit pictures of another aspect ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Resize {
    /// Stretch the whole picture, as Keras does.
    #[default]
    Stretch,
    /// Keep the aspect ratio and the middle of the picture; Pillow's ImageOps.fit.
    Crop,
    /// Keep the aspect ratio and the whole picture, between black bars; Pillow's ImageOps.pad.
    Pad,
}

impl Resize {
    /// The part of `picture` that is left when it is resized to `size`, height and width, and the part
    /// of the result where it is.
    pub fn placement(self, picture: &Picture, (height, width): (usize, usize)) -> (Area, Area) {
        let within = |top: usize, left: usize, (height, width): (usize, usize)| Area {
            left: left as f32,
            top: top as f32,
            right: (left + width) as f32,
            bottom: (top + height) as f32,
        };
        let whole = within(0, 0, (height, width));
        match self {
            Self::Stretch => (Area::of(picture), whole),
            Self::Crop => (middle(picture, (height, width)), whole),
            Self::Pad => {
                let inner = inner_size(picture, (height, width));
                let (top, left) = bars((height, width), inner);
                (Area::of(picture), within(top, left, inner))
            }
        }
    }
}

/// Resizes pictures as a [`Resize`] says, and reuses its memory.
#[derive(Debug, Default)]
pub struct Fitter {
    resizer: Resizer,
    /// A resized picture before it is put between the bars.
    inner: Vec<u8>,
}

impl Fitter {
    /// Resizes `picture` into `out`, `[height, width, channels]`.
    ///
    /// # Panics
    /// If the length of `out` is not `height · width · channels`.
    pub fn fit(
        &mut self,
        picture: &Picture,
        size: (usize, usize),
        resize: Resize,
        interpolation: Interpolation,
        out: &mut [u8],
    ) {
        let area = match resize {
            Resize::Stretch => Area::of(picture),
            Resize::Crop => middle(picture, size),
            Resize::Pad => return self.pad(picture, size, interpolation, out),
        };
        self.resizer.resize(picture, area, size, interpolation, out);
    }

    fn pad(
        &mut self,
        picture: &Picture,
        (height, width): (usize, usize),
        interpolation: Interpolation,
        out: &mut [u8],
    ) {
        let inner = inner_size(picture, (height, width));
        let area = Area::of(picture);
        if inner == (height, width) {
            return self.resizer.resize(picture, area, inner, interpolation, out);
        }
        let channels = picture.channels;
        self.inner.resize(inner.0 * inner.1 * channels, 0);
        self.resizer.resize(picture, area, inner, interpolation, &mut self.inner);
        let (top, left) = bars((height, width), inner);
        out.fill(0);
        let lines = out.chunks_exact_mut(width * channels).skip(top);
        for (line, row) in lines.zip(self.inner.chunks_exact(inner.1 * channels)) {
            line[left * channels..][..row.len()].copy_from_slice(row);
        }
    }
}

/// Pillow's `ImageOps.fit`: the largest part of the aspect ratio of `(height, width)`, in the middle.
fn middle(picture: &Picture, (height, width): (usize, usize)) -> Area {
    let (across, down) = (picture.width as f64, picture.height as f64);
    let ratio = width as f64 / height as f64;
    let found = across / down;
    let (crop_width, crop_height) = if found == ratio {
        (across, down)
    } else if found >= ratio {
        (ratio * down, down)
    } else {
        (across, across / ratio)
    };
    let (left, top) = ((across - crop_width) * 0.5, (down - crop_height) * 0.5);
    Area {
        left: left as f32,
        top: top as f32,
        right: ((left + crop_width) as f32).min(across as f32),
        bottom: ((top + crop_height) as f32).min(down as f32),
    }
}

/// Height and width of the first of two equal bars beside a picture of size `inner`, rounded as in Pillow.
fn bars((height, width): (usize, usize), inner: (usize, usize)) -> (usize, usize) {
    let half = |space: usize| (space as f64 * 0.5).round_ties_even() as usize;
    (half(height - inner.0), half(width - inner.1))
}

/// Pillow's `ImageOps.contain`: the largest height and width of the picture's aspect ratio inside
/// `(height, width)`, rounded as in Python, but at least 1.
fn inner_size(picture: &Picture, (height, width): (usize, usize)) -> (usize, usize) {
    let (across, down) = (picture.width as f64, picture.height as f64);
    let (found, ratio) = (across / down, width as f64 / height as f64);
    let rounded = |side: f64| (side.round_ties_even() as usize).max(1);
    if found > ratio {
        (rounded(down / across * width as f64).min(height), width)
    } else if found < ratio {
        (height, rounded(across / down * height as f64).min(width))
    } else {
        (height, width)
    }
}
