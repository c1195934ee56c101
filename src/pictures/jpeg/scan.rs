//! A scan of a JPEG: a part of the coefficients of some components.

use super::frame::{Frame, MOST_BLOCKS};
use super::huffman::Tables;
use super::segments::restart_marker;
use anyhow::{Context, Result, bail, ensure};
use memchr::memchr_iter;

/// A scan and its data.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    pub components: Vec<ScanComponent>,
    /// The tables defined before the scan.
    pub tables: Tables<'a>,
    /// First and last coefficient, in zigzag order.
    pub spectrum: (u8, u8),
    /// Successive approximation: the bit before, and that of this scan.
    pub approximation: (u8, u8),
    /// Units between restart markers; 0 if there are none.
    pub interval: usize,
    /// The entropy-coded data, with restart markers.
    pub data: &'a [u8],
}

/// A component in a scan.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScanComponent {
    /// Its index in the frame.
    pub index: usize,
    /// Slots of its Huffman tables.
    pub dc: usize,
    pub ac: usize,
}

impl<'a> Scan<'a> {
    /// Reads a scan's header.
    ///
    /// # Errors
    /// If it is invalid.
    pub fn new(header: &[u8], frame: &Frame, tables: Tables<'a>, interval: usize) -> Result<Self> {
        let count = usize::from(header.first().copied().unwrap_or_default());
        ensure!(
            matches!(count, 1..=4) && header.len() == 4 + 2 * count,
            "expected a JPEG's scan of 1 to 4 components, found an invalid header"
        );
        let mut components: Vec<ScanComponent> = Vec::with_capacity(count);
        for &[id, slots] in header[1..=2 * count].as_chunks::<2>().0 {
            let is_free = |index: usize| components.iter().all(|found| found.index != index);
            let index = (0..frame.components.len())
                .find(|&index| frame.components[index].id == id && is_free(index));
            let Some(index) = index else {
                bail!("expected scans of the JPEG's own components, found component {id}");
            };
            let (dc, ac) = (usize::from(slots >> 4), usize::from(slots & 15));
            components.push(ScanComponent { index, dc, ac });
        }
        let &[first, last, bits] = header.last_chunk().context("an empty header")?;
        let scan = Self {
            components,
            tables,
            // Sequential scans have all coefficients, whatever they say.
            spectrum: if frame.is_progressive { (first, last) } else { (0, 63) },
            approximation: if frame.is_progressive { (bits >> 4, bits & 15) } else { (0, 0) },
            interval,
            data: &[],
        };
        ensure!(
            scan.components.len() == 1 || scan.blocks_per_unit(frame) <= MOST_BLOCKS,
            "expected at most {MOST_BLOCKS} blocks in a unit of the JPEG, found {}",
            scan.blocks_per_unit(frame)
        );
        Ok(scan)
    }

    pub fn is_dc(&self) -> bool {
        self.spectrum.0 == 0
    }

    pub fn is_refinement(&self) -> bool {
        self.approximation.0 > 0
    }

    /// Whether the scan is coded by the DC tables of its components.
    pub fn uses_dc(&self, frame: &Frame) -> bool {
        !frame.is_progressive || self.is_dc() && !self.is_refinement()
    }

    /// Whether the scan is coded by the AC tables of its components.
    pub fn uses_ac(&self, frame: &Frame) -> bool {
        !frame.is_progressive || !self.is_dc()
    }

    /// Blocks in a unit: one, if the scan has one component.
    pub fn blocks_per_unit(&self, frame: &Frame) -> usize {
        let blocks = |component: &ScanComponent| {
            frame.components[component.index].across * frame.components[component.index].down
        };
        match &self.components[..] {
            [_] => 1,
            components => components.iter().map(blocks).sum(),
        }
    }

    /// Columns and rows of units.
    pub fn units(&self, frame: &Frame) -> (usize, usize) {
        match &self.components[..] {
            [component] => frame.blocks(component.index),
            _ => frame.units(),
        }
    }

    /// Number of units.
    pub fn unit_count(&self, frame: &Frame) -> usize {
        let (across, down) = self.units(frame);
        across * down
    }

    /// Number of restart markers between the units.
    pub fn restarts(&self, frame: &Frame) -> usize {
        match self.interval {
            0 => 0,
            interval => self.unit_count(frame).div_ceil(interval) - 1,
        }
    }

    /// Fewest bits that can code a block: a DC code and an end of block; in progressive JPEGs, a DC
    /// code or bit. One code may end thousands of blocks without AC coefficients.
    pub fn least_bits(&self, frame: &Frame) -> usize {
        match (frame.is_progressive, self.is_dc()) {
            (false, _) => 2,
            (true, true) => 1,
            (true, false) => 0,
        }
    }

    /// The data between the restart markers, and the number of units in each.
    pub fn intervals(&self, frame: &Frame) -> impl Iterator<Item = (&'a [u8], usize)> {
        let (mut rest, mut units) = (self.data, self.unit_count(frame));
        let (interval, count) = (self.interval, self.restarts(frame) + 1);
        (0..count).map(move |index| {
            let found = if interval == 0 { units } else { units.min(interval) };
            units -= found;
            let is_end = |at: &usize| rest.get(at + 1) == Some(&restart_marker(index));
            let end = memchr_iter(0xFF, rest).find(is_end).filter(|_| index + 1 < count);
            let data = &rest[..end.unwrap_or(rest.len())];
            rest = rest.get(data.len() + 2..).unwrap_or_default();
            (data, found)
        })
    }
}
