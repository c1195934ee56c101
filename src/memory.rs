//! Available memory.

/// Bytes of memory available without swapping, at most the container's limit (cgroup v2). `None` if
/// the system does not say (Linux only).
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_available_memory() {
        let meminfo = "MemTotal:       24689664 kB\nMemAvailable:   22020096 kB\n";
        assert_eq!(available_in(meminfo), Some(22020096 * 1024));
        assert_eq!(available_in("MemTotal: 1 kB\n"), None);
    }
}
