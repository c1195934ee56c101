//! The libraries of libtorch that are loaded, and from where.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Beginnings of the names of libtorch's libraries and of OpenMP's runtimes.
const NAMES: [&str; 5] = ["libtorch", "libc10", "libgomp", "libiomp", "libomp"];

/// The folder of libtorch's libraries, and those of its kind that came from another one.
#[derive(Debug, PartialEq, Eq)]
pub struct Libraries {
    /// The folder of `libtorch_cpu`.
    pub folder: PathBuf,
    /// Libraries from other folders.
    pub foreign: Vec<PathBuf>,
}

impl Libraries {
    /// Those of this process; `None` where the system does not say (Linux does).
    pub fn loaded() -> Option<Self> {
        Self::mapped_in(&std::fs::read_to_string("/proc/self/maps").ok()?)
    }

    /// Those in lines of `/proc/self/maps`: addresses, rights, offset, device, inode, path (proc(5)).
    fn mapped_in(maps: &str) -> Option<Self> {
        let paths = maps.lines().filter_map(|line| Some(Path::new(&line[line.find('/')?..])));
        let is_known = |path: &&Path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.contains(".so") && NAMES.iter().any(|known| name.starts_with(known))
        };
        let paths: BTreeSet<&Path> = paths.filter(is_known).collect();
        let folder = paths.iter().find(|path| path.ends_with("libtorch_cpu.so"))?.parent()?;
        let foreign = paths.iter().filter(|path| path.parent() != Some(folder));
        let foreign = foreign.map(|path| path.to_path_buf()).collect();
        Some(Self { folder: folder.to_owned(), foreign })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_from_elsewhere_are_found() {
        let line = |path: &str| format!("7f00-7f01 r-xp 00000000 fd:00 123    {path}\n");
        let own = ["/a b/lib/libtorch_cpu.so", "/a b/lib/libc10.so", "/a b/lib/libgomp.so.1"];
        let maps: String =
            own.map(line).concat() + &line("/usr/lib/libc.so.6") + "7f-8f rw-p 0 0 0\n";
        let found = Libraries::mapped_in(&maps).unwrap();
        assert_eq!(found, Libraries { folder: "/a b/lib".into(), foreign: Vec::new() });
        let found = Libraries::mapped_in(&(maps + &line("/opt/libgomp.so.1.0.0"))).unwrap();
        assert_eq!(found.foreign, [Path::new("/opt/libgomp.so.1.0.0")]);
        assert_eq!(Libraries::mapped_in(""), None);
        // This process has them all from one folder, whatever LD_LIBRARY_PATH says.
        assert_eq!(Libraries::loaded().unwrap().foreign, Vec::<PathBuf>::new());
    }
}
