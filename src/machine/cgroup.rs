//! Memory limits of the process's own control groups, which containers and batch jobs set.

use std::ffi::OsString;
use std::fs::read_to_string;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// The files of one version of control groups.
struct Version {
    /// Name of the file system in `/proc/self/mountinfo`.
    file_system: &'static str,
    limits: &'static [&'static str],
    usage: &'static str,
    /// The key in `memory.stat` of the bytes of the page cache that are free for the taking.
    reclaimable: &'static str,
}

const V1: Version = Version {
    file_system: "cgroup",
    limits: &["memory.limit_in_bytes"],
    usage: "memory.usage_in_bytes",
    reclaimable: "total_inactive_file",
};

const V2: Version = Version {
    file_system: "cgroup2",
    // Above `memory.high` a process is slowed down until it gets by with less.
    limits: &["memory.max", "memory.high"],
    usage: "memory.current",
    reclaimable: "inactive_file",
};

/// Bytes of memory left to the process by the limits of its control groups and all their
/// ancestors, of version 1 and 2. `None` if there is no limit. `root` is the root of the file
/// system: `/`.
pub fn free(root: &Path) -> Option<u64> {
    let groups = read_to_string(root.join("proc/self/cgroup")).ok()?;
    let mounts = read_to_string(root.join("proc/self/mountinfo")).ok()?;
    let mounts = mounts.lines().filter_map(Mount::parse);
    mounts.filter_map(|mount| mount.free(&groups, root)).min()
}

/// A mount of control groups that may limit memory.
struct Mount {
    version: Version,
    /// The group that is mounted: `/`, or a container's own group.
    group: PathBuf,
    point: PathBuf,
}

impl Mount {
    /// A line of `/proc/self/mountinfo`: number, parent, device, mounted part, mount point, options,
    /// any number of fields, `-`, file system, source, options (proc(5)).
    fn parse(line: &str) -> Option<Self> {
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ').skip(3);
        let (group, point) = (unescape(before.next()?), unescape(before.next()?));
        let mut after = after.split(' ');
        let file_system = after.next()?;
        let version = [V1, V2].into_iter().find(|version| version.file_system == file_system)?;
        let has_memory =
            after.nth(1).is_some_and(|options| options.split(',').any(|o| o == "memory"));
        (file_system == V2.file_system || has_memory).then_some(Self { version, group, point })
    }

    /// The least that any group from the process's own to the mounted one leaves.
    fn free(&self, groups: &str, root: &Path) -> Option<u64> {
        let own = groups.lines().find_map(|line| self.own_group(line))?;
        // A path outside of the mounted part is not visible here; the mounted group is then the
        // nearest one that is.
        let inside = own.strip_prefix(&self.group).ok();
        let inside = inside.filter(|path| !path.starts_with("..")).unwrap_or(Path::new(""));
        let point = root.join(self.point.strip_prefix("/").ok()?);
        inside.ancestors().filter_map(|group| self.free_in(&point.join(group))).min()
    }

    /// The group of this version in a line of `/proc/self/cgroup`: `4:memory:/job`, or `0::/job`.
    fn own_group(&self, line: &str) -> Option<PathBuf> {
        let mut fields = line.splitn(3, ':').skip(1);
        let (controllers, path) = (fields.next()?, fields.next()?);
        let is_ours = match self.version.file_system {
            "cgroup" => controllers.split(',').any(|controller| controller == "memory"),
            _ => controllers.is_empty(),
        };
        is_ours.then(|| path.into())
    }

    fn free_in(&self, group: &Path) -> Option<u64> {
        let number = |file: &&str| read_to_string(group.join(file)).ok()?.trim().parse().ok();
        let limit: u64 = self.version.limits.iter().filter_map(number).min()?;
        let used: u64 = number(&self.version.usage).unwrap_or(0);
        let reclaimable = read_to_string(group.join("memory.stat")).ok();
        let reclaimable = reclaimable.and_then(|text| value(&text, self.version.reclaimable));
        Some(limit.saturating_sub(used.saturating_sub(reclaimable.unwrap_or(0))))
    }
}

/// The value of `key` in lines of keys and values.
fn value(text: &str, key: &str) -> Option<u64> {
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    pairs.into_iter().find(|(name, _)| *name == key)?.1.trim().parse().ok()
}

/// A path of mountinfo, where blanks and backslashes are three octal digits: `\040`.
fn unescape(text: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code.filter(|_| byte == b'\\') {
            Some(code) => {
                bytes.push(code);
                rest = &after[3..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;
    const V1_MOUNT: &str = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
    const V2_MOUNT: &str = "30 25 0:27 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n";

    /// What [`free`] finds in a file system of these files.
    fn free_in(groups: &str, mounts: &str, files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        let own = [("proc/self/cgroup", groups), ("proc/self/mountinfo", mounts)];
        for (name, text) in own.iter().chain(files) {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        free(root.path())
    }

    #[test]
    fn the_limit_of_the_own_group_of_version_2_counts() {
        let job = |max, current, stat| {
            let files = [
                ("sys/fs/cgroup/slurm/job 7/memory.max", max),
                ("sys/fs/cgroup/slurm/job 7/memory.current", current),
                ("sys/fs/cgroup/slurm/job 7/memory.stat", stat),
                ("sys/fs/cgroup/slurm/memory.max", "1048576000\n"),
                ("sys/fs/cgroup/slurm/memory.current", "0\n"),
            ];
            free_in("0::/slurm/job 7\n", V2_MOUNT, &files)
        };
        let stat = "anon 1\ninactive_file 10485760\nactive_file 5\n";
        assert_eq!(job("104857600\n", "52428800\n", stat), Some(60 * MIB));
        assert_eq!(job("104857600\n", "52428800\n", "garbage"), Some(50 * MIB));
        assert_eq!(job("104857600\n", "", ""), Some(100 * MIB));
        // More in use than allowed; more reclaimable than used.
        assert_eq!(job("104857600\n", "209715200\n", ""), Some(0));
        assert_eq!(job("104857600\n", "1\n", stat), Some(100 * MIB));
        // An ancestor's limit.
        assert_eq!(job("max\n", "52428800\n", stat), Some(1000 * MIB));
        assert_eq!(job("-7 or so\n", "52428800\n", stat), Some(1000 * MIB));
        let high = [("sys/fs/cgroup/memory.high", "3145728"), ("sys/fs/cgroup/memory.max", "max")];
        assert_eq!(free_in("0::/\n", V2_MOUNT, &high), Some(3 * MIB));
    }

    #[test]
    fn the_limit_of_the_own_group_of_version_1_counts() {
        let groups = "9:name=systemd:/\n5:cpu,memory:/docker/a:b\n0::/\n";
        let files = |group: &str| {
            let at = |name: &str| format!("sys/fs/cgroup/memory{group}/memory.{name}");
            [
                (at("limit_in_bytes"), "104857600\n"),
                (at("usage_in_bytes"), "52428800\n"),
                (at("stat"), "inactive_file 1\ntotal_inactive_file 1048576\n"),
            ]
        };
        let found = |mounts: &str, group: &str| {
            let files = files(group);
            let files: Vec<(&str, &str)> =
                files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
            free_in(groups, mounts, &files)
        };
        assert_eq!(found(V1_MOUNT, "/docker/a:b"), Some(51 * MIB));
        // The limit of a parent.
        assert_eq!(found(V1_MOUNT, "/docker"), Some(51 * MIB));
        // A container sees its own group as the root of the mount.
        let own = V1_MOUNT.replace(" / ", " /docker/a:b ");
        assert_eq!(found(&own, ""), Some(51 * MIB));
        // A mount of another container's group: at least what is seen there.
        let other = V1_MOUNT.replace(" / ", " /docker/other ");
        assert_eq!(found(&other, ""), Some(51 * MIB));
        // Version 2 beside it, without memory.
        assert_eq!(found(&format!("{V1_MOUNT}{V2_MOUNT}"), "/docker/a:b"), Some(51 * MIB));
        // Controllers other than memory.
        assert_eq!(found(&V1_MOUNT.replace("rw,memory", "rw,cpuset"), "/docker/a:b"), None);
    }

    #[test]
    fn without_limits_there_is_none() {
        assert_eq!(free(Path::new("/nowhere")), None);
        assert_eq!(free_in("0::/\n", V2_MOUNT, &[]), None);
        assert_eq!(free_in("", V2_MOUNT, &[("sys/fs/cgroup/memory.max", "1")]), None);
        assert_eq!(free_in("garbage\n:\n\n", "garbage\n - \na b c d e - cgroup\n", &[]), None);
        // The process is outside of its namespace's root.
        let files = [("sys/fs/cgroup/memory.max", "5"), ("sys/memory.max", "1")];
        assert_eq!(free_in("0::/../../other\n", V2_MOUNT, &files), Some(5));
    }

    #[test]
    fn mount_points_are_unescaped() {
        assert_eq!(unescape(r"/a\040b\134c"), Path::new(r"/a b\c"));
        assert_eq!(unescape(r"/\9\04"), Path::new(r"/\9\04"));
        let mount = V2_MOUNT.replace("/sys/fs/cgroup", r"/my\040groups");
        assert_eq!(free_in("0::/\n", &mount, &[("my groups/memory.max", "5")]), Some(5));
    }
}
