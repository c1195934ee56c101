//! How the pixels of a TIFF's page are stored, and their conversion to gray or RGB.

use super::directory::Directory;
use super::jpeg;
use super::picture::MAX_PIXELS;
use anyhow::{Context, Result, bail, ensure};

/// The tags of a page that say how its pixels are stored.
#[derive(Debug)]
pub(super) struct Page {
    pub width: usize,
    pub height: usize,
    /// Bits per sample: 1, 2, 4, 8 or 16.
    pub bits: u64,
    /// Samples per pixel.
    pub samples: usize,
    pub photometric: Photometric,
    /// Offset of the tag's value in bytes.
    pub photometric_at: Option<usize>,
    /// Whether colors are multiplied by alpha.
    is_premultiplied: bool,
    /// Whether the first extra sample is alpha.
    has_alpha: bool,
}

/// What the samples of a pixel are, without alpha and others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Photometric {
    Gray,
    Rgb,
    Palette,
    Cmyk,
    /// Luma and chroma of a JPEG inside the TIFF.
    YCbCr,
}

impl Photometric {
    pub fn channels(self) -> usize {
        match self {
            Self::Gray | Self::Palette => 1,
            Self::Rgb | Self::YCbCr => 3,
            Self::Cmyk => 4,
        }
    }
}

const BITS: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const FILL_ORDER: u16 = 266;
const STRIP_OFFSETS: u16 = 273;
const SAMPLES: u16 = 277;
const STRIP_LENGTHS: u16 = 279;
const PREDICTOR: u16 = 317;
const COLOR_MAP: u16 = 320;
const TILE_WIDTH: u16 = 322;
const TILE_HEIGHT: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_LENGTHS: u16 = 325;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;

/// Compression of a JPEG inside the TIFF.
const JPEG: u64 = 7;

/// The tables that the JPEGs of all strips share.
const JPEG_TABLES: u16 = 347;

impl Page {
    /// # Errors
    /// If the pixels are stored in a way that is not decoded.
    pub fn new(directory: &Directory<'_>, max_pixels: u64) -> Result<Self> {
        let side = |tag| directory.number(tag).and_then(|side| usize::try_from(side).ok());
        let number = |tag, default| directory.number(tag).unwrap_or(default);
        let (width, height) = (side(256).unwrap_or(0), side(257).unwrap_or(0));
        let (bits, samples) = (number(BITS, 1), number(SAMPLES, 1) as usize);
        let compression = number(COMPRESSION, 1);
        let photometric = match directory.number(PHOTOMETRIC) {
            Some(0 | 1) => Photometric::Gray,
            Some(2) => Photometric::Rgb,
            Some(3) => Photometric::Palette,
            Some(5) => Photometric::Cmyk,
            Some(6) if compression == JPEG => Photometric::YCbCr,
            found => bail!(
                "expected a TIFF of gray, palette, RGB or CMYK pixels, found others (photometric interpretation {}); try converting it, for example with: magick IN OUT.png",
                found.map_or("none".to_owned(), |found| found.to_string())
            ),
        };
        match number(SAMPLE_FORMAT, 1) {
            1 | 4 => {}
            format => bail!(
                "expected a TIFF of unsigned samples, found {} ones; try scaling them to 8 or 16 bits",
                if format == 3 { "floating-point" } else { "signed or complex" }
            ),
        }
        let is_bits = matches!(bits, 8 | 16) || matches!(bits, 1 | 2 | 4) && samples == 1;
        ensure!(
            is_bits && (photometric != Photometric::Palette || bits <= 8),
            "expected a TIFF of 8 or 16 bits per sample, or 1, 2 or 4 of gray or a palette, found {bits}; try scaling it to 8 bits"
        );
        ensure!(
            number(FILL_ORDER, 1) == 1,
            "expected a TIFF with the highest bit first, found the lowest (FillOrder 2); try converting it, for example with: magick IN OUT.png"
        );
        let extra = directory.numbers(EXTRA_SAMPLES).map_or(Vec::new(), Iterator::collect);
        ensure!(
            (photometric.channels()..=64).contains(&samples) && extra.len() <= samples,
            "expected {} to 64 samples per pixel in the TIFF, found {samples}",
            photometric.channels()
        );
        let is_dropped = !matches!(extra.first(), None | Some(1 | 2)) || extra.len() > 1;
        ensure!(
            !is_dropped || number(PREDICTOR, 1) == 1,
            "expected a TIFF without a predictor beside extra channels, found one; try converting it, for example with: magick IN OUT.png"
        );
        let tile = number(TILE_WIDTH, 1).saturating_mul(number(TILE_HEIGHT, 1));
        let limit = max_pixels.max(MAX_PIXELS) / samples as u64;
        ensure!(
            tile <= limit,
            "expected tiles of at most {limit} pixels in the TIFF, found {tile}"
        );
        let photometric_at = directory.place(PHOTOMETRIC).and_then(|at| usize::try_from(at).ok());
        let is_premultiplied = extra.first() == Some(&1) && photometric == Photometric::Rgb;
        let has_alpha = matches!(extra.first(), Some(1 | 2));
        #[rustfmt::skip]
        let page = Self { width, height, bits, samples, photometric, photometric_at, is_premultiplied, has_alpha };
        Ok(page)
    }

    /// The channel of alpha among the `channels` that [`convert`](Self::convert) leaves.
    pub fn alpha(&self, channels: usize) -> Option<usize> {
        let at = match self.photometric {
            Photometric::Gray => 1,
            _ => 3,
        };
        (self.has_alpha && at < channels).then_some(at)
    }

    /// Unpacks rows of 1, 2 or 4 bits per pixel: palette indices as they are, gray scaled to 0..=255.
    pub fn unpack(&self, packed: &[u8]) -> Vec<u8> {
        let bits = self.bits as usize;
        let largest = (1 << bits) - 1;
        let scale = if self.photometric == Photometric::Palette { 1 } else { 255 / largest };
        let mut unpacked = Vec::with_capacity(self.width * self.height);
        for row in packed.chunks_exact((self.width * bits).div_ceil(8)).take(self.height) {
            unpacked.extend((0..self.width).map(|column| {
                let shift = 8 - bits - column * bits % 8;
                (row[column * bits / 8] >> shift & largest) * scale
            }));
        }
        unpacked
    }

    /// Converts interleaved samples to gray or RGB, with other channels after these. Returns them and
    /// the number of channels.
    pub fn convert(
        &self,
        mut samples: Vec<u8>,
        channels: usize,
        directory: &Directory<'_>,
    ) -> Result<(Vec<u8>, usize)> {
        match self.photometric {
            Photometric::Gray if channels > 2 => {
                Ok((samples.chunks_exact(channels).map(|texel| texel[0]).collect(), 1))
            }
            Photometric::Gray => Ok((samples, channels)),
            Photometric::Rgb => {
                if self.is_premultiplied && channels > 3 {
                    samples.chunks_exact_mut(channels).for_each(divide_by_alpha);
                }
                Ok((samples, channels))
            }
            Photometric::YCbCr => {
                let texels = samples.chunks_exact(channels);
                Ok((
                    texels.flat_map(|texel| rgb_of_ycbcr(texel[0], texel[1], texel[2])).collect(),
                    3,
                ))
            }
            Photometric::Cmyk => {
                Ok((samples.chunks_exact(channels).flat_map(rgb_of_cmyk).collect(), 3))
            }
            Photometric::Palette => {
                let map: Vec<u64> = directory
                    .numbers(COLOR_MAP)
                    .context("expected a TIFF with its palette, found none")?
                    .collect();
                let colors = map.len() / 3;
                let part = |index: usize, part: usize| match index < colors {
                    true => (map[part * colors + index] >> 8) as u8,
                    false => 0,
                };
                let color = |texel: &[u8]| [0, 1, 2].map(|at| part(usize::from(texel[0]), at));
                Ok((samples.chunks_exact(channels).flat_map(color).collect(), 3))
            }
        }
    }
}

impl Directory<'_> {
    /// Checks that the decoder knows the kind of the JPEGs inside the TIFF, if there are any.
    ///
    /// # Errors
    /// If it does not.
    pub fn check_jpegs(&self, bytes: &[u8]) -> Result<()> {
        if self.number(COMPRESSION) != Some(JPEG) {
            return Ok(());
        }
        let numbers = |tag| self.numbers(tag).into_iter().flatten();
        let parts = numbers(STRIP_OFFSETS).zip(numbers(STRIP_LENGTHS));
        for (at, length) in parts.chain(numbers(TILE_OFFSETS).zip(numbers(TILE_LENGTHS))) {
            let end = usize::try_from(at.saturating_add(length)).unwrap_or(usize::MAX);
            let part = usize::try_from(at).ok().and_then(|at| bytes.get(at..end));
            jpeg::size(part.unwrap_or_default(), u64::MAX)?;
        }
        let tables: Vec<u8> = numbers(JPEG_TABLES).map(|byte| byte as u8).collect();
        jpeg::size(&tables, u64::MAX).map(|_| ())
    }

    /// Whether the page's strips or tiles are inside a file.
    pub fn has_data(&self, length: u64) -> bool {
        let inside = |offsets, lengths| match (self.numbers(offsets), self.numbers(lengths)) {
            (Some(offsets), Some(lengths)) => {
                offsets.zip(lengths).all(|(at, size)| at.saturating_add(size) <= length)
            }
            _ => true,
        };
        inside(STRIP_OFFSETS, STRIP_LENGTHS) && inside(TILE_OFFSETS, TILE_LENGTHS)
    }
}

/// Pillow's `unpackRGBa`.
fn divide_by_alpha(texel: &mut [u8]) {
    let alpha = u32::from(texel[3]);
    for sample in &mut texel[..3] {
        *sample = match alpha {
            0 => 0,
            alpha => (u32::from(*sample) * 255 / alpha).min(255) as u8,
        };
    }
}

/// Pillow's CMYK to RGB (`cmyk2rgb` in `Convert.c`).
fn rgb_of_cmyk(texel: &[u8]) -> [u8; 3] {
    let white = 255 - u32::from(texel[3]);
    [0, 1, 2].map(|at| {
        let product = u32::from(texel[at]) * white + 128;
        (white - (((product >> 8) + product) >> 8)) as u8
    })
}

/// The inverse of JPEG's conversion (ITU-T T.871), in 16-bit fixed point, rounded.
fn rgb_of_ycbcr(luma: u8, blue: u8, red: u8) -> [u8; 3] {
    let luma = i32::from(luma) << 16;
    let (blue, red) = (i32::from(blue) - 128, i32::from(red) - 128);
    let green = luma - 22_554 * blue - 46_802 * red;
    [luma + 91_881 * red, green, luma + 116_130 * blue]
        .map(|value| ((value + 0x8000) >> 16).clamp(0, 255) as u8)
}
