//! TFRecord frames, of which an event file consists.

use crc::{CRC_32_ISCSI, Crc, Table};

/// CRC-32C.
static CRC: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);

/// `record` in its frame: its length in bytes (u64), a checksum of these 8 bytes, the record, and a
/// checksum of the record, all little-endian (`tensorflow/core/lib/io/record_writer.h`).
pub fn framed(record: &[u8]) -> Vec<u8> {
    let length = (record.len() as u64).to_le_bytes();
    let checksums = [checksum(&length), checksum(record)].map(u32::to_le_bytes);
    [length.as_slice(), &checksums[0], record, &checksums[1]].concat()
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
}
