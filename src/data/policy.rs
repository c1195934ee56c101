//! Where decoded pictures are kept between their uses.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

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

/// Bytes of memory that can be had without swapping, if the system says so: what is available, and
/// no more than the limit of a container.
pub fn free_memory() -> Option<u64> {
    let of_system = available_in(&std::fs::read_to_string("/proc/meminfo").ok()?)?;
    let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let limit = limit.and_then(|limit| limit.trim().parse().ok());
    Some(of_system.min(limit.unwrap_or(u64::MAX)))
}

/// `MemAvailable` of `/proc/meminfo`, in bytes.
fn available_in(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// The folder for decoded pictures.
pub fn cache_folder() -> PathBuf {
    cache().join("pictures")
}

/// The folder for what can be made again, which `scripts/fetch_libtorch.sh` uses too.
pub fn cache() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    variable("PETITE_CACHE").map(PathBuf::from).unwrap_or_else(|| {
        variable("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .unwrap_or_else(|| {
                variable("HOME").map_or_else(std::env::temp_dir, PathBuf::from).join(".cache")
            })
            .join("petite")
    })
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

    #[test]
    fn free_memory_is_read_from_the_system() {
        let meminfo = "MemTotal:       24689664 kB\nMemAvailable:   22020096 kB\n";
        assert_eq!(available_in(meminfo), Some(22020096 * 1024));
        assert_eq!(available_in("MemTotal: 1 kB\n"), None);
    }
}
