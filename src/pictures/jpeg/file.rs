//! A JPEG file, parsed and checked as by libjpeg, except for its entropy-coded data.

use super::frame::{Color, Frame, refuse, unsupported_coding};
use super::huffman::{Table, Tables};
use super::progress::Progress;
use super::scan::{Scan, ScanComponent};
use super::segments::Segments;
use anyhow::{Context, Result, bail, ensure};
use memchr::memchr_iter;

/// The parts of a file from which its pixels are decoded.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub frame: Frame,
    pub color: Color,
    /// Each component's quantization table.
    pub quantization: Vec<Quantization<'a>>,
    pub scans: Vec<Scan<'a>>,
    pub exif: Option<&'a [u8]>,
    pub xmp: Option<&'a [u8]>,
}

/// A quantization table as stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quantization<'a> {
    pub is_16_bit: bool,
    /// 64 values in zigzag order.
    pub values: &'a [u8],
}

/// What a file's segments have defined so far.
#[derive(Default)]
struct Parser<'a> {
    max_pixels: u64,
    frame: Option<Frame>,
    is_jfif: bool,
    adobe: Option<u8>,
    exif: Option<&'a [u8]>,
    xmp: Option<&'a [u8]>,
    huffman: Tables<'a>,
    defined: [Option<Quantization<'a>>; 4],
    interval: usize,
    /// Each component's table: the one defined at its first scan.
    quantization: [Option<Quantization<'a>>; 4],
    scans: Vec<Scan<'a>>,
    progress: Progress,
}

const TRUNCATED: &str = "expected a complete JPEG, found a truncated one";

impl<'a> File<'a> {
    /// Parses a file.
    ///
    /// # Errors
    /// If it is truncated, larger than `max_pixels`, coded in a way that is not decoded, or if a part
    /// is invalid or missing.
    pub fn read(bytes: &'a [u8], max_pixels: u64) -> Result<Self> {
        ensure!(bytes.get(2) == Some(&0xFF), "expected a JPEG with segments, found none");
        let mut parser = Parser { max_pixels, ..Parser::default() };
        let mut segments = Segments::new(bytes);
        while parser.take(&mut segments)? {}
        let Some(frame) = parser.frame else { bail!("expected a JPEG with a frame, found none") };
        ensure!(!parser.scans.is_empty(), "expected a JPEG with a scan, found none");
        parser.progress.check(&frame)?;
        Ok(Self {
            color: frame.color(parser.is_jfif, parser.adobe),
            quantization: parser.quantization.into_iter().flatten().collect(),
            scans: parser.scans,
            exif: parser.exif,
            xmp: parser.xmp,
            frame,
        })
    }
}

/// Width and height in the first bytes of a file, as far as they go.
///
/// # Errors
/// If it is larger than `max_pixels`, or coded in a way that is not decoded.
pub(super) fn size(start: &[u8], max_pixels: u64) -> Result<Option<(usize, usize)>> {
    let mut segments = Segments::new(start);
    while let Some(marker) = segments.marker() {
        match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                let Some(data) = segments.data() else { break };
                let frame = Frame::new(marker, data, max_pixels)?;
                return Ok(Some((frame.width, frame.height)));
            }
            0x01 | 0xD0..=0xD9 => {}
            _ => {
                if segments.data().is_none() {
                    break;
                }
            }
        }
    }
    Ok(None)
}

impl<'a> Parser<'a> {
    /// Takes the next segment; `false` at the end of the image.
    fn take(&mut self, segments: &mut Segments<'a>) -> Result<bool> {
        let marker = segments.marker().context(TRUNCATED)?;
        match marker {
            0xD9 => return Ok(false),
            // Left over behind a scan.
            0x01 if !self.scans.is_empty() => return Ok(true),
            0xD0..=0xD7 => return Ok(true),
            0xD8 => bail!("expected one start of image in the JPEG, found another"),
            0xDE | 0xDF => return refuse("hierarchical coding"),
            0xCC => return refuse("arithmetic coding"),
            0x01..=0xBF | 0xC8 | 0xF0..=0xFD => {
                bail!("expected known markers in the JPEG, found FF{marker:02X}")
            }
            _ => {}
        }
        let data = segments.data().context(TRUNCATED)?;
        match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => self.frame(marker, data)?,
            0xC4 => self.huffman.define(data)?,
            0xDA => self.scan(data, segments)?,
            0xDB => self.quantization(data)?,
            0xDD => {
                let Some(&interval) = data.first_chunk().filter(|_| data.len() == 2) else {
                    bail!(
                        "expected a restart interval of 2 bytes in the JPEG, found {}",
                        data.len()
                    );
                };
                self.interval = u16::from_be_bytes(interval).into();
            }
            // Behind the first scan's header, libjpeg has chosen already.
            0xE0..=0xEF if !self.scans.is_empty() => {}
            0xE0 => self.is_jfif |= data.len() >= 14 && data.starts_with(b"JFIF\0"),
            0xE1 => self.metadata(data),
            0xEE if data.len() >= 12 && data.starts_with(b"Adobe") => self.adobe = Some(data[11]),
            _ => {}
        }
        Ok(true)
    }

    fn frame(&mut self, marker: u8, data: &[u8]) -> Result<()> {
        if let Some(coding) = unsupported_coding(marker) {
            return refuse(coding);
        }
        ensure!(self.frame.is_none(), "expected one frame in the JPEG, found another");
        self.frame = Some(Frame::new(marker, data, self.max_pixels)?);
        Ok(())
    }

    fn quantization(&mut self, mut data: &'a [u8]) -> Result<()> {
        while let Some((&slot, rest)) = data.split_first() {
            let is_16_bit = slot >> 4 > 0;
            let length = if is_16_bit { 128 } else { 64 };
            ensure!(
                rest.len() >= length,
                "expected whole quantization tables in the JPEG, found {} bytes of {length}",
                rest.len()
            );
            let (values, rest) = rest.split_at(length);
            let Some(table) = self.defined.get_mut(usize::from(slot & 15)) else {
                bail!("expected quantization tables 0 to 3 in the JPEG, found {}", slot & 15);
            };
            *table = Some(Quantization { is_16_bit, values });
            data = rest;
        }
        Ok(())
    }

    /// Keeps EXIF and XMP data.
    fn metadata(&mut self, data: &'a [u8]) {
        let is_filled = |found: &&[u8]| !found.is_empty();
        if let Some(exif) = data.strip_prefix(b"Exif\0\0").filter(is_filled) {
            self.exif = Some(exif);
        } else if let Some(xmp) = data.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
            self.xmp = Some(xmp).filter(is_filled).or(self.xmp);
        }
    }

    fn scan(&mut self, header: &[u8], segments: &mut Segments<'a>) -> Result<()> {
        let Some(frame) = &self.frame else {
            bail!("expected a frame before the JPEG's scans, found none");
        };
        let mut scan = Scan::new(header, frame, self.huffman, self.interval)?;
        self.progress.add(&scan, frame)?;
        for component in &scan.components {
            let slot = frame.components[component.index].quantization;
            let table = &mut self.quantization[component.index];
            *table = table.or(self.defined.get(slot).copied().flatten());
            ensure!(table.is_some(), "expected quantization table {slot} in the JPEG, found none");
            check_tables(&scan, component, frame)?;
        }
        let restarts = scan.restarts(frame);
        let (data, found) = segments.scan_data(restarts);
        ensure!(
            found == restarts,
            "expected the JPEG's scan in {} parts with restart markers in order, found {}",
            restarts + 1,
            found + 1
        );
        scan.data = data;
        for (data, units) in scan.intervals(frame) {
            let blocks = units * scan.blocks_per_unit(frame);
            let least = (blocks * scan.least_bits(frame)).div_ceil(8);
            // Behind a byte FF is a zero, or another one, which are no data.
            let found = data.len() - memchr_iter(0xFF, data).count();
            ensure!(
                found >= least,
                "expected at least {least} bytes of data in a scan of {}×{} pixels, found {found}",
                frame.width,
                frame.height
            );
        }
        self.scans.push(scan);
        Ok(())
    }
}

/// Checks that the tables of a component are defined and valid, unless the scan does not use them.
fn check_tables(scan: &Scan<'_>, component: &ScanComponent, frame: &Frame) -> Result<()> {
    let (dc, ac) = scan.tables.in_slots(component.dc, component.ac);
    if scan.uses_dc(frame) {
        check_table(dc, component.dc, frame)?;
        let is_known = dc.is_none_or(|table| table.symbols.iter().all(|&symbol| symbol <= 15));
        ensure!(is_known, "expected sizes of at most 15 bits in the JPEG, found others");
    }
    if scan.uses_ac(frame) {
        check_table(ac, component.ac, frame)?;
    }
    Ok(())
}

fn check_table(table: Option<Table<'_>>, slot: usize, frame: &Frame) -> Result<()> {
    // Frames of motion JPEG leave out the standard's tables.
    let is_standard = !frame.is_progressive && slot < 2;
    ensure!(
        is_standard || table.is_some(),
        "expected Huffman table {slot} in the JPEG, found none"
    );
    ensure!(
        table.is_none_or(|table| table.is_valid()),
        "expected a valid Huffman table {slot} in the JPEG, found an invalid one"
    );
    Ok(())
}
