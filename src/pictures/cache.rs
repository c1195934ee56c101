//! Where decoded pictures are kept between their uses.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Where a split's decoded pictures are kept. Batches are the same, bit for bit, whichever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CachePolicy {
    /// In memory if they take a quarter of what is free at most, else on disk.
    #[default]
    Auto,
    /// Decoded at every start, into memory.
    Memory,
    /// Decoded once, into a file that later runs map into memory.
    Disk,
    /// Decoded for each batch anew, by threads that work ahead.
    None,
}

/// The share of free memory that decoded pictures may take by themselves.
const SHARE: u64 = 4;

impl CachePolicy {
    /// The policy for `bytes` of decoded pictures when `free` bytes of memory are: never
    /// [`Auto`](Self::Auto). Where `free` is not known, they are taken to fit.
    pub fn choose(self, bytes: u64, free: Option<u64>) -> Self {
        match self {
            Self::Auto if free.is_none_or(|free| bytes <= free / SHARE) => Self::Memory,
            Self::Auto => Self::Disk,
            chosen => chosen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_that_take_more_than_a_quarter_of_free_memory_go_to_disk() {
        assert_eq!(CachePolicy::Auto.choose(25, Some(100)), CachePolicy::Memory);
        assert_eq!(CachePolicy::Auto.choose(26, Some(100)), CachePolicy::Disk);
        assert_eq!(CachePolicy::Auto.choose(26, None), CachePolicy::Memory);
        assert_eq!(CachePolicy::Memory.choose(26, Some(1)), CachePolicy::Memory);
    }
}
