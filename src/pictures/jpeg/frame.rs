//! The frame of a JPEG: size, coding, components and their colors.

use crate::pictures::picture::check_size;
use anyhow::{Result, bail, ensure};

/// Largest width and height: libjpeg's.
const LARGEST_SIDE: usize = 65_500;

/// Most blocks in a unit of an interleaved scan.
pub(super) const MOST_BLOCKS: usize = 10;

/// The start of frame.
#[derive(Debug)]
pub(super) struct Frame {
    pub is_progressive: bool,
    pub width: usize,
    pub height: usize,
    /// 1, 3 or 4.
    pub components: Vec<Component>,
}

/// One component of the pixels.
#[derive(Debug)]
pub(super) struct Component {
    /// Its name in the headers of scans.
    pub id: u8,
    /// Horizontal sampling factor.
    pub across: usize,
    /// Vertical sampling factor.
    pub down: usize,
    /// Slot of its quantization table.
    pub quantization: usize,
}

/// What the components are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Color {
    Gray,
    Rgb,
    YCbCr,
    /// Inverted, as in Pillow.
    Cmyk,
    /// Inverted, with cyan, magenta and yellow as luma and chroma.
    Ycck,
}

/// The coding of a frame that is not decoded; `None` if it is.
pub(super) fn unsupported_coding(marker: u8) -> Option<&'static str> {
    match marker {
        0xC0..=0xC2 => None,
        0xC3 => Some("lossless coding"),
        0xC9 | 0xCA => Some("arithmetic coding"),
        0xCB => Some("lossless arithmetic coding"),
        _ => Some("hierarchical coding"),
    }
}

/// Refuses a kind of JPEG that the decoder does not know.
pub(super) fn refuse<T>(found: &str) -> Result<T> {
    bail!(
        "expected a baseline or progressive JPEG with Huffman coding and 8 bits, found {found}; try converting it, for example with: magick IN OUT.png"
    )
}

impl Frame {
    /// # Errors
    /// If the picture is larger than `max_pixels`, or coded in a way that is not decoded.
    pub fn new(marker: u8, data: &[u8], max_pixels: u64) -> Result<Self> {
        if let Some(coding) = unsupported_coding(marker) {
            return refuse(coding);
        }
        let Some((&[bits, h0, h1, w0, w1, count], rest)) = data.split_first_chunk::<6>() else {
            bail!("expected a JPEG with a frame, found an incomplete one");
        };
        let side = |high, low| usize::from(u16::from_be_bytes([high, low]));
        let (width, height) = (side(w0, w1), side(h0, h1));
        if bits != 8 {
            return refuse(&format!("{bits} bits"));
        }
        check_size(width, height, max_pixels)?;
        ensure!(
            width.max(height) <= LARGEST_SIDE,
            "expected a JPEG of at most {LARGEST_SIDE} pixels on a side, found {width}×{height}"
        );
        let (components, more) = rest.as_chunks::<3>();
        ensure!(
            matches!(count, 1 | 3 | 4),
            "expected a JPEG of 1, 3 or 4 components, found {count}"
        );
        ensure!(
            components.len() == usize::from(count) && more.is_empty(),
            "expected {count} components in the JPEG's frame, found {}",
            components.len()
        );
        let component = |&[id, factors, quantization]: &[u8; 3]| Component {
            id,
            across: usize::from(factors >> 4),
            down: usize::from(factors & 15),
            quantization: quantization.into(),
        };
        let components = components.iter().map(component).collect();
        let frame = Self { is_progressive: marker == 0xC2, width, height, components };
        frame.check_sampling()?;
        Ok(frame)
    }

    /// The decoder gives libjpeg's pixels for these sampling factors only. A single component's mean
    /// nothing.
    fn check_sampling(&self) -> Result<()> {
        let factors: Vec<(usize, usize)> =
            self.components.iter().map(|component| (component.across, component.down)).collect();
        let most = (self.most_across(), self.most_down());
        let is_valid =
            |&(across, down): &(usize, usize)| across.min(down) >= 1 && across.max(down) <= 4;
        let is_decoded = |&(across, down): &(usize, usize)| {
            let divides = most.0.is_multiple_of(across) && most.1.is_multiple_of(down);
            let is_small = most.0 <= 2 && most.1 <= 2;
            across != 3
                && divides
                && (is_small || (across, down) == (1, 1) || (across, down) == most)
        };
        let is_first_largest = factors[0].0 == most.0 && (most.1 <= 2 || factors[0].1 == most.1);
        let is_decoded = is_first_largest && factors.iter().all(is_decoded) || factors.len() == 1;
        if !factors.iter().all(is_valid) || !is_decoded {
            let listed: Vec<String> =
                factors.iter().map(|(across, down)| format!("{across}×{down}")).collect();
            return refuse(&format!("the sampling factors {}", listed.join(", ")));
        }
        Ok(())
    }

    pub fn most_across(&self) -> usize {
        self.components.iter().map(|component| component.across).max().unwrap_or(1)
    }

    pub fn most_down(&self) -> usize {
        self.components.iter().map(|component| component.down).max().unwrap_or(1)
    }

    /// Columns and rows of units, each of which has `across · down` blocks of every component.
    pub fn units(&self) -> (usize, usize) {
        let side = |pixels: usize, most: usize| pixels.div_ceil(8 * most.max(1));
        (side(self.width, self.most_across()), side(self.height, self.most_down()))
    }

    /// Columns and rows of the blocks of component `index` that show a part of the picture.
    pub fn blocks(&self, index: usize) -> (usize, usize) {
        let side = |pixels: usize, factor: usize, most: usize| {
            (pixels * factor).div_ceil(most.max(1)).div_ceil(8)
        };
        let component = &self.components[index];
        (
            side(self.width, component.across, self.most_across()),
            side(self.height, component.down, self.most_down()),
        )
    }

    /// Blocks of all components.
    pub fn block_count(&self) -> usize {
        (0..self.components.len()).map(|index| self.blocks(index)).map(|(x, y)| x * y).sum()
    }

    /// What the components are, as in libjpeg (`default_decompress_parms` in `jdapimin.c`): JFIF says
    /// YCbCr, Adobe's segment says which, and otherwise the components' names do.
    pub fn color(&self, is_jfif: bool, adobe: Option<u8>) -> Color {
        let ids: Vec<u8> = self.components.iter().map(|component| component.id).collect();
        match (ids.len(), adobe) {
            (1, _) => Color::Gray,
            (3, Some(0)) if !is_jfif => Color::Rgb,
            (3, None) if !is_jfif && ids == *b"RGB" => Color::Rgb,
            (3, _) => Color::YCbCr,
            (_, Some(0) | None) => Color::Cmyk,
            (_, Some(_)) => Color::Ycck,
        }
    }
}
