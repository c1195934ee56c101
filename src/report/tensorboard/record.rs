//! TFRecord frames, of which an event file consists.
//!
//! A frame has the record's length in bytes (u64), a checksum of these 8 bytes, the record, and a
//! checksum of the record, all little-endian (`tensorflow/core/lib/io/record_writer.h`).

use crc::{CRC_32_ISCSI, Crc, Table};

/// CRC-32C.
static CRC: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

/// Bytes before a record: its length and the length's checksum.
const HEADER: usize = 12;

/// `record` in its frame.
pub fn framed(record: &[u8]) -> Vec<u8> {
    let length = (record.len() as u64).to_le_bytes();
    let checksums = [checksum(&length), checksum(record)].map(u32::to_le_bytes);
    [length.as_slice(), &checksums[0], record, &checksums[1]].concat()
}

/// The records in `bytes`, up to the first that is cut off or damaged, such as the last of a process
/// that was killed while it wrote.
pub fn records(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (record, rest) = first(bytes)?;
        bytes = rest;
        Some(record)
    })
}

/// The first record in `bytes`, and the bytes after its frame.
fn first(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, rest) = bytes.split_at_checked(HEADER)?;
    let (length, rest_of_header) = header.split_first_chunk::<8>()?;
    let number = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let is_whole = |checked: &[u8], stored: &[u8]| checksum(checked).to_le_bytes() == stored;
    if !is_whole(length, rest_of_header) {
        return None;
    }
    let (record, rest) = rest.split_at_checked(number)?;
    let (stored, rest) = rest.split_at_checked(4)?;
    is_whole(record, stored).then_some((record, rest))
}

/// The CRC-32C of `bytes`, masked as TensorFlow does, so that a record may contain checksums itself
/// (`tensorflow/core/lib/hash/crc32c.h`).
fn checksum(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3720, appendix B.4, and the mask of `crc32c_test.cc`.
    #[test]
    fn checksums_are_masked_crc_32c() {
        assert_eq!(CRC.checksum(&[0; 32]), 0x8a91_36aa);
        assert_eq!(CRC.checksum(&[0xff; 32]), 0x62a8_ab43);
        let unmasked = checksum(&[0; 32]).wrapping_sub(0xa282_ead8).rotate_left(15);
        assert_eq!(unmasked, 0x8a91_36aa);
    }

    #[test]
    fn a_cut_or_damaged_file_keeps_the_records_before() {
        let written = [framed(b"first"), framed(b""), framed(&[7; 300])].concat();
        let read = |bytes: &[u8]| records(bytes).map(<[u8]>::to_vec).collect::<Vec<_>>();
        let all = read(&written);
        assert_eq!(all, [b"first".to_vec(), Vec::new(), vec![7; 300]]);
        let ends = [0, 21, 37, written.len()];
        for length in 0..written.len() {
            let whole = ends.iter().filter(|&&end| end <= length).count() - 1;
            assert_eq!(read(&written[..length]), all[..whole], "{length}");
        }
        for at in 0..written.len() {
            let mut damaged = written.clone();
            damaged[at] ^= 4;
            let whole = ends.iter().filter(|&&end| end <= at).count() - 1;
            assert_eq!(read(&damaged), all[..whole], "{at}");
        }
    }
}
