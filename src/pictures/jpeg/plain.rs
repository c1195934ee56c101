//! A JPEG's parts, written as a file that the decoder cannot misunderstand: without other segments,
//! and with data that cannot be decoded behind the end of each scan.
//!
//! The decoder takes a scan that is too short for a whole one, and makes up the rest. No Huffman code
//! consists of ones only, so reading ones makes it fail exactly where the data end.

use super::file::File;
use super::frame::{Color, Frame};
use super::huffman::Table;
use super::scan::{Scan, ScanComponent};
use super::segments::restart_marker;

/// Bytes of ones behind the data of a scan: more than the longest code and the bits of its value.
const ONES: usize = 16;

/// Bytes of ones behind a scan that refines AC coefficients, in which up to 1000 bits may pass from
/// code to code: more than libjpeg's encoder stores.
const REFINEMENT_ONES: usize = 160;

/// Blocks that one code can skip in a progressive scan.
const LONGEST_RUN: usize = 32_767;

/// A plain file being written.
pub(super) struct Plain {
    pub bytes: Vec<u8>,
    interval: usize,
}

impl Plain {
    /// A file up to its first scan.
    pub fn new(file: &File<'_>) -> Self {
        let frame = &file.frame;
        let data: usize = file.scans.iter().map(|scan| scan.data.len()).sum();
        let bytes = Vec::with_capacity(data + data / 16 + 4096);
        let mut plain = Self { bytes, interval: 0 };
        plain.bytes.extend([0xFF, 0xD8]);
        if file.color == Color::Ycck {
            plain.segment(0xEE, b"Adobe\0d\0\0\0\0\x02");
        }
        for (index, table) in file.quantization.iter().enumerate() {
            let slot = u8::from(table.is_16_bit) << 4 | index as u8;
            plain.segment(0xDB, &[&[slot], table.values].concat());
        }
        let side = |side: usize| (side as u16).to_be_bytes();
        let mut data = vec![8];
        data.extend(side(frame.height));
        data.extend(side(frame.width));
        data.push(frame.components.len() as u8);
        for (index, component) in frame.components.iter().enumerate() {
            // Those of a single component mean nothing.
            let is_single = frame.components.len() == 1;
            let factors = if is_single { 0x11 } else { component.across << 4 | component.down };
            data.extend([id(file.color, index), factors as u8, index as u8]);
        }
        plain.segment(if frame.is_progressive { 0xC2 } else { 0xC0 }, &data);
        plain
    }

    /// The whole file, which is progressive or has one scan.
    pub fn of(file: &File<'_>) -> Vec<u8> {
        let mut plain = Self::new(file);
        if file.frame.is_progressive {
            plain.empty_scan(file);
        }
        for scan in &file.scans {
            plain.tables(scan, &file.frame);
            plain.header(file.color, scan);
            plain.data(scan, &file.frame);
        }
        plain.end()
    }

    pub fn end(mut self) -> Vec<u8> {
        self.bytes.extend([0xFF, 0xD9]);
        self.bytes
    }

    pub fn segment(&mut self, marker: u8, data: &[u8]) {
        self.bytes.extend([0xFF, marker]);
        self.bytes.extend((data.len() as u16 + 2).to_be_bytes());
        self.bytes.extend(data);
    }

    pub fn table(&mut self, kind: u8, slot: usize, table: Table<'_>) {
        self.segment(0xC4, &[&[kind << 4 | slot as u8], &table.counts[..], table.symbols].concat());
    }

    /// The tables and the restart interval of a scan.
    fn tables(&mut self, scan: &Scan<'_>, frame: &Frame) {
        for component in &scan.components {
            let (dc, ac) = scan.tables.in_slots(component.dc, component.ac);
            if scan.uses_dc(frame) {
                self.table_or_standard(0, component.dc, dc);
            }
            if scan.uses_ac(frame) {
                self.table_or_standard(1, component.ac, ac);
            }
        }
        if scan.interval != self.interval {
            self.interval = scan.interval;
            self.segment(0xDD, &(scan.interval as u16).to_be_bytes());
        }
    }

    /// A table, or what makes the decoder take the standard's.
    fn table_or_standard(&mut self, kind: u8, slot: usize, table: Option<Table<'_>>) {
        match table {
            Some(table) => self.table(kind, slot & 3, table),
            None => self.segment(0xE0, b"AVI1\0"),
        }
    }

    pub fn header(&mut self, color: Color, scan: &Scan<'_>) {
        let mut data = vec![scan.components.len() as u8];
        for ScanComponent { index, dc, ac } in &scan.components {
            data.extend([id(color, *index), ((dc & 3) << 4 | ac & 3) as u8]);
        }
        data.extend([scan.spectrum.0, scan.spectrum.1]);
        data.push(scan.approximation.0 << 4 | scan.approximation.1);
        self.segment(0xDA, &data);
    }

    fn data(&mut self, scan: &Scan<'_>, frame: &Frame) {
        let ones = if scan.is_refinement() { REFINEMENT_ONES } else { ONES };
        for (index, (data, _)) in scan.intervals(frame).enumerate() {
            if index > 0 {
                self.bytes.extend([0xFF, restart_marker(index - 1)]);
            }
            self.bytes.extend_from_slice(data);
            self.bytes.extend([0xFF, 0].repeat(ones));
        }
    }

    /// A first scan without coefficients: behind the first one, the decoder needs the next marker
    /// within four bytes.
    fn empty_scan(&mut self, file: &File<'_>) {
        // A run of 2^14 blocks, and as many more as the next 14 bits say.
        let table = Table { counts: &ONE_CODE, symbols: &[0xE0] };
        self.table(1, 0, table);
        let header = [1, id(file.color, 0), 0, 63, 63, 0];
        self.segment(0xDA, &header);
        let (across, down) = file.frame.blocks(0);
        let bits = 15 * (across * down).div_ceil(LONGEST_RUN);
        for byte in 0..bits.div_ceil(8) {
            let is_zero = |bit: &usize| bit.is_multiple_of(15) && *bit < bits;
            let zeros = (0..8).filter(|bit| is_zero(&(byte * 8 + bit)));
            let value = zeros.fold(0xFF_u8, |value, bit| value & !(0x80 >> bit));
            self.bytes.push(value);
            if value == 0xFF {
                self.bytes.push(0);
            }
        }
    }
}

/// One code of one bit.
const ONE_CODE: [u8; 16] = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// The name of a component, from which the decoder takes RGB.
fn id(color: Color, index: usize) -> u8 {
    match color {
        Color::Rgb => b"RGB"[index],
        _ => index as u8 + 1,
    }
}
