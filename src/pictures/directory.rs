//! TIFF's directories of tagged values, which EXIF data consist of too.

/// A file, or EXIF data, in the form of a TIFF or BigTIFF.
#[derive(Debug, Clone, Copy)]
pub(super) struct Directories<'a> {
    bytes: &'a [u8],
    is_little_endian: bool,
    is_big_tiff: bool,
}

/// A directory: the tags of a page.
#[derive(Debug)]
pub(super) struct Directory<'a> {
    file: Directories<'a>,
    /// Sorted as in the file.
    entries: Vec<Entry>,
    /// Offset of the next directory in bytes; `None` if the directory is cut off before it.
    next: Option<u64>,
}

#[derive(Debug)]
struct Entry {
    tag: u16,
    /// Type of the values: 3 is u16, 4 is u32, and so on.
    kind: u16,
    count: u64,
    /// Offset of the first value in bytes.
    at: u64,
}

impl<'a> Directories<'a> {
    /// `None` if `bytes` do not begin as a TIFF does.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let (is_little_endian, is_big_tiff) = match bytes.first_chunk()? {
            b"II*\0" => (true, false),
            b"MM\0*" => (false, false),
            b"II+\0" => (true, true),
            b"MM\0+" => (false, true),
            _ => return None,
        };
        Some(Self { bytes, is_little_endian, is_big_tiff })
    }

    /// Bytes of the file.
    pub fn length(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The offset of the first directory.
    pub fn first(&self) -> Option<u64> {
        if self.is_big_tiff { self.integer(8, 8) } else { self.integer(4, 4) }
    }

    /// The directory at an offset, with as many entries as are not cut off; `None` if it is outside.
    pub fn read(&self, at: u64) -> Option<Directory<'a>> {
        let (header, entry_size, word) = if self.is_big_tiff { (8, 20, 8) } else { (2, 12, 4) };
        let count = self.integer(at, header)?;
        let mut entries = Vec::new();
        let mut at = at + header;
        for _ in 0..count {
            let Some(entry) = self.entry(at, word) else {
                return Some(Directory { file: *self, entries, next: None });
            };
            entries.push(entry);
            at += entry_size;
        }
        Some(Directory { file: *self, entries, next: self.integer(at, word) })
    }

    fn entry(&self, at: u64, word: u64) -> Option<Entry> {
        let (tag, kind) = (self.integer(at, 2)? as u16, self.integer(at + 2, 2)? as u16);
        let count = self.integer(at + 4, word)?;
        let inside = at + 4 + word;
        let value = self.integer(inside, word)?;
        let fits = count.saturating_mul(size_of(kind)) <= word;
        Some(Entry { tag, kind, count, at: if fits { inside } else { value } })
    }

    /// The unsigned integer of `size` bytes at an offset; `None` if it is outside.
    fn integer(&self, at: u64, size: u64) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = self.bytes.get(at..at.checked_add(size as usize)?)?;
        let push = |number: u64, &byte: &u8| number << 8 | u64::from(byte);
        Some(match self.is_little_endian {
            true => bytes.iter().rev().fold(0, push),
            false => bytes.iter().fold(0, push),
        })
    }
}

impl Directory<'_> {
    pub fn has(&self, tag: u16) -> bool {
        self.entries.iter().any(|entry| entry.tag == tag)
    }

    /// The offset of the next directory; 0 after the last, `None` if it is cut off.
    pub fn next(&self) -> Option<u64> {
        self.next
    }

    /// The first value of a tag; `None` if it is missing or not an unsigned integer.
    pub fn number(&self, tag: u16) -> Option<u64> {
        self.numbers(tag)?.next()
    }

    /// The values of a tag; `None` if they are missing, outside, or not unsigned integers.
    pub fn numbers(&self, tag: u16) -> Option<impl Iterator<Item = u64>> {
        let entry = self.entries.iter().find(|entry| entry.tag == tag)?;
        let size = match entry.kind {
            1 | 3 | 4 | 13 | 16 => size_of(entry.kind),
            _ => return None,
        };
        if !self.is_inside(entry) {
            return None;
        }
        Some((0..entry.count).filter_map(move |i| self.file.integer(entry.at + i * size, size)))
    }

    /// The offset of a tag's first value in bytes.
    pub fn place(&self, tag: u16) -> Option<u64> {
        self.entries.iter().find(|entry| entry.tag == tag).map(|entry| entry.at)
    }

    /// Whether all values of all tags are inside the file.
    pub fn is_whole(&self) -> bool {
        self.next.is_some() && self.entries.iter().all(|entry| self.is_inside(entry))
    }

    fn is_inside(&self, entry: &Entry) -> bool {
        let length = entry.count.saturating_mul(size_of(entry.kind));
        entry.at.saturating_add(length) <= self.file.length()
    }
}

/// Bytes of a value of a type; 0 if the type is unknown.
fn size_of(kind: u16) -> u64 {
    match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => 0,
    }
}
