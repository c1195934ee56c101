//! Memory limits of the process's own control groups, which containers and batch jobs set.

use std::fs::read_to_string;
use std::path::Path;

/// Of each version: its name for the controller, the folder of its groups, the files of limits and of
/// use, and the key in `memory.stat` of the page cache that is free for the taking. Above `memory.high`
/// a process is slowed down until it gets by with less.
const VERSIONS: [(&str, &str, &[&str], &str, &str); 2] = [
    (
        "memory",
        "memory",
        &["memory.limit_in_bytes"],
        "memory.usage_in_bytes",
        "total_inactive_file",
    ),
    ("", "", &["memory.max", "memory.high"], "memory.current", "inactive_file"),
];

/// Bytes of memory left to the process by the limits of its control groups and all their ancestors, as
/// far as they show below `/sys/fs/cgroup`. `None` if there is no limit. `root` is the root of the file
/// system: `/`.
pub fn free(root: &Path) -> Option<u64> {
    let groups = read_to_string(root.join("proc/self/cgroup")).ok()?;
    // Of version 1 `4:cpu,memory:/job`, of version 2 `0::/job`.
    let lines = groups.lines().filter_map(|line| line.split_once(':')?.1.split_once(':'));
    let free = |(controllers, path): (&str, &str)| {
        let is_of = |name: &str| controllers.split(',').any(|controller| controller == name);
        let (_, folder, limits, used, reclaimable) =
            VERSIONS.into_iter().find(|(name, ..)| is_of(name))?;
        let folder = root.join("sys/fs/cgroup").join(folder);
        // Where the own group is not visible, as in a container, one above it may be.
        let visible = Path::new(path.trim_start_matches('/')).ancestors();
        let visible = visible.filter(|group| !group.starts_with(".."));
        visible.filter_map(|group| left(&folder.join(group), limits, used, reclaimable)).min()
    };
    lines.filter_map(free).min()
}

/// Bytes that a group's own limit leaves.
fn left(group: &Path, limits: &[&str], used: &str, reclaimable: &str) -> Option<u64> {
    let text = |file: &str| read_to_string(group.join(file)).unwrap_or_default();
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let limit = limits.iter().filter_map(|file| number(&text(file))).min()?;
    let stat = text("memory.stat");
    let mut values = stat.lines().filter_map(|line| line.strip_prefix(reclaimable));
    let reclaimable = values.find_map(number).unwrap_or(0);
    Some(limit.saturating_sub(number(&text(used)).unwrap_or(0).saturating_sub(reclaimable)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_that_the_own_group_and_those_above_it_leave_counts() {
        let v2 = ("memory.max", "memory.current", "inactive_file");
        let v1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file");
        for (groups, folder, (limit, used, reclaimable)) in [
            ("0::/slurm/job 7\n", "", v2),
            ("9:name=systemd:/\n5:cpu,memory:/slurm/job 7\n0::/\n", "memory", v1),
        ] {
            let root = tempfile::tempdir().unwrap();
            let write = |path: &Path, text: &str| {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            };
            let of_process = root.path().join("proc/self/cgroup");
            write(&of_process, groups);
            let top = root.path().join("sys/fs/cgroup").join(folder);
            let own = top.join("slurm/job 7");
            assert_eq!(free(root.path()), None);
            write(&top.join("slurm").join(limit), "1000\n");
            assert_eq!(free(root.path()), Some(1000));
            for (text, use_, stat, left) in [
                ("100\n", "", "", 100),
                ("100\n", "50\n", "garbage", 50),
                ("100\n", "50\n", &format!("anon 1\n{reclaimable} 10\nactive_file 5\n"), 60),
                ("100\n", "200\n", "", 0),
                ("100\n", "1\n", &format!("{reclaimable} 10\n"), 100),
                ("max\n", "50\n", "", 1000),
                ("-7 or so\n", "50\n", "", 1000),
            ] {
                write(&own.join(limit), text);
                write(&own.join(used), use_);
                write(&own.join("memory.stat"), stat);
                assert_eq!(free(root.path()), Some(left), "{groups} {text} {use_} {stat}");
            }
            // A container sees its own group as the top, and not those outside of it.
            write(&top.join(limit), "5");
            write(&of_process, &groups.replace("/slurm/job 7", "/docker/a:b"));
            assert_eq!(free(root.path()), Some(5));
            write(&of_process, &groups.replace("/slurm/job 7", "/../../other"));
            assert_eq!(free(root.path()), Some(5));
            write(&of_process, "garbage\n:\n\n");
            assert_eq!(free(root.path()), None);
        }
    }
}
