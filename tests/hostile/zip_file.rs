//! Zip archives that claim what is not so.

/// A file in an archive. Its headers claim the given sizes and checksum.
#[derive(Clone)]
pub struct Entry {
    pub name: Vec<u8>,
    /// With the bit 0x800, names are in UTF-8.
    pub flags: u16,
    /// 0 is stored, 8 is Deflate.
    pub method: u16,
    /// What is between the headers.
    pub bytes: Vec<u8>,
    /// Claimed size of `bytes`.
    pub packed: u64,
    /// Claimed size of the contents.
    pub size: u64,
    /// Claimed CRC-32 of the contents.
    pub crc: u32,
    /// Another name in the directory.
    pub listed_as: Option<Vec<u8>>,
}

impl Entry {
    /// An honest entry.
    pub fn stored(name: &str, bytes: &[u8]) -> Self {
        let size = bytes.len() as u64;
        let (name, bytes, crc) = (name.as_bytes().to_vec(), bytes.to_vec(), crc32(bytes));
        Self { name, flags: 0, method: 0, bytes, packed: size, size, crc, listed_as: None }
    }
}

/// The CRC-32 of zip, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| step(crc)))
}

/// Everything of both headers from the flags to the length of the extra field, and that field, which
/// has sizes above 32 bits.
fn common(entry: &Entry, name: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let is_large = entry.size.max(entry.packed) >= u64::from(u32::MAX);
    let narrow = |size: u64| if is_large { u32::MAX } else { size as u32 };
    let mut extra = Vec::new();
    if is_large {
        extra.extend([1u16, 16].map(u16::to_le_bytes).concat());
        extra.extend([entry.size, entry.packed].map(u64::to_le_bytes).concat());
    }
    let mut header = [entry.flags, entry.method, 0, 0x21].map(u16::to_le_bytes).concat();
    let sizes = [entry.crc, narrow(entry.packed), narrow(entry.size)];
    header.extend(sizes.map(u32::to_le_bytes).concat());
    header.extend([name.len() as u16, extra.len() as u16].map(u16::to_le_bytes).concat());
    (header, extra)
}

/// An archive of `entries`, whose directory lists as many as there are `places`, entry `i` at the place
/// of `places[i]`.
pub fn with_places(entries: &[Entry], places: &[usize]) -> Vec<u8> {
    let (mut archive, mut starts) = (Vec::new(), Vec::new());
    for entry in entries {
        starts.push(archive.len() as u32);
        let (header, extra) = common(entry, &entry.name);
        archive.extend(b"PK\x03\x04\x2D\0");
        archive.extend([&header[..], &entry.name, &extra, &entry.bytes].concat());
    }
    let directory = archive.len();
    for (entry, &place) in entries.iter().zip(places) {
        let name = entry.listed_as.as_ref().unwrap_or(&entry.name);
        let (header, extra) = common(entry, name);
        archive.extend(b"PK\x01\x02\x2D\0\x2D\0");
        archive.extend([header.as_slice(), &[0; 10], &starts[place].to_le_bytes()].concat());
        archive.extend([&name[..], &extra].concat());
    }
    let length = archive.len() - directory;
    let count = (places.len() as u16).to_le_bytes();
    archive.extend([b"PK\x05\x06\0\0\0\0".as_slice(), &count, &count].concat());
    archive.extend([length, directory].map(|number| (number as u32).to_le_bytes()).concat());
    archive.extend([0, 0]);
    archive
}

/// An archive of `entries`.
pub fn archive(entries: &[Entry]) -> Vec<u8> {
    with_places(entries, &(0..entries.len()).collect::<Vec<_>>())
}
