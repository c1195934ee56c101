//! Huffman tables of a JPEG.

use anyhow::{Result, ensure};

/// A Huffman table as stored: the number of codes of each length, 1 to 16 bits, and the symbols in
/// the order of their codes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    pub counts: &'a [u8; 16],
    pub symbols: &'a [u8],
}

/// The tables that are defined at some place of a file, by slot.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tables<'a> {
    pub dc: [Option<Table<'a>>; 4],
    pub ac: [Option<Table<'a>>; 4],
}

impl<'a> Tables<'a> {
    /// The DC and the AC table in these slots.
    pub fn in_slots(&self, dc: usize, ac: usize) -> (Option<Table<'a>>, Option<Table<'a>>) {
        let table = |tables: &[Option<Table<'a>>; 4], slot| tables.get(slot).copied().flatten();
        (table(&self.dc, dc), table(&self.ac, ac))
    }

    /// Takes the tables of a segment.
    ///
    /// # Errors
    /// If their sizes or slots are impossible.
    pub fn define(&mut self, mut data: &'a [u8]) -> Result<()> {
        while let Some((&[slot], rest)) = data.split_first_chunk::<1>() {
            let Some((counts, rest)) = rest.split_first_chunk::<16>() else { break };
            let count = counts.iter().map(|&count| usize::from(count)).sum::<usize>();
            let kind = match slot & 0xF0 {
                0x00 => self.dc.get_mut(usize::from(slot & 15)),
                0x10 => self.ac.get_mut(usize::from(slot & 15)),
                _ => None,
            };
            let (Some(kind), true) = (kind, count <= rest.len().min(256)) else { break };
            let (symbols, rest) = rest.split_at(count);
            *kind = Some(Table { counts, symbols });
            data = rest;
        }
        ensure!(data.is_empty(), "expected valid Huffman tables in the JPEG, found invalid ones");
        Ok(())
    }
}

impl Table<'_> {
    /// The codes, from the shortest: bits, code and symbol.
    pub fn codes(&self) -> impl Iterator<Item = (u32, u32, u8)> {
        let bits = (1..=16_u32)
            .zip(self.counts)
            .flat_map(|(bits, &count)| std::iter::repeat_n(bits, usize::from(count)));
        let mut next = (0_u32, 0_u32);
        bits.zip(self.symbols).map(move |(bits, &symbol)| {
            let code = next.1 << (bits - next.0);
            next = (bits, code + 1);
            (bits, code, symbol)
        })
    }

    /// Whether no code is longer than its bits, or consists of ones only.
    pub fn is_valid(&self) -> bool {
        self.codes().all(|(bits, code, _)| code + 1 < 1 << bits)
    }
}
