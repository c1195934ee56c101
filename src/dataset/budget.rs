//! How much an archive may unpack to.

use crate::error::fault;
use crate::files::disk::Space;
use crate::text::numbers::with_thousands;
use anyhow::Result;

/// Largest ratio of unpacked to packed bytes. JPEG, PNG, WebP and GIF are compressed already and
/// hardly shrink; drawings in BMP or TIFF shrink to a tenth. Deflate's own limit, which only an
/// archive made to fill the disk comes near, is 1032.
const RATIO: u64 = 100;
/// Unpacked bytes that are always allowed.
const ALLOWED: u64 = 1 << 30;
/// Bytes that stay free on the disk.
const RESERVE: u64 = 256 << 20;
/// Bytes that a file or folder takes at least, and to whose multiples its size is rounded up.
const BLOCK: u64 = 4096;

/// What an archive may still take.
#[derive(Debug)]
pub(super) struct Budget {
    /// Bytes that the archive may unpack to.
    pub bytes: u64,
    /// Bytes on the disk.
    pub disk: u64,
    /// Files and folders.
    pub files: u64,
    /// Size of the archive, in bytes.
    pub packed: u64,
}

impl Budget {
    /// The budget of an archive of `packed` bytes, on a disk with this space.
    pub fn new(packed: u64, space: Space) -> Self {
        Self {
            bytes: packed.saturating_mul(RATIO).max(ALLOWED),
            disk: space.bytes.saturating_sub(RESERVE),
            files: space.files.unwrap_or(u64::MAX),
            packed,
        }
    }

    /// Takes the room of `count` new files and folders.
    ///
    /// # Errors
    /// If there is none left.
    pub fn take_files(&mut self, count: u64) -> Result<()> {
        let Some(files) = self.files.checked_sub(count) else {
            fault!(
                DataSet,
                "expected free inodes in the cache for all its files, found too few; try removing files, or another PETITE_CACHE"
            );
        };
        let Some(disk) = self.disk.checked_sub(count.saturating_mul(BLOCK)) else {
            fault!(DataSet, "{}", no_room());
        };
        (self.files, self.disk) = (files, disk);
        Ok(())
    }

    /// Takes the room of the contents of a file, `count` bytes.
    ///
    /// # Errors
    /// If there is none left, or the archive has given more than it may.
    pub fn take_bytes(&mut self, count: u64) -> Result<()> {
        let Some(bytes) = self.bytes.checked_sub(count) else {
            fault!(
                DataSet,
                "expected at most {} bytes from an archive of {}, found more; try unpacking it and its folder as the data set",
                with_thousands(self.packed.saturating_mul(RATIO).max(ALLOWED) as i64),
                with_thousands(self.packed as i64)
            );
        };
        // Its first block has been taken.
        let Some(disk) = self.disk.checked_sub(count.saturating_sub(1) / BLOCK * BLOCK) else {
            fault!(DataSet, "{}", no_room());
        };
        (self.bytes, self.disk) = (bytes, disk);
        Ok(())
    }
}

fn no_room() -> String {
    format!(
        "expected room for its files in the cache and {} MiB more, found less; try another PETITE_CACHE",
        RESERVE >> 20
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn budget(packed: u64, bytes: u64, files: Option<u64>) -> Budget {
        Budget::new(packed, Space { bytes, files })
    }

    #[test]
    fn the_ratio_the_disk_and_the_files_bound_an_archive() {
        // 1 GiB is always allowed, then 100 times the archive.
        let mut small = budget(MIB, u64::MAX, None);
        assert!(small.take_bytes(1024 * MIB).is_ok());
        let error = small.take_bytes(1).unwrap_err().to_string();
        assert!(error.contains("1,073,741,824 bytes from an archive of 1,048,576"), "{error}");
        assert!(budget(100 * MIB, u64::MAX, None).take_bytes(10_000 * MIB).is_ok());

        // 3 blocks above the reserve.
        let mut disk = budget(MIB, 256 * MIB + 3 * BLOCK, None);
        assert!(disk.take_files(1).is_ok() && disk.take_bytes(2 * BLOCK).is_ok());
        assert!(disk.take_files(1).is_ok() && disk.take_bytes(0).is_ok());
        let error = disk.take_files(1).unwrap_err().to_string();
        assert!(error.contains("256 MiB more") && error.contains("PETITE_CACHE"), "{error}");
        assert!(budget(MIB, 0, None).take_files(1).is_err());

        let mut files = budget(MIB, u64::MAX, Some(2));
        assert!(files.take_files(2).is_ok());
        let error = files.take_files(1).unwrap_err().to_string();
        assert!(error.contains("expected free inodes"), "{error}");
    }
}
