//! The scans of a sequential JPEG joined to one, since the decoder mixes up subsampled components of
//! several scans. The coefficients stay the same.

use super::file::File;
use super::frame::Frame;
use super::huffman::Table;
use super::plain::Plain;
use super::scan::{Scan, ScanComponent};
use anyhow::{Context, Result, ensure};

/// 64 coefficients in zigzag order.
type Block = [i16; 64];

/// The blocks of a component, in rows.
struct Blocks {
    columns: usize,
    blocks: Vec<Block>,
}

const DAMAGED: &str = "expected valid scan data in the JPEG, found damaged data";

/// Writes the plain file of a sequential JPEG of several scans.
///
/// # Errors
/// If the data of a scan are damaged or end too early.
pub(super) fn of(file: &File<'_>) -> Result<Vec<u8>> {
    let frame = &file.frame;
    let (across, down) = frame.units();
    let all = frame.components.iter().map(|component| {
        let columns = across * component.across;
        Blocks { columns, blocks: vec![[0; 64]; columns * down * component.down] }
    });
    let mut all: Vec<Blocks> = all.collect();
    for scan in &file.scans {
        read(scan, frame, &mut all)?;
    }
    let mut plain = Plain::new(file);
    let symbols = symbols();
    let mut counts = [0; 16];
    counts[7] = symbols.len() as u8;
    plain.table(1, 0, Table { counts: &counts, symbols: &symbols });
    counts[7] = 16;
    plain.table(
        0,
        0,
        Table { counts: &counts, symbols: &std::array::from_fn::<_, 16, _>(|size| size as u8) },
    );
    let component = |index| ScanComponent { index, dc: 0, ac: 0 };
    let scan = Scan {
        components: (0..all.len()).map(component).collect(),
        tables: Default::default(),
        spectrum: (0, 63),
        approximation: (0, 0),
        interval: 0,
        data: &[],
    };
    plain.header(file.color, &scan);
    let mut codes = [0; 256];
    symbols.iter().zip(0..).for_each(|(&symbol, code)| codes[usize::from(symbol)] = code);
    let mut writer = Writer { bytes: plain.bytes, bits: 0, count: 0 };
    let mut before = [0; 4];
    for unit in 0..across * down {
        for (column, row, index) in blocks_of(&scan, frame, unit) {
            let found = &all[index];
            writer.block(
                &found.blocks[row * found.columns + column],
                &mut before[index],
                &codes,
            )?;
        }
    }
    // Ones up to a whole byte.
    writer.put(0x7F, 7);
    plain.bytes = writer.bytes;
    Ok(plain.end())
}

/// The blocks of a unit: column, row and component.
fn blocks_of(
    scan: &Scan<'_>,
    frame: &Frame,
    unit: usize,
) -> impl Iterator<Item = (usize, usize, usize)> {
    let (across, _) = scan.units(frame);
    let (x, y) = (unit % across, unit / across);
    let is_single = scan.components.len() == 1;
    scan.components.iter().flat_map(move |&ScanComponent { index, .. }| {
        let component = &frame.components[index];
        let (h, v) = if is_single { (1, 1) } else { (component.across, component.down) };
        (0..v).flat_map(move |row| (0..h).map(move |column| (x * h + column, y * v + row, index)))
    })
}

/// Symbols of AC coefficients: a run of zeros and the size of the value behind it, the end of a block,
/// and 16 zeros. Few enough for codes of 8 bits.
fn symbols() -> Vec<u8> {
    (0..=255).filter(|symbol| symbol & 15 > 0 || matches!(symbol, 0 | 0xF0)).collect()
}

/// Decodes a scan.
fn read(scan: &Scan<'_>, frame: &Frame, all: &mut [Blocks]) -> Result<()> {
    let tables = |component: &ScanComponent| {
        let (dc, ac) = scan.tables.in_slots(component.dc, component.ac);
        Some((component.index, Codes::of(dc?), Codes::of(ac?)))
    };
    let tables = scan.components.iter().map(tables).collect::<Option<Vec<_>>>();
    let tables = tables.context("expected Huffman tables in the JPEG, found none")?;
    let mut unit = 0;
    for (data, units) in scan.intervals(frame) {
        let mut reader = Reader { bytes: data.iter(), bits: 0, count: 0 };
        let mut before = [0; 4];
        for unit in unit..unit + units {
            for (column, row, index) in blocks_of(scan, frame, unit) {
                let found = tables.iter().find(|(of, ..)| *of == index);
                let (_, dc, ac) = found.context(DAMAGED)?;
                let blocks = &mut all[index];
                let block = &mut blocks.blocks[row * blocks.columns + column];
                reader.block(block, &mut before[index], dc, ac).context(DAMAGED)?;
            }
        }
        unit += units;
    }
    Ok(())
}

/// For the next 16 bits, the code they begin with: its bits, or 0, and its symbol.
struct Codes(Vec<(u8, u8)>);

impl Codes {
    fn of(table: Table<'_>) -> Self {
        let mut codes = vec![(0, 0); 1 << 16];
        for (bits, code, symbol) in table.codes() {
            let first = (code << (16 - bits)) as usize;
            codes[first..first + (1 << (16 - bits))].fill((bits as u8, symbol));
        }
        Self(codes)
    }
}

/// Bits of entropy-coded data.
struct Reader<'a> {
    bytes: std::slice::Iter<'a, u8>,
    bits: u64,
    count: u32,
}

impl Reader<'_> {
    /// Decodes a block, or returns `None` if the data are damaged or end.
    fn block(&mut self, block: &mut Block, before: &mut i32, dc: &Codes, ac: &Codes) -> Option<()> {
        let size = self.symbol(dc)?;
        *before += self.value(size)?;
        block[0] = i16::try_from(*before).ok()?;
        let mut place = 1;
        while place < 64 {
            let symbol = self.symbol(ac)?;
            match (symbol >> 4, symbol & 15) {
                (15, 0) => place += 16,
                (_, 0) => break,
                (run, size) => {
                    place += usize::from(run);
                    *block.get_mut(place)? = i16::try_from(self.value(size)?).ok()?;
                    place += 1;
                }
            }
        }
        Some(())
    }

    fn symbol(&mut self, codes: &Codes) -> Option<u8> {
        self.fill();
        let next = if self.count >= 16 {
            self.bits >> (self.count - 16)
        } else {
            self.bits << (16 - self.count)
        };
        let (bits, symbol) = codes.0[(next & 0xFFFF) as usize];
        self.take(bits.into()).filter(|_| bits > 0).map(|_| symbol)
    }

    /// A value of `size` bits; without a leading one, it is negative.
    fn value(&mut self, size: u8) -> Option<i32> {
        self.fill();
        let bits = self.take(size.into())? as i32;
        let is_negative = size > 0 && bits >> (size - 1) == 0;
        Some(if is_negative { bits - (1 << size) + 1 } else { bits })
    }

    fn take(&mut self, bits: u32) -> Option<u64> {
        self.count = self.count.checked_sub(bits)?;
        Some(self.bits >> self.count & ((1 << bits) - 1))
    }

    fn fill(&mut self) {
        while self.count <= 48 {
            let Some(&byte) = self.bytes.next() else { return };
            if byte == 0xFF {
                // The zero behind it, or more bytes FF before that.
                while self.bytes.next() == Some(&0xFF) {}
            }
            self.bits = self.bits << 8 | u64::from(byte);
            self.count += 8;
        }
    }
}

/// Writes entropy-coded data.
struct Writer {
    bytes: Vec<u8>,
    bits: u64,
    count: u32,
}

impl Writer {
    fn block(&mut self, block: &Block, before: &mut i32, codes: &[u8; 256]) -> Result<()> {
        let value = i32::from(block[0]);
        let difference = value - std::mem::replace(before, value);
        ensure!(difference.abs() < 1 << 15, DAMAGED);
        self.value(difference, |size| size);
        let mut run = 0;
        for &value in &block[1..] {
            if value == 0 {
                run += 1;
                continue;
            }
            while run >= 16 {
                self.put(codes[0xF0].into(), 8);
                run -= 16;
            }
            ensure!(value > i16::MIN, DAMAGED);
            self.value(value.into(), |size| codes[usize::from(run << 4 | size)]);
            run = 0;
        }
        if run > 0 {
            self.put(codes[0].into(), 8);
        }
        Ok(())
    }

    /// The code of a value's size, and the value.
    fn value(&mut self, value: i32, code: impl Fn(u8) -> u8) {
        let size = 32 - value.unsigned_abs().leading_zeros();
        self.put(code(size as u8).into(), 8);
        let bits = if value < 0 { value + (1 << size) - 1 } else { value };
        self.put(bits as u64, size);
    }

    fn put(&mut self, value: u64, bits: u32) {
        self.bits = self.bits << bits | value;
        self.count += bits;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.bits >> self.count) as u8;
            self.bytes.push(byte);
            if byte == 0xFF {
                self.bytes.push(0);
            }
        }
    }
}
