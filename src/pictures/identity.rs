//! What tells files apart.

use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What a file is known by. Device and inode tell only files of several names apart: on some union and
/// network mounts, different files have the same inode.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    /// The path without links.
    Path(PathBuf),
    /// Device, inode, size and time of modification.
    Node(u64, u64, u64, (i64, i64)),
}

/// The identities of files.
#[derive(Debug, Default)]
pub struct Identities {
    /// The folders of files so far, with their paths without links: looked up once for each folder, not
    /// for each file.
    folders: HashMap<PathBuf, PathBuf>,
}

impl Identities {
    /// The identity of the file at `path`, of which `found` is known; of a missing one, its path.
    pub fn of(&mut self, path: &Path, found: Option<&Metadata>) -> Identity {
        let Some(found) = found else { return Identity::Path(path.to_owned()) };
        if found.nlink() > 1 && found.ino() != 0 {
            let modified = (found.mtime(), found.mtime_nsec());
            return Identity::Node(found.dev(), found.ino(), found.size(), modified);
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Identity::Path(real(path));
        };
        if path.is_symlink() {
            return Identity::Path(real(path));
        }
        let folder = self.folders.entry(folder.to_owned()).or_insert_with(|| {
            let is_here = folder.as_os_str().is_empty();
            real(if is_here { Path::new(".") } else { folder })
        });
        Identity::Path(folder.join(name))
    }
}

/// The path without links; the path itself if there is nothing.
pub(super) fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// On some union and network mounts, all files have one inode.
    #[test]
    fn files_of_one_inode_are_one_only_if_it_has_several_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        ["a.jpg", "b.jpg"].iter().for_each(|name| std::fs::write(at(name), "1").unwrap());
        symlink("a.jpg", at("link.jpg")).unwrap();
        symlink(".", at("inside")).unwrap();
        let mut identities = Identities::default();
        let found = at("a.jpg").metadata().unwrap();
        let first = identities.of(&at("a.jpg"), Some(&found));
        assert_ne!(identities.of(&at("b.jpg"), Some(&found)), first);
        assert_eq!(identities.of(&at("link.jpg"), Some(&found)), first);
        assert_eq!(identities.of(&at("inside/a.jpg"), Some(&found)), first);
        std::fs::hard_link(at("a.jpg"), at("c.jpg")).unwrap();
        let found = at("a.jpg").metadata().unwrap();
        assert_eq!(
            identities.of(&at("a.jpg"), Some(&found)),
            identities.of(&at("c.jpg"), Some(&found))
        );
    }
}
