//! Available memory.

use crate::machine::cgroup;
use std::path::Path;

/// Bytes of memory available without swapping, at most what the limits of the process's control
/// groups (container, batch job) leave. `None` if the system does not say (Linux only).
pub fn free_memory() -> Option<u64> {
    let of_system = available_in(&std::fs::read_to_string("/proc/meminfo").ok()?)?;
    Some(of_system.min(cgroup::free(Path::new("/")).unwrap_or(u64::MAX)))
}

/// `MemAvailable` of `/proc/meminfo`, in bytes.
fn available_in(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_available_memory() {
        let meminfo = "MemTotal:       24689664 kB\nMemAvailable:   22020096 kB\n";
        assert_eq!(available_in(meminfo), Some(22020096 * 1024));
        assert_eq!(available_in("MemTotal: 1 kB\n"), None);
        assert_eq!(available_in("MemAvailable: many kB\n"), None);
        assert!(free_memory().is_none_or(|bytes| bytes < 1 << 50));
    }
}
