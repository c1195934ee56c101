//! Archives of pictures, unpacked into the user's cache.

use super::staging::Staging;
use crate::error::{ensure_or, fault};
use crate::pictures::walk::Walk;
use crate::user_folders;
use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use twox_hash::XxHash3_64;

/// `path` itself if it is a folder; if it is an archive, the folder in the cache that it is
/// unpacked to. An archive that is unchanged since an earlier call is not unpacked again. A single
/// folder at the top of an archive is entered.
///
/// # Errors
/// If there is nothing at `path`, it is neither a folder nor an archive, or it cannot be unpacked.
pub fn unpacked(path: &Path) -> Result<PathBuf> {
    if !path.is_file() {
        return Ok(path.to_owned());
    }
    let Some(kind) = Kind::of(path) else {
        fault!(
            DataSet,
            "expected a folder or an archive (.zip, .tar, .tar.gz, .tgz) at {}, found another file; try `labels` for a CSV",
            path.display()
        );
    };
    let cannot_read = || format!("cannot read {}", path.display());
    let absolute = path.canonicalize().with_context(cannot_read)?;
    let found = absolute.metadata().with_context(cannot_read)?;
    let state = format!("{} {} {}", found.size(), found.mtime(), found.mtime_nsec());
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let hash = |bytes: &[u8]| format!("{:016x}", XxHash3_64::oneshot(bytes));
    let prefix = format!("{stem}-{}", hash(absolute.as_os_str().as_encoded_bytes()));
    let folder = user_folders::cache().join("archives");
    let to = folder.join(format!("{prefix}-{}", hash(state.as_bytes())));
    if !to.is_dir() {
        let staging = Staging::beside(&to)?;
        kind.unpack(&absolute, staging.path())
            .with_context(|| format!("cannot unpack {}", path.display()))?;
        staging.rename_to(&to)?;
        remove_older(&folder, &prefix, &to);
    }
    single_folder(to)
}

/// The formats that can be unpacked.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Zip,
    Tar,
    TarGz,
}

impl Kind {
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        match name {
            name if name.ends_with(".zip") => Some(Self::Zip),
            name if name.ends_with(".tar") => Some(Self::Tar),
            name if name.ends_with(".tar.gz") || name.ends_with(".tgz") => Some(Self::TarGz),
            _ => None,
        }
    }

    fn unpack(self, archive: &Path, to: &Path) -> Result<()> {
        let file = BufReader::new(File::open(archive)?);
        match self {
            Self::Zip => unpack_zip(file, to),
            Self::Tar => unpack_tar(file, to),
            Self::TarGz => unpack_tar(GzDecoder::new(file), to),
        }
    }
}

fn unpack_zip(file: BufReader<File>, to: &Path) -> Result<()> {
    let mut archive = zip::ZipArchive::new(file)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        if entry.is_dir() {
            continue;
        }
        // Some Windows programs write backslashes.
        let name = PathBuf::from(entry.name()?.replace('\\', "/"));
        ensure_or!(DataSet, !entry.is_symlink(), "{}", no_links(&name));
        write(&mut entry, &name, to)?;
    }
    Ok(())
}

fn unpack_tar(file: impl Read, to: &Path) -> Result<()> {
    for entry in tar::Archive::new(file).entries()? {
        let mut entry = entry?;
        let (kind, name) = (entry.header().entry_type(), entry.path()?.into_owned());
        ensure_or!(DataSet, !kind.is_symlink() && !kind.is_hard_link(), "{}", no_links(&name));
        if kind.is_file() {
            write(&mut entry, &name, to)?;
        }
    }
    Ok(())
}

fn no_links(name: &Path) -> String {
    format!(
        "expected files and folders, found the link {}; try unpacking it and its folder as the data set",
        name.display()
    )
}

/// Writes a file of an archive below `to`.
///
/// # Errors
/// If its name leads out of `to`, or it cannot be read or written.
fn write(from: &mut impl Read, name: &Path, to: &Path) -> Result<()> {
    let inside =
        name.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    ensure_or!(
        DataSet,
        inside,
        "expected names inside the archive, found {}; try packing it again",
        name.display()
    );
    let path = to.join(name);
    let mut write = || -> std::io::Result<()> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::io::copy(from, &mut File::create(&path)?).map(drop)
    };
    write().with_context(|| format!("cannot unpack {}", name.display()))
}

/// Removes what an archive of other contents at the same path was unpacked to.
fn remove_older(folder: &Path, prefix: &str, newest: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_older = entry.file_name().to_string_lossy().starts_with(prefix);
        if is_older && entry.path() != newest {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Enters `folder` as long as it has nothing but one folder, hidden entries aside.
fn single_folder(folder: PathBuf) -> Result<PathBuf> {
    let mut folder = folder;
    loop {
        let (folders, files) = Walk::default().entries(&folder)?;
        match &folders[..] {
            [only] if files.is_empty() => folder = only.clone(),
            _ => return Ok(folder),
        }
    }
}
