//! Which coefficients a JPEG's scans have given so far.

use super::frame::Frame;
use super::scan::Scan;
use anyhow::{Result, bail, ensure};

/// Most blocks that the scans of a picture go through, where one that is in several scans counts
/// several times: about a second. A usual progressive JPEG has each block in 4 to 6 scans, so that the
/// largest usual picture, of 8 million blocks, has a fifth of this. libjpeg has no limit: a scan
/// without coefficients takes 20 bytes, so that a file of some kilobytes may keep it busy for minutes.
const MOST_BLOCKS: u64 = 1 << 28;

/// Scans of all blocks that a picture may have in any case, if `max_pixels` admits larger ones.
const SCANS: u64 = 16;

/// Coefficients, in zigzag order from the first, that libjpeg estimates if they are not there to the
/// last bit (`smoothing_ok` in `jdcoefct.c`).
const ESTIMATED: usize = 10;

/// For each component and coefficient, the lowest bit given; `None` before its first scan.
#[derive(Debug)]
pub(super) struct Progress {
    bits: [[Option<u8>; 64]; 4],
    blocks: u64,
}

impl Default for Progress {
    fn default() -> Self {
        Self { bits: [[None; 64]; 4], blocks: 0 }
    }
}

impl Progress {
    /// Adds a scan.
    ///
    /// # Errors
    /// If it does not continue the scans before it.
    pub fn add(&mut self, scan: &Scan<'_>, frame: &Frame) -> Result<()> {
        self.blocks += scan.unit_count(frame) as u64 * scan.blocks_per_unit(frame) as u64;
        let most = MOST_BLOCKS.max(SCANS * frame.block_count() as u64);
        ensure!(
            self.blocks <= most,
            "expected the JPEG's scans to go through at most {most} blocks of 8×8 pixels, found more; try saving it as a baseline JPEG"
        );
        if !frame.is_progressive {
            return self.add_sequential(scan);
        }
        let (first, last) = (usize::from(scan.spectrum.0), usize::from(scan.spectrum.1));
        let (high, low) = scan.approximation;
        let is_valid = if first == 0 {
            last == 0
        } else {
            first <= last && last < 64 && scan.components.len() == 1
        };
        ensure!(
            is_valid && low <= 13 && (high == 0 || low + 1 == high),
            "expected valid scans in the progressive JPEG, found one of coefficients {first} to {last} and bits {high} to {low}"
        );
        for component in &scan.components {
            for bit in &mut self.bits[component.index][first..=last] {
                ensure!(
                    bit.unwrap_or(0) == high,
                    "expected the scans of the progressive JPEG in order, found them out of order"
                );
                *bit = Some(low);
            }
        }
        Ok(())
    }

    fn add_sequential(&mut self, scan: &Scan<'_>) -> Result<()> {
        for component in &scan.components {
            if self.bits[component.index][0].is_some() {
                bail!("expected one scan of each component in the JPEG, found another");
            }
            self.bits[component.index] = [Some(0); 64];
        }
        Ok(())
    }

    /// Checks that all scans were there.
    ///
    /// # Errors
    /// If coefficients are missing whose place libjpeg fills with others than zero.
    pub fn check(&self, frame: &Frame) -> Result<()> {
        let bits = &self.bits[..frame.components.len()];
        let whole = |bits: &&[Option<u8>; 64]| bits[..ESTIMATED].iter().all(|&bit| bit == Some(0));
        let found = bits.iter().filter(whole).count();
        ensure!(
            found == bits.len(),
            "expected all scans of the JPEG, found those of {found} of {} components",
            bits.len()
        );
        Ok(())
    }
}
